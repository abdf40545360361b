"""Mutants of honest messages are refused or say what the honest message says (`make fuzz` tries a hundred thousand)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oiosaml.errors import REFUSALS
from oiosaml.messages.response import Answer
from tests.oracles.messages import Message, message, messages
from tests.oracles.metamorphic import ACCEPTED, FindingError, Mutant, Tally, make_mutant, outcome_of, run

MUTANTS = 4_000

# Mutants of a certificate in KeyInfo may have a serial number of zero, which the library warns of and we do not care about.
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(make_mutant("ci", number) for number in range(MUTANTS))


@pytest.mark.parametrize("honest", messages(), ids=lambda each: each.name)
def test_control_the_honest_message_is_accepted(honest: Message) -> None:
    assert outcome_of(Mutant(honest, honest.octets, (), "control")) == ACCEPTED


def test_no_mutant_says_anything_else(tally: Tally) -> None:
    assert not tally.findings, "\n".join(tally.findings[:5])
    assert tally.mutants == MUTANTS


def test_mutants_reach_every_part_of_the_receiver(tally: Tally) -> None:
    """An oracle whose mutants all die at the parser would see nothing."""
    refused = set(tally.outcomes) - {ACCEPTED}
    assert refused <= {refusal.code for refusal in REFUSALS.values()}
    assert {code.partition(".")[0] for code in refused} >= {"bind", "enc", "fed", "proto", "req", "sig", "xml"}
    assert 0.05 < tally.outcomes[ACCEPTED] / MUTANTS < 0.5
    assert tally.outcomes["xml.malformed"] / MUTANTS < 0.3
    assert set(tally.accepted_by_message) == {each.name for each in messages()}


def test_mutants_are_the_same_each_time() -> None:
    assert make_mutant("ci", 17).octets == make_mutant("ci", 17).octets
    assert make_mutant("ci", 17).octets != make_mutant("other", 17).octets


# --- the oracle itself


def with_reader(name: str, verify: Callable[[bytes], Any]) -> Mutant:
    honest = message(name)
    return Mutant(replace(honest, verify=verify), honest.octets, (), "made")


def test_oracle_finds_another_exception() -> None:
    def stumble(octets: bytes) -> object:
        raise UnicodeError("stumbled")

    with pytest.raises(FindingError, match="stumbled"):
        outcome_of(with_reader("attribute query", stumble))


def test_oracle_finds_another_identity() -> None:
    """A receiver that reads somebody else's name from the second message it sees is found."""
    honest = message("response after encryption")
    seen: list[Answer] = []

    def drift(octets: bytes) -> Answer:
        answer = honest.verify(octets)
        seen.append(answer)
        if len(seen) % 2 == 0:
            return answer  # type: ignore[no-any-return]
        assertion = replace(answer.assertion.value, version="2.1")
        return replace(answer, assertion=replace(answer.assertion, value=assertion))  # type: ignore[no-any-return]

    with pytest.raises(FindingError, match="something else"):
        outcome_of(Mutant(replace(honest, verify=drift), honest.octets, (), "made"))
