import importlib.util
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "federation.schema.json").read_text("utf-8"))
SHIPPED = yaml.safe_load((ROOT / "federation.yaml").read_text("utf-8"))


def test_published_schema_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("federation_schema", ROOT / "scripts" / "federation_schema.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    assert (ROOT / "federation.schema.json").read_text("utf-8") == script.schema_text(), (
        "run python scripts/federation_schema.py"
    )


def test_shipped_world_fits_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(SHIPPED)


def test_shipped_world_names_its_schema_for_editors() -> None:
    first = (ROOT / "federation.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=federation.schema.json"


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("idps", "know_roles", True),
        ("idps", "maximum_level", "Betydelig"),
        ("authorities", "cvr", 91000013),
        ("people", "cpr", "0101018884"),
        ("systems", "name_id_format", "persistent"),
    ],
)
def test_schema_refuses_what_the_loader_refuses(kind: str, key: str, value: Any) -> None:
    world = deepcopy(SHIPPED)
    world[kind][0][key] = value

    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(world)


def test_store_only_keys_are_not_published() -> None:
    assert "simulated" not in json.dumps(SCHEMA["$defs"]["SystemDocument"]["properties"])
