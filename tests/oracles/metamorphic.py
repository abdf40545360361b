"""The metamorphic oracle: a mutant of an honest message is refused, or it says what the honest message says.

It needs no expected code, so no one can tune the product to it. Every mutant is made from a seed and a number: a finding names both.
"""

import base64
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Final

from lxml import etree

from oiosaml.errors import SamlError
from tests.cpu_time import without_collection
from tests.oracles.messages import Message, messages, says_the_same
from tests.oracles.octet_mutations import FIELD_MUTATIONS, XML_MUTATIONS
from tests.oracles.tree_mutations import TREE_MUTATIONS

SLOW: Final = 1.0
"""Seconds of CPU that no message may cost, whatever it is."""

ACCEPTED: Final = "accepted"


@dataclass(frozen=True)
class Mutant:
    """Octets, and what was done to make them."""

    message: Message
    octets: bytes
    mutations: tuple[str, ...]
    recipe: str


@dataclass
class Tally:
    """What became of all mutants."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """By `accepted` or the code of the refusal."""
    accepted_by_message: Counter[str] = field(default_factory=Counter)
    accepted_by_mutation: Counter[str] = field(default_factory=Counter)
    mutants_by_mutation: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def note(self, mutant: Mutant, outcome: str) -> None:
        self.outcomes[outcome] += 1
        self.mutants_by_mutation.update(set(mutant.mutations))
        if outcome == ACCEPTED:
            self.accepted_by_message[mutant.message.name] += 1
            self.accepted_by_mutation.update(set(mutant.mutations))

    @property
    def mutants(self) -> int:
        return self.outcomes.total()


class FindingError(Exception):
    """A mutant got further than any may."""


def make_mutant(seed: str, number: int) -> Mutant:
    """The mutant of that seed and number: one to three changes of one of the honest messages, tree first, then octets."""
    random = Random(f"{seed}/{number}")
    message = messages()[number % len(messages())]
    names: list[str] = []
    octets = message.octets
    count = random.randint(1, 3)
    if message.is_xml:
        in_tree = sum(random.random() < 0.7 for _ in range(count))
        if in_tree:
            root = etree.fromstring(octets)
            for change_tree in random.choices(TREE_MUTATIONS, k=in_tree):
                change_tree(root, random)
                names.append(change_tree.__name__)
            octets = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
        count -= in_tree
    for change_octets in random.choices(XML_MUTATIONS if message.is_xml else FIELD_MUTATIONS, k=count):
        octets = change_octets(octets, random)
        names.append(change_octets.__name__)
    return Mutant(message, octets, tuple(names), f"{seed}/{number}")


def outcome_of(mutant: Mutant) -> str:
    """Give `accepted` or the code of the refusal.

    Raises:
        FindingError: for another exception, for other facts than the honest ones, or for more CPU than any message may cost.
    """
    began = time.process_time()
    try:
        with without_collection():
            outcome = _read(mutant)
    except SamlError as refusal:
        outcome = refusal.code
    except FindingError:
        raise
    except Exception as error:
        raise FindingError(f"{type(error).__name__}: {error!s:.300}") from error
    if time.process_time() - began > SLOW:
        raise FindingError(f"took {time.process_time() - began:.1f} s")
    return outcome


@cache
def _honest(message: Message) -> Any:
    return message.verify(message.octets)


def _read(mutant: Mutant) -> str:
    verified = mutant.message.verify(mutant.octets)
    if not says_the_same(verified, _honest(mutant.message)):
        raise FindingError("verified, and says something else than the honest message")
    mutant.message.enforce(verified)
    return ACCEPTED


def run(mutants: Iterable[Mutant]) -> Tally:
    """Try them all; findings are gathered, not raised."""
    tally = Tally()
    for mutant in mutants:
        try:
            tally.note(mutant, outcome_of(mutant))
        except FindingError as finding:
            tally.note(mutant, "finding")
            tally.findings.append(
                f"{finding} -- {mutant.message.name}, {' + '.join(mutant.mutations)}, {mutant.recipe}: "
                f"{base64.b64encode(mutant.octets).decode()}"
            )
    return tally
