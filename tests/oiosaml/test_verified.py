"""Trust is a type, and two modules only can make it."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKERS = {"oiosaml/xml/verify.py", "oiosaml/bindings/redirect.py"}
PACKAGES = (
    "oiosaml",
    "federation",
    "saml_web",
    "context_handler",
    "idp_mock",
    "attribute_service",
    "sp_demo",
    "nsis_sim",
)


def test_only_the_verifiers_construct_verified() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split("[")[0].split(".")[-1] == "Verified"
    }
    assert found == MAKERS


def test_only_one_module_builds_a_parser() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "oiosaml").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"XMLParser", "fromstring", "XML"}
    }
    assert found == {"oiosaml/xml/parse.py"}
