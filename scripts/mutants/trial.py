"""One mutant put to the tests, in a process of its own.

Quick: a process that has collected the tests forks, and the child runs them with the changed function's code in place of the right one.
Whole: a fresh interpreter imports the changed module in place of the right one, so that what is made at import is made by the mutant.
A mutant that the quick way lets live is tried the whole way before it counts as a survivor.
"""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

import pytest

from scripts.mutants.mutations import Mutant

TIMEOUT: Final = 120
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


class Bench:
    """The tests of one module, collected, and the functions of the module as they are."""

    def __init__(self, module: str, tests: Sequence[str], root: Path) -> None:
        """Collect the tests.

        Raises:
            SystemExit: if they cannot be collected, or fail without any mutant.
        """
        self._path, self._tests, self._root = str(root / module), tests, root
        with _silence():
            collected = pytest.main([*_ARGUMENTS, "--collect-only", *tests])
        gc.collect()
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        self._functions = [each for each in functions if each.__code__.co_filename == self._path]
        if collected != pytest.ExitCode.OK or not self._passes(()):
            raise SystemExit(f"{module}: its tests fail without any mutant: {' '.join(tests)}")

    def survives(self, mutant: Mutant) -> bool:
        """Tell whether all the tests pass with the mutant in the module's place."""
        changed = {code.co_qualname: code for code in _codes(compile(mutant.source, self._path, "exec"))}
        swaps = [
            (function, changed[function.__code__.co_qualname])
            for function in self._functions
            if function.__code__ != changed.get(function.__code__.co_qualname, function.__code__)
        ]
        if swaps and not self._passes(swaps):
            return False
        return _survives_whole(mutant, self._tests, self._root)

    def _passes(self, swaps: Sequence[tuple[FunctionType, CodeType]]) -> bool:
        child = os.fork()
        if child == 0:
            os._exit(self._run(swaps))
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == pytest.ExitCode.OK

    def _run(self, swaps: Sequence[tuple[FunctionType, CodeType]]) -> int:
        signal.alarm(TIMEOUT)
        try:
            for function, code in swaps:
                function.__code__ = code
            with _silence():
                return int(pytest.main([*_ARGUMENTS, *self._tests]))
        except BaseException:  # noqa: BLE001 - whatever a mutant does, it is no survivor
            return int(pytest.ExitCode.INTERNAL_ERROR)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Give the code of every function and class body, however deep."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _survives_whole(mutant: Mutant, tests: Sequence[str], root: Path) -> bool:
    command = [sys.executable, "-m", "scripts.mutants.trial", mutant.module, *tests]
    try:
        done = subprocess.run(
            command, cwd=root, input=mutant.source.encode(), capture_output=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == pytest.ExitCode.OK


class _silence:  # noqa: N801 - reads as what it does
    """What tests print goes nowhere."""

    def __enter__(self) -> None:
        self._kept = os.dup(1), os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def __exit__(self, *_: object) -> None:
        for place, kept in zip((1, 2), self._kept, strict=True):
            os.dup2(kept, place)
            os.close(kept)


class _Mutated(MetaPathFinder, SourceLoader):
    """Gives the mutant whenever its module is imported."""

    def __init__(self, module: str, source: bytes) -> None:
        self._source = source
        self._path = str(Path(module).resolve())
        self._name = module.removesuffix(".py").replace("/", ".")

    def find_spec(self, fullname: str, _: object, __: ModuleType | None = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self, origin=self._path) if fullname == self._name else None

    def get_data(self, _: str | bytes) -> bytes:
        return self._source

    def get_filename(self, _: str) -> str:
        return self._path

    def path_stats(self, _: str | bytes) -> dict[str, object]:
        raise OSError("a mutant has no compiled form that anybody keeps")


if __name__ == "__main__":
    sys.meta_path.insert(0, _Mutated(sys.argv[1], sys.stdin.buffer.read()))
    sys.exit(pytest.main([*_ARGUMENTS, *sys.argv[2:]]))
