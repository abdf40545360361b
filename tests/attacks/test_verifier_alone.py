"""The second line of defence: if nothing counted assertions, the verifier would still never give the evil one for verified."""

import pytest

from oiosaml.errors import SamlError
from oiosaml.messages.assertion import write_assertion
from oiosaml.messages.response import write_response
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from tests import builders
from tests.attacks.cases import Message, cases
from tests.attacks.recipe import ASSERTION, apply
from tests.attacks.vocabulary import CHANGES, EVIL_NAME_ID, NAMESPACES, Draft
from tests.conftest import Member
from tests.trees import serialise, sign_enveloped, tree

WRAPPED = {
    f"{case.id}-{message.fault}": message
    for case in cases()
    for message in case.messages
    if case.id.startswith("XSW") and message.base == "M-A" and message.steps("signed")
}


def message_of(idp: Member, message: Message | None) -> bytes:
    root = tree(write_response(builders.response(), write_assertion(builders.assertion())))
    draft = Draft(root, {"honest": idp.signing})
    draft.variables["signed"] = draft.find(ASSERTION)
    sign_enveloped(draft.signed, idp.signing)
    if message is not None:
        apply(message.steps("signed"), CHANGES, draft, lambda name: f"https://x.test/{name}")
    return serialise(root)


def names_verified(octets: bytes, idp: Member) -> set[str]:
    """The NameIDs of all assertions that verify, wherever they stand."""
    names = set()
    for position in range(len(parse_message(octets).xpath("//saml:Assertion", namespaces=NAMESPACES))):
        # the verifier takes the tree apart, so each gets a fresh one
        element = parse_message(octets).xpath("//saml:Assertion", namespaces=NAMESPACES)[position]
        try:
            verified = verify_enveloped(
                element, [idp.verification], lambda read: read.findtext("saml:Subject/saml:NameID", None, NAMESPACES)
            )
        except SamlError:
            continue
        names.add(verified.value)
    return names


def test_control_the_honest_assertion_verifies(idp: Member) -> None:
    assert names_verified(message_of(idp, None), idp) == {builders.ANE_HOLM.value}


@pytest.mark.parametrize("name", WRAPPED)
def test_no_evil_assertion_verifies(name: str, idp: Member) -> None:
    assert EVIL_NAME_ID not in names_verified(message_of(idp, WRAPPED[name]), idp)
