"""Bring the Danish catalogues in step with the templates: `python scripts/messages.py [package …]`.

New texts get an empty translation to be filled in, texts no template uses any more are dropped. A text that the
shared catalogue in saml_web already holds is not repeated in a house's own. tests/saml_web/test_messages.py fails
while anything is missing or stale.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).parent.parent
SHARED = "saml_web"
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "extensions": "jinja2.ext.do", "silent": "false"}
_KEYWORDS = ("_", "gettext", "ngettext")


def packages() -> list[str]:
    """Give the packages that have templates."""
    return sorted(path.parent.name for path in ROOT.glob("*/templates") if (path.parent / "__init__.py").is_file())


def catalog_path(package: str) -> Path:
    """Give where the Danish texts of `package` stand."""
    return ROOT / package / "locale" / "da" / "LC_MESSAGES" / "messages.po"


def read_catalog(package: str) -> Catalog:
    """Give the Danish texts of `package`; empty where there is no file yet."""
    path = catalog_path(package)
    if not path.is_file():
        return Catalog(locale="da", project=package)
    with path.open("rb") as source:
        return read_po(source, locale="da", abort_invalid=True)


def texts(catalog: Catalog) -> set[str]:
    """Give the message ids of `catalog`."""
    return {message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id}


def used(package: str) -> dict[str | tuple[str, ...], list[tuple[str, int]]]:
    """Give every text in the templates of `package`, with where it stands."""
    found: dict[str | tuple[str, ...], list[tuple[str, int]]] = {}
    for template in sorted((ROOT / package / "templates").rglob("*.html")):
        for line, text in _extract(template):
            found.setdefault(text, []).append((template.relative_to(ROOT / package).as_posix(), line))
    return found


def _extract(template: Path) -> Iterator[tuple[int, str | tuple[str, ...]]]:
    with template.open("rb") as source:
        for line, _function, text, _comments in babel_extract(source, _KEYWORDS, (), _OPTIONS):
            parts = tuple(part for part in text if part) if isinstance(text, tuple) else (text,)
            yield line, parts if len(parts) > 1 else parts[0]


def update(package: str) -> int:
    """Rewrite the catalogue of `package`; give how many texts lack a translation."""
    old = read_catalog(package)
    shared = set() if package == SHARED else texts(read_catalog(SHARED))
    new = Catalog(locale="da", project=package, fuzzy=False)
    for text, places in used(package).items():
        key = text if isinstance(text, str) else text[0]
        if key in shared:
            continue
        known = old.get(key)
        new.add(text, known.string if known else None, locations=[(name, line) for name, line in places])
    written = BytesIO()
    # Only file names: line numbers would change the catalogue with every edit of a template.
    write_po(written, new, width=120, include_lineno=False, sort_output=True, ignore_obsolete=True)
    path = catalog_path(package)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_without_dates(written.getvalue().decode("utf-8")), "utf-8")
    return sum(1 for message in new if message.id and not message.string)


def _without_dates(po_text: str) -> str:
    dropped = ('"POT-', '"PO-', '"Report-', '"Last-', '"Language-Team', '"Generated', '"Project', "# ", "#\n")
    return "".join(line for line in po_text.splitlines(keepends=True) if not line.startswith(dropped))


def main(names: list[str]) -> int:
    """Update the named packages, or all."""
    for package in names or packages():
        print(f"{package}: {update(package)} without translation")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
