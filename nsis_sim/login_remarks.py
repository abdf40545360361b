"""What the Context Handler remarked in a login without refusing it: rules that were broken, and rights that were left behind."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from oiosaml.rules.rule import Requirement

WITHOUT_RIGHTS: Final = "went on without rights"
"""How the event of `gather_privileges` begins where no rights could be had, and the IdP is registered to log in all the same."""

_NEXT_RIGHT: Final = re.compile(r"; (?=\S+: [a-z]+\.[a-z-]+: |and \d+ more$)", re.ASCII)
"""Stands between two rights in the event of `translate_roles`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A rule that a message of this login broke, in the step that found it."""

    step: str
    party: str | None
    """Whom the step had to do with, where its event says so."""
    rule_id: str
    requirement: str
    code: str
    sentence: str
    detail: str

    def to_json(self) -> dict[str, str | None]:
        """Give the form in which `nsis login --json` has it."""
        return {
            "step": self.step,
            "party": self.party,
            "rule_id": self.rule_id,
            "requirement": self.requirement,
            "code": self.code,
            "sentence": self.sentence,
            "detail": self.detail,
        }


def remarks_in(events: Sequence[Mapping[str, Any]]) -> tuple[Remark, ...]:
    """Give every broken SHOULD, and MUST of a refusal. A MAY is not told: what it speaks of is allowed, and honest messages do it."""
    return tuple(
        Remark(
            step=event["step"],
            party=event["party"],
            rule_id=finding["rule_id"],
            requirement=finding["requirement"],
            code=finding["code"],
            sentence=finding["sentence"],
            detail=finding["detail"],
        )
        for event in events
        for finding in event["findings"]
        if finding["requirement"] != Requirement.MAY
    )


def dropped_in(events: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Give each right that did not reach the system's token as `right: code: reason`, and at last how many more, if the record says so.

    Where no rights could be had at all, that is the one thing said.
    """
    return tuple(_dropped_in(events))


def _dropped_in(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for event in events:
        if event["step"] == "gather_privileges" and event["detail"].startswith(WITHOUT_RIGHTS):
            yield event["detail"]
        if event["step"] == "translate_roles" and event["code"] is None and event["detail"]:
            yield from _NEXT_RIGHT.split(event["detail"])
