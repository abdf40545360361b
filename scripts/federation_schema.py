"""Write federation.schema.json from the documents of federation/: `python scripts/federation_schema.py`.

tests/federation/test_schema.py fails while the file is stale.
"""

import json
from pathlib import Path

from federation.documents import WorldDocument

SCHEMA_FILE = Path(__file__).parent.parent / "federation.schema.json"


def schema_text() -> str:
    """Give the JSON Schema of federation.yaml."""
    schema = WorldDocument.model_json_schema()
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "federation.yaml",
        "description": WorldDocument.__doc__,
    }
    body = {key: value for key, value in schema.items() if key not in head}
    return json.dumps(head | body, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_text(), "utf-8")
