"""Write the table of docs/settings.md anew: `make docs`. A test fails while it is stale."""

import sys
from pathlib import Path

from nsis_sim.settings import settings_table

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"


def main() -> int:
    """Replace the table, and leave the words round it."""
    lines = PAGE.read_text("utf-8").splitlines(keepends=True)
    words = [line for line in lines if not line.startswith("|")]
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    PAGE.write_text("".join([*words[:first], settings_table(), *words[first:]]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
