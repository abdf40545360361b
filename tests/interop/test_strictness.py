"""What each foreign stack refuses, and what it lets through: the table of docs/stacks.md says nothing that is not seen here.

No attacker without the broker's key gets past any of them. The other answers are signed with the broker's own key, as an honest broker
never would: they show what a stack leaves to the broker or to the application.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest
from lxml import etree

from nsis_sim.browser import Browser, FormOnPage, Page
from oiosaml.attributes import LOA
from oiosaml.keys import SigningKey
from oiosaml.uris import NS_SAML
from tests.conftest import Member
from tests.interop.peer import ANE_HOLM, Peer
from tests.interop.tampering import SIGNATURE, AtTheDoor, Change, flip_a_bit, in_assertion, in_envelope

PAST = "2020-01-01T00:00:00Z"
FUTURE = "2098-01-01T00:00:00Z"
ELSEWHERE = "https://elsewhere.interop.test/acs"

Edit = Callable[[etree._Element], object]


def _set(path: str, name: str, value: str) -> Edit:
    return lambda root: root.find(path.format(f"{{{NS_SAML}}}")).set(name, value)


def _write(path: str, text: str) -> Edit:
    def edit(root: etree._Element) -> None:
        root.find(path.format(f"{{{NS_SAML}}}")).text = text

    return edit


def _drop(path: str) -> Edit:
    def edit(root: etree._Element) -> None:
        element = root.find(path.format(f"{{{NS_SAML}}}"))
        element.getparent().remove(element)

    return edit


def _raise_level(assertion: etree._Element) -> None:
    assertion.find(f".//{{{NS_SAML}}}Attribute[@Name='{LOA}']/{{{NS_SAML}}}AttributeValue").text = "High"


def _unsign(assertion: etree._Element) -> None:
    assertion.remove(assertion.find(SIGNATURE))


def _nothing(_: etree._Element) -> None:
    pass


CONFIRMATION = ".//{0}SubjectConfirmationData"

UNSIGNED_BY_BROKER: dict[str, Callable[[Peer, Member], Change]] = {
    "a bit of the ciphertext flipped": lambda _, __: flip_a_bit,
    "level raised inside the encryption": lambda peer, _: in_assertion(peer.member, _raise_level),
    "signature taken away": lambda peer, _: in_assertion(peer.member, _unsign),
    "signed by a stranger": lambda peer, other: in_assertion(peer.member, _raise_level, signer=other.signing),
    "plain and unsigned": lambda peer, _: in_assertion(peer.member, _unsign, encrypted=False),
}

SIGNED_BY_BROKER: dict[str, Edit] = {
    "another audience": _write(".//{0}Audience", "https://saml.other.interop.test"),
    "no Conditions": _drop("{0}Conditions"),
    "Conditions expired": _set("{0}Conditions", "NotOnOrAfter", PAST),
    "Conditions not yet valid": _set("{0}Conditions", "NotBefore", FUTURE),
    "another recipient": _set(CONFIRMATION, "Recipient", ELSEWHERE),
    "another request in the confirmation": _set(CONFIRMATION, "InResponseTo", "_another"),
    "confirmation expired": _set(CONFIRMATION, "NotOnOrAfter", PAST),
    "confirmation not bearer": _set(
        ".//{0}SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
    ),
    "another issuer in the assertion": _write("{0}Issuer", "https://saml.other.interop.test"),
}

IN_ENVELOPE: dict[str, Edit] = {
    "another request in the envelope": lambda root: root.set("InResponseTo", "_another"),
    "no request in the envelope": lambda root: root.attrib.pop("InResponseTo"),
    "another destination": lambda root: root.set("Destination", ELSEWHERE),
    "another issuer in the envelope": _write("{0}Issuer", "https://saml.other.interop.test"),
    "issued long ago": lambda root: root.set("IssueInstant", PAST),
}

LETS_THROUGH: dict[str, frozenset[str]] = {
    "mellon": frozenset(
        {
            "no Conditions",
            "another request in the confirmation",
            "another request in the envelope",
            "no request in the envelope",
            "issued long ago",
            "signed but not encrypted",
        }
    ),
    "node-saml": frozenset(
        {
            "another recipient",
            "confirmation not bearer",
            "another issuer in the assertion",
            "another destination",
            "another issuer in the envelope",
            "issued long ago",
            "signed but not encrypted",
        }
    ),
    "samlify": frozenset(
        {
            "another recipient",
            "another request in the confirmation",
            "confirmation expired",
            "confirmation not bearer",
            "another issuer in the envelope",
            "issued long ago",
        }
    ),
}

LEFT_TO_THE_APPLICATION: dict[str, frozenset[str]] = {
    "mellon": frozenset(),
    "node-saml": frozenset(),
    "samlify": frozenset(
        {
            "another audience",
            "no Conditions",
            "another request in the envelope",
            "no request in the envelope",
            "another destination",
        }
    ),
}
"""What node/peers.mjs looks at itself, since samlify does not."""


def _changes(peer: Peer, broker: SigningKey) -> dict[str, Change]:
    return {
        **{what: in_assertion(peer.member, edit, signer=broker) for what, edit in SIGNED_BY_BROKER.items()},
        **{what: in_envelope(edit) for what, edit in IN_ENVELOPE.items()},
        "signed but not encrypted": in_assertion(peer.member, _nothing, encrypted=False),
    }


@pytest.mark.parametrize("what", UNSIGNED_BY_BROKER)
def test_no_stack_believes_what_the_broker_did_not_sign(system: Peer, stranger: Member, what: str) -> None:
    door = AtTheDoor(system.acs_url, UNSIGNED_BY_BROKER[what](system, stranger))
    page = ANE_HOLM.log_in(system, transport=door)
    assert len(door.delivered) == 1
    assert _refused(page), page.text


def test_what_the_tests_sign_with_the_brokers_key_is_believed(system: Peer, broker_key: SigningKey) -> None:
    page = ANE_HOLM.log_in(
        system, transport=AtTheDoor(system.acs_url, in_assertion(system.member, _raise_level, signer=broker_key))
    )
    assert system.read(page).attributes[LOA] == "High"


@pytest.mark.parametrize("what", [*SIGNED_BY_BROKER, *IN_ENVELOPE, "signed but not encrypted"])
def test_what_each_stack_lets_through(system: Peer, broker_key: SigningKey, what: str) -> None:
    door = AtTheDoor(system.acs_url, _changes(system, broker_key)[what])
    page = ANE_HOLM.log_in(system, transport=door)
    assert len(door.delivered) == 1
    assert _refused(page) != (what in LETS_THROUGH[system.name]), page.text
    assert page.text.startswith("the application: ") == (what in LEFT_TO_THE_APPLICATION[system.name])
    if not _refused(page):
        assert system.read(page).name_id


def test_an_answer_is_taken_once(system: Peer) -> None:
    door = AtTheDoor(system.acs_url)
    assert not _refused(ANE_HOLM.log_in(system, transport=door))
    with Browser() as thief:
        thief.visit(system.login_url)  # for the cookie without which mellon looks at nothing
        fields = tuple(parse_qsl(door.delivered[0].decode("ascii")))
        again = thief.submit(FormOnPage(system.acs_url, "POST", fields))
    assert _refused(again), again.text


def _refused(page: Page) -> bool:
    return page.status >= 400
