"""Write docs/login-flow.md from the steps of the story: code, events and document use the same words."""

from pathlib import Path

import context_handler.login  # noqa: F401 - importing it announces the steps
from context_handler.visit import STEPS

DOCUMENT = Path(__file__).parent.parent / "docs" / "login-flow.md"

INTRODUCTION = """\
# The story of a brokered login

Generated from `context_handler/login.py` by `make docs`. Each step writes one event under its own name.

| # | step | what holds when it is done | a refusal is laid at the door of |
| --- | --- | --- | --- |
"""


def login_flow() -> str:
    """Give the document."""
    rows = [
        f"| {number} | `{step.name}` | {step.sentence} | {step.party.value} |\n" for number, step in enumerate(STEPS, 1)
    ]
    return INTRODUCTION + "".join(rows)


if __name__ == "__main__":
    DOCUMENT.write_text(login_flow(), encoding="utf-8")
