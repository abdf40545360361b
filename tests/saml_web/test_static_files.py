import hashlib
import re
from pathlib import Path

import pytest

from saml_web.static_files import static_names, static_url, static_version
from saml_web.xml_view import stylesheet

STATIC = Path("saml_web/static").resolve()
MANIFEST = STATIC / "dkfds" / "manifest.sha256"
MAX_BYTES = 700 * 1024


def manifest() -> dict[str, str]:
    lines = MANIFEST.read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_vendored_files_are_those_of_the_manifest() -> None:
    root = MANIFEST.parent
    files = [path for path in root.rglob("*") if path.is_file() and path != MANIFEST]
    assert {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    } == manifest()


def test_licence_texts_ship_along() -> None:
    assert {"LICENSE.txt", "fonts/IBMPlexSans/OFL.txt", "img/Apache-2.0.txt"} <= manifest().keys()


def test_stylesheets_name_only_files_that_are_there() -> None:
    for sheet in STATIC.rglob("*.css"):
        for name in re.findall(r"url\(([^)]*)\)", sheet.read_text("utf-8")):
            assert (sheet.parent / name).resolve().is_file(), f"{sheet.name}: {name}"


def test_no_brand_and_no_foreign_host_is_vendored() -> None:
    for path in STATIC.rglob("*"):
        assert not re.search("borgerdk|virk|logo", path.name, re.IGNORECASE)
        if path.suffix in {".css", ".js"}:
            assert not re.search(r"https?://|@import", path.read_text("utf-8"))


def test_static_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < MAX_BYTES


def test_colours_of_the_xml_view_are_fresh() -> None:
    assert (STATIC / "xml.css").read_text("utf-8") == stylesheet()


def test_url_holds_the_version_and_the_base_path() -> None:
    assert static_url("simulator.css", prefix="/ch") == f"/ch/_sim/static/{static_version()}/simulator.css"


def test_refuses_the_url_of_a_file_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        static_url("../pages.py")


def test_serves_no_python() -> None:
    assert all(name.endswith((".css", ".js", ".svg", ".woff2", ".txt")) for name in static_names())
