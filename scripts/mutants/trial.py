"""One mutant put to the tests, in a process of its own.

Quick: a process that has collected the tests forks, and the child runs them with the changed function's code in place of the right one,
those first that have found most mutants. Again: the child also executes the changed module once more in its own namespace, so that what it
makes at import is made by the mutant; only where the tests pass after that is done with the module as it is. Whole: a fresh interpreter
imports the changed module in place of the right one. A mutant that a quicker way lets live is tried the whole way before it survives.
"""

import gc
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

import pytest

from scripts.mutants.mutations import Mutant

CPU_SECONDS: Final = 60
"""Of the processor, after which a mutant counts as killed: it goes round for ever, and the tests would. A busy machine kills nothing."""

WALL_SECONDS: Final = 1200
"""After which a mutant counts as killed that waits for ever: far more than the tests take on the busiest machine."""

_ARGUMENTS: Final = (
    "-x",
    "-q",
    "-s",
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
        self._path, self._tests, self._root = str(root / module), tests, root
        self._name = module
        self._functions: list[FunctionType] = []
        self._items: list[pytest.Item] = []
        self._found: Counter[str] = Counter()
        self._done_at_import: set[str] = set()
        self._failed = ""
        self._work: Callable[[], None] = lambda: None

    def run(self, work: Callable[[], None]) -> None:
        """Collect the tests and call `work`, which may then ask whether mutants survive.

        Raises:
            SystemExit: if they cannot be collected, or fail without any mutant: before, or after, in the order that they then have.
        """
        self._work = work
        if pytest.main([*_ARGUMENTS, *self._tests], plugins=[self]) != pytest.ExitCode.OK:
            raise SystemExit(f"{self._name}: its tests fail without any mutant: {' '.join(self._tests)}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take pytest's own place: the tests are run once for each mutant, in a child each time."""
        if session.testsfailed:
            raise session.Interrupted("not collected")
        gc.collect()
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        self._functions = [each for each in functions if each.__code__.co_filename == self._path]
        self._items = list(session.items)
        self._expect_success()
        self._work()
        self._expect_success()
        return True

    def survives(self, mutant: Mutant, *, quickly: bool = True) -> bool:
        """Tell whether all the tests pass with the mutant in the module's place; `quickly`, if the quick way shall be tried first."""
        changed = {code.co_qualname: code for code in _codes(compile(mutant.source, self._path, "exec"))}
        swaps = [
            (function, changed[function.__code__.co_qualname])
            for function in self._functions
            if function.__code__ != changed.get(function.__code__.co_qualname, function.__code__)
        ]
        function = mutant.key.partition(":")[0]
        if quickly and swaps and function not in self._done_at_import and not self._passes(lambda: _swap(swaps)):
            return False
        if quickly and self._can_do_it_again and not self._passes(lambda: self._do_again(mutant.source, swaps)):
            self._done_at_import.add(function)
            return False
        return _survives_whole(mutant, self._tests, self._root)

    @cached_property
    def _can_do_it_again(self) -> bool:
        source = Path(self._path).read_text("utf-8")
        return self._passes(lambda: self._do_again(source, ()))

    def _do_again(self, source: str, swaps: Sequence[tuple[FunctionType, CodeType]]) -> None:
        """Execute the module once more; who imported a function of it before has that one, with the changed code."""
        module = sys.modules[self._name.removesuffix(".py").replace("/", ".")]
        exec(compile(source, self._path, "exec"), module.__dict__)  # noqa: S102 - a mutant of our own module, in a child
        _swap(swaps)

    def _expect_success(self) -> None:
        if not self._passes(lambda: None):
            raise RuntimeError(f"{self._failed or 'a test'} fails without any mutant")

    def _passes(self, change: Callable[[], None]) -> bool:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(self._run(change, writing))
        os.close(writing)
        with os.fdopen(reading) as told:
            failed = told.read()
        _, status = os.waitpid(child, 0)
        self._failed = failed
        if failed:
            self._found[failed] += 1
            self._items.sort(key=lambda item: -self._found[item.nodeid])
        return os.waitstatus_to_exitcode(status) == pytest.ExitCode.OK

    def _run(self, change: Callable[[], None], writing: int) -> int:
        """Run the tests until one fails, and write which; nothing else that they say is kept."""
        _limit_time()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            change()
            for item, following in zip(self._items, [*self._items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if item.session.testsfailed:
                    os.write(writing, item.nodeid.encode())
                    return int(pytest.ExitCode.TESTS_FAILED)
        except BaseException:  # noqa: BLE001 - whatever a mutant does, it is no survivor
            return int(pytest.ExitCode.INTERNAL_ERROR)
        return int(pytest.ExitCode.OK)


def _swap(swaps: Sequence[tuple[FunctionType, CodeType]]) -> None:
    for function, code in swaps:
        function.__code__ = code


def _limit_time() -> None:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    signal.alarm(WALL_SECONDS)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Give the code of every function and class body, however deep."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)


def _survives_whole(mutant: Mutant, tests: Sequence[str], root: Path) -> bool:
    # The first file is the likeliest to see it, and alone it is soon collected.
    return all(_passes_whole(mutant, some, root) for some in (tests[:1], tests[1:]) if some)


def _passes_whole(mutant: Mutant, tests: Sequence[str], root: Path) -> bool:
    command = [sys.executable, "-m", "scripts.mutants.trial", mutant.module, *tests]
    try:
        done = subprocess.run(
            command, cwd=root, input=mutant.source.encode(), capture_output=True, timeout=WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == pytest.ExitCode.OK


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
    _limit_time()
    sys.meta_path.insert(0, _Mutated(sys.argv[1], sys.stdin.buffer.read()))
    sys.exit(pytest.main([*_ARGUMENTS, *sys.argv[2:]]))
