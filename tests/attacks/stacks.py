"""What the foreign stacks make of the catalogue's messages, as catalogue/stacks.yaml records it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from tests.attacks.cases import DIRECTORY, LOADER, Message, cases

STACKS = ("python3-saml", "pysaml2")


@dataclass(frozen=True)
class Verdict:
    """On one message by one stack."""

    alone: str
    """`passes`, `refuses`, or `not-tried` where trying would run the attack."""
    answer: str
    """The demo system's own answer, with our checks before and behind the stack: a code, `accepted`, or `turned-away`."""


@dataclass(frozen=True)
class Judged:
    """One message of the catalogue and what became of it."""

    case: str
    fault: str
    verdicts: Mapping[str, Verdict]
    known: str
    """Why it is harmless that it is accepted."""

    @property
    def message(self) -> Message:
        """The message as the catalogue has it."""
        found = next(case for case in cases() if case.id == self.case)
        return next(message for message in found.messages if message.fault == self.fault)


@cache
def judged() -> tuple[Judged, ...]:
    """Give every row."""
    rows = yaml.load((DIRECTORY / "stacks.yaml").read_text("utf-8"), LOADER)
    return tuple(
        Judged(row["case"], row["fault"], {stack: Verdict(*row[stack]) for stack in STACKS}, row.get("known", ""))
        for row in rows
    )
