"""Every mutant of a module: mutmut's operators on each node inside a function, one at a time.

Not mutated, since no test should hold it: annotations, decorators, and the wording for engineers (f-strings, the detail of an exception or
breach). The code of a refusal is mutated; its explanation is not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

_LOGIC_OF: Final = {"SamlError": {0}, "Breach": {1}, "Dropped": {1}, "Problem": {0}, "_error": {0}, "_too_low": {0, 1}}
"""Calls that explain something to an engineer, and which of their arguments are more than wording."""
_WORDING: Final = frozenset(
    {*_LOGIC_OF, "UpstreamRefusal", "NotBase64", "ValueError", "TypeError", "RuntimeError", "_CannotRestrictError"}
)


@dataclass(frozen=True)
class Mutant:
    """One changed module."""

    module: str
    """Its path from the root of the repository."""
    key: str
    """Function, the line as it was and as it is: stays the same when other lines move."""
    source: str


def mutants_of(path: Path, root: Path) -> Iterator[Mutant]:
    """Give every mutant of the module at `path`, in the order of the source."""
    source = path.read_text("utf-8")
    module = cst.parse_module(source)
    finder = _Finder()
    module.visit(finder)
    seen: dict[str, int] = {}
    for function, old, new in finder.found:
        mutated = module.deep_replace(old, new)
        if not isinstance(mutated, cst.Module):
            continue
        changed = mutated.code
        if changed == source or not _compiles(changed):
            continue
        key = f"{function}: {_changed_lines(source, changed)}"
        seen[key] = seen.get(key, 0) + 1
        yield Mutant(path.relative_to(root).as_posix(), key if seen[key] == 1 else f"{key} ({seen[key]})", changed)


class _Finder(cst.CSTVisitor):
    """Walks a module and notes each node that an operator changes, with the function it stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []
        self._names: list[str] = []
        self._functions = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.FormattedString):
            return False
        if isinstance(node, cst.ClassDef | cst.FunctionDef):
            self._names.append(node.name.value)
            self._functions += isinstance(node, cst.FunctionDef)
        elif self._functions:
            return self._mutate(node)
        return True

    def _mutate(self, node: cst.CSTNode) -> bool:
        """Note what the operators make of a node; tell whether to look at what it holds."""
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _WORDING:
            logic = _LOGIC_OF.get(node.func.value, set())
            for place, argument in enumerate(node.args):
                if argument.keyword.value == "refusal_key" if argument.keyword else place in logic:
                    argument.value.visit(self)
            return False
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found += [(".".join(self._names), node, changed) for changed in operator(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.ClassDef | cst.FunctionDef):
            self._names.pop()
            self._functions -= isinstance(original_node, cst.FunctionDef)


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _changed_lines(before: str, after: str) -> str:
    """Give the lines from the first that differs to the last, as they were and as they are."""
    was, now = before.splitlines(), after.splitlines()
    while was and now and was[0] == now[0]:
        del was[0], now[0]
    while was and now and was[-1] == now[-1]:
        del was[-1], now[-1]
    return " -> ".join(" ".join(line.strip() for line in lines) for lines in (was, now))
