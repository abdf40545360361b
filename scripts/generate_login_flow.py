"""Write docs/login-flow.md from the steps of the story: code, events and document use the same words."""

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import context_handler.answering_queries
import context_handler.login
from context_handler.visit import STEPS, Step

DOCUMENT = Path(__file__).parent.parent / "docs" / "login-flow.md"

INTRODUCTION = """\
# The story of a brokered login

Generated from the calls in `context_handler/login.py` by `make docs`. Each step writes one event under its own name. A refusal of a step
is laid at the door of the party in the last column.
"""


QUERIES = """
# A system asks for its users' rights

Generated from the calls in `context_handler/answering_queries.py`: a signed query over SOAP, of a system that is registered to ask.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One function of a story, and what it calls: steps, and other parts by their names."""

    name: str
    sentence: str
    calls: tuple[Step | str, ...]


def parts_of(story: ModuleType) -> Sequence[Part]:
    """Give the parts of a story in its order: every function that is no step itself and calls one, or calls another part."""
    functions = [
        node
        for node in ast.parse(inspect.getsource(story)).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    steps = {step.name: step for step in STEPS}
    calls = {
        function.name: tuple(dict.fromkeys(_calls(function))) for function in functions if function.name not in steps
    }
    told: set[str] = set()
    while grown := {name for name, called in calls.items() if told.union(steps).intersection(called)} - told:
        told |= grown
    return [
        Part(
            function.name,
            (ast.get_docstring(function) or "").partition("\n")[0],
            tuple(steps.get(name, name) for name in calls[function.name] if name in steps or name in told),
        )
        for function in functions
        if function.name in told
    ]


def steps_of(story: ModuleType, part: str) -> Sequence[Step]:
    """Give the steps of one part with those of the parts it calls in their places."""
    by_name = {each.name: each for each in parts_of(story)}

    def expanded(name: str) -> Iterator[Step]:
        for call in by_name[name].calls:
            if isinstance(call, Step):
                yield call
            elif call in by_name:
                yield from expanded(call)

    return list(expanded(part))


def story_document(introduction: str, story: ModuleType) -> str:
    """Give a document with one table for each part."""
    return introduction + "".join(_section(part) for part in parts_of(story))


def login_flow() -> str:
    """Give the document."""
    return story_document(INTRODUCTION, context_handler.login) + story_document(
        QUERIES, context_handler.answering_queries
    )


def _section(part: Part) -> str:
    rows = [
        f"| {number} | `{call.name}` | {call.sentence} | {call.party.value} |\n"
        if isinstance(call, Step)
        else f"| {number} | → `{call}` | as below | |\n"
        for number, call in enumerate(part.calls, 1)
    ]
    head = "| # | step | what holds when it is done | party |\n| --- | --- | --- | --- |\n"
    return f"\n## `{part.name}`\n\n{part.sentence}\n\n{head}{''.join(rows)}"


def _calls(function: ast.AST) -> Iterator[str]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        assert isinstance(call.func, ast.Name)
        yield call.func.id


if __name__ == "__main__":
    DOCUMENT.write_text(login_flow(), encoding="utf-8")
