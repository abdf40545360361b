"""One mutant put to the tests, in a process of its own that has everything loaded but the project."""

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from scripts.mutants.mutations import Mutant
from tests.conftest import make_member

TIMEOUT: Final = 90
"""Seconds after which a mutant counts as killed: it hangs, and the tests would."""

_ARGUMENTS: Final = (
    "-x",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
"""The warning is of what is loaded before: none of that asserts anything."""

_LOADED_BEFORE: Final = (
    "lxml.etree",
    "cryptography.x509",
    "hypothesis",
    "xmlsec",
    "sqlalchemy",
    "starlette.applications",
    "jinja2",
    "yaml",
)

_MEMBERS: Final = ("idp", "broker", "system", "service", "other-idp", "stranger")
"""Whose keys most tests use: making them costs more than most tests."""


def load_what_never_changes() -> None:
    """Import once what every trial needs and no mutant touches; each trial is forked from here."""
    for name in _LOADED_BEFORE:
        importlib.import_module(name)
    for name in _MEMBERS:
        make_member(name)


def survives(mutant: Mutant, tests: Sequence[str], root: Path) -> bool:
    """Tell whether all the tests pass with the mutant in the module's place."""
    child = os.fork()
    if child == 0:
        os._exit(_try(mutant, tests, root))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == pytest.ExitCode.OK


def _try(mutant: Mutant, tests: Sequence[str], root: Path) -> int:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(TIMEOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.meta_path.insert(0, _Mutated(mutant, root))
    try:
        return int(pytest.main([*_ARGUMENTS, *tests]))
    except BaseException:  # noqa: BLE001 - whatever a mutant does, it is no survivor
        return int(pytest.ExitCode.INTERNAL_ERROR)


class _Mutated(MetaPathFinder, SourceLoader):
    """Gives the mutant whenever its module is imported."""

    def __init__(self, mutant: Mutant, root: Path) -> None:
        self._source = mutant.source.encode()
        self._path = str(root / mutant.module)
        self._name = mutant.module.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, _: object, __: ModuleType | None = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self, origin=self._path) if fullname == self._name else None

    def get_data(self, _: str | bytes) -> bytes:
        return self._source

    def get_filename(self, _: str) -> str:
        return self._path

    def path_stats(self, _: str | bytes) -> dict[str, object]:
        raise OSError("a mutant has no compiled form that anybody keeps")
