"""The demo systems refuse, too: what python3-saml and pysaml2 let through is closed by our own checks, or known to be harmless.

A failure where a stack `passes` by the data may be a stack that has grown stricter: then the data are to be changed.
"""

import pytest

from tests.attacks.cases import HONEST
from tests.attacks.entries import ENTRIES
from tests.attacks.entries.demo_systems import DemoSystemAcs
from tests.attacks.entries.exchange import Exchange
from tests.attacks.recipe import forge
from tests.attacks.stacks import STACKS, Judged, judged
from tests.attacks.target import Target
from tests.attacks.watch import Canaries, bounded

TRIED = [(row, stack) for row in judged() for stack in STACKS]
ACCEPTED = frozenset({"accepted", "turned-away"})


@pytest.mark.parametrize(("row", "stack"), TRIED, ids=[f"{row.case}-{row.fault}-{stack}" for row, stack in TRIED])
def test_a_demo_system_answers_as_recorded(row: Judged, stack: str, target: Target, watched: Canaries) -> None:
    target.once(stack, lambda: warm_up(ENTRIES[stack](target, watched)))
    exchange, verdict = ENTRIES[stack](target, watched), row.verdicts[stack]
    assert isinstance(exchange, DemoSystemAcs)
    forged = forge(exchange, row.message)
    if verdict.alone != "not-tried":
        assert exchange.stack_alone(forged.body) == verdict.alone
    with bounded(target):
        answer = exchange.send(forged.body)
    watched.require_untouched()
    if verdict.answer == "accepted":
        assert exchange.accepted(answer)
        return
    assert not exchange.accepted(answer)
    if verdict.answer == "turned-away":
        assert answer.status == 303
        return
    assert (answer.code, answer.cookies_set) == (verdict.answer, {}), answer.detail
    assert 400 <= answer.status < 500
    if verdict.alone == "refuses":
        # what failed authentication used nothing up (I3)
        twin = exchange.send(forge(exchange, HONEST).body)
        assert exchange.accepted(twin), (twin.status, twin.code, twin.detail)


@pytest.mark.parametrize("stack", STACKS)
def test_control_each_stack_takes_the_honest_message_by_itself(stack: str, target: Target, watched: Canaries) -> None:
    exchange = ENTRIES[stack](target, watched)
    assert isinstance(exchange, DemoSystemAcs)
    honest = forge(exchange, HONEST)
    assert exchange.stack_alone(honest.body) == "passes"
    assert exchange.accepted(exchange.send(honest.body))


def test_what_is_accepted_says_why_that_is_harmless() -> None:
    taken = [row for row in judged() if any(verdict.answer in ACCEPTED for verdict in row.verdicts.values())]
    assert [(row.case, row.fault) for row in taken if not row.known] == []
    assert [(row.case, row.fault) for row in judged() if row.known and row not in taken] == []


def warm_up(exchange: Exchange) -> None:
    exchange.send(b"x")
