"""Write docs/login-flow.md from the steps of the story: code, events and document use the same words."""

import ast
import inspect
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import context_handler.answering_queries
import context_handler.login
from context_handler.visit import STEPS, Step

DOCUMENT = Path(__file__).parent.parent / "docs" / "login-flow.md"

INTRODUCTION = """\
# The story of a brokered login

Generated from the calls in `context_handler/login.py` by `make docs`. Each step writes one event under its own name.

| # | step | what holds when it is done | a refusal is laid at the door of |
| --- | --- | --- | --- |
"""


QUERIES = """
## A system asks for its users' rights

From the calls in `context_handler/answering_queries.py`: a signed query over SOAP, of a system that is registered to ask.

| # | step | what holds when it is done | a refusal is laid at the door of |
| --- | --- | --- | --- |
"""


def steps_of(story: ModuleType) -> Sequence[Step]:
    """Give the steps that a story calls, in the order of its calls, each once."""
    by_name = {step.name: step for step in STEPS}
    called = (node for node in ast.walk(ast.parse(inspect.getsource(story))) if isinstance(node, ast.Call))
    in_order = sorted(called, key=lambda node: (node.lineno, node.col_offset))
    names = [node.func.id for node in in_order if isinstance(node.func, ast.Name) and node.func.id in by_name]
    return [by_name[name] for name in dict.fromkeys(names)]


def step_rows(steps: Sequence[Step]) -> str:
    """Give the rows of a table of steps."""
    return "".join(
        f"| {number} | `{step.name}` | {step.sentence} | {step.party.value} |\n" for number, step in enumerate(steps, 1)
    )


def login_flow() -> str:
    """Give the document."""
    return (
        INTRODUCTION
        + step_rows(steps_of(context_handler.login))
        + QUERIES
        + step_rows(steps_of(context_handler.answering_queries))
    )


if __name__ == "__main__":
    DOCUMENT.write_text(login_flow(), encoding="utf-8")
