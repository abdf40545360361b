"""Our own checks after a stack has accepted a login: what python3-saml or pysaml2 lets through and OIOSAML 3 does not.

| check | python3-saml 1.16 | pysaml2 7.5 |
| --- | --- | --- |
| InResponseTo present | absent passes | refused |
| InResponseTo in SubjectConfirmationData | absent passes | absent passes |
| Destination present and exact | absent passes; a longer URL passes | absent passes |
| Recipient present and exact | absent passes; a longer URL passes | exact if told to look |
| NotOnOrAfter of the confirmation and of Conditions present | absent passes | absent passes |
| AudienceRestriction present, each one naming us | absent passes; any one is enough | absent passes; any one is enough |
| Issuer of the Response present | absent passes | absent passes; another name passes |
| exactly one AttributeStatement | several pass | several pass |
| attribute named once | refused | the last one wins |
| level, specVersion | not its business | not its business |
| content model of the Assertion: two NameIDs, two Conditions | refused | passes |
| Version of the Assertion | any passes | any passes |
| NameID that says something | refused | empty passes |
| values as they are written | blanks round them are cut | as written |
| replayed assertion | passes | passes |

The last is kept by login.py.
"""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from federation.model import Profile
from oiosaml import oiosaml2 as old
from oiosaml.attributes import ASSURANCE_LEVEL, CVR, LOA, OIOSAML3_SPEC_VERSION, SPEC_VERSION
from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import CONFIRMATION_BEARER, NS_SAML
from oiosaml.xml.schema import check
from sp_demo.front_door import ASSERTION, refuse
from sp_demo.stack import Accepted, Token

SAML_VERSION: Final = "2.0"

_S: Final = f"{{{NS_SAML}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an honest answer to one request of ours says."""

    request_id: MessageId
    our_entity_id: str
    broker_entity_id: str
    acs_url: str
    level: StatedLevel


def check_token(accepted: Accepted, expected: Expected) -> StatedLevel:
    """Give the level the person was logged in at.

    Raises:
        SamlError: the first check of the table that the token does not meet, or `fed.loa`, `fed.profile` or `fed.attribute`.
    """
    assertions = list(accepted.verified.iter(ASSERTION))
    if len(assertions) != 1:
        raise refuse("proto.assertion-count", f"got {len(assertions)} assertions, expected 1")
    _check_reading(accepted.token, assertions[0])
    _check_envelope(accepted.verified, assertions[0], expected)
    _check_confirmation(assertions[0], expected)
    _check_conditions(assertions[0], expected)
    _check_statements(accepted.token, assertions[0])
    return _check_level(accepted.token, expected)


def _check_reading(token: Token, assertion: etree._Element) -> None:
    """The structure leaves one reading, and what the stack gives out is what is written there."""
    try:
        check(assertion)
    except SamlError as error:
        raise refuse(error.refusal.key, error.detail) from error
    if assertion.get("Version") != SAML_VERSION:
        raise refuse("proto.version", f"got Version {assertion.get('Version')!r:.20} of the Assertion, expected 2.0")
    written = assertion.findtext(f"{_S}Subject/{_S}NameID")
    if not written or written != token.subject.value:
        raise refuse("proto.subject", f"got the NameID {written!r:.120}, read as {token.subject.value!r:.120}")
    written_values = {}
    for attribute in assertion.iter(f"{_S}Attribute"):
        if any(len(value) for value in attribute):
            raise refuse("xml.text", "got elements in an AttributeValue, expected text")
        # neither stack gives out an empty value in the same way
        written_values[attribute.get("Name")] = tuple(value.text for value in attribute if value.text)
    if written_values != {attribute.name: tuple(filter(None, attribute.values)) for attribute in token.attributes}:
        # such as a level with a blank before it, which one of the stacks cuts off
        raise refuse("fed.attribute", "got attributes that the stack reads otherwise than they are written")


def _check_envelope(response: etree._Element, assertion: etree._Element, expected: Expected) -> None:
    _equal("proto.in-response-to", "InResponseTo", response.get("InResponseTo"), expected.request_id)
    _equal("proto.destination", "Destination", response.get("Destination"), expected.acs_url)
    for element in (response, assertion):
        _equal("fed.issuer-mismatch", "Issuer", element.findtext(f"{_S}Issuer"), expected.broker_entity_id)


def _check_confirmation(assertion: etree._Element, expected: Expected) -> None:
    confirmations = [
        element
        for element in assertion.findall(f"{_S}Subject/{_S}SubjectConfirmation")
        if element.get("Method") == CONFIRMATION_BEARER
    ]
    if len(confirmations) != 1:
        raise refuse("proto.confirmation", f"got {len(confirmations)} bearer confirmations, expected 1")
    details = confirmations[0].find(f"{_S}SubjectConfirmationData")
    if details is None or details.get("NotOnOrAfter") is None:
        raise refuse("proto.confirmation", "got a confirmation without NotOnOrAfter (R3-IDP-10)")
    # Exact: a prefix test lets https://sp.example.evil through.
    _equal("proto.recipient", "Recipient", details.get("Recipient"), expected.acs_url)
    _equal("proto.in-response-to", "the confirmation's InResponseTo", details.get("InResponseTo"), expected.request_id)


def _check_conditions(assertion: etree._Element, expected: Expected) -> None:
    conditions = assertion.find(f"{_S}Conditions")
    if conditions is None or conditions.get("NotOnOrAfter") is None:
        raise refuse("proto.statement", "got Conditions without NotOnOrAfter")
    restrictions = conditions.findall(f"{_S}AudienceRestriction")
    audiences = [[audience.text for audience in restriction] for restriction in restrictions]
    # Several restrictions must each hold (SAML Core 2.5.1.4).
    if not audiences or not all(expected.our_entity_id in names for names in audiences):
        raise refuse("proto.audience", f"got {audiences!r:.200}, expected {expected.our_entity_id}")


def _check_statements(token: Token, assertion: etree._Element) -> None:
    for name in ("AuthnStatement", "AttributeStatement"):
        count = len(assertion.findall(f"{_S}{name}"))
        if count != 1:
            raise refuse("proto.statement", f"got {count} {name}, expected 1 (R3-IDP-12)")
    names = [attribute.name for attribute in token.attributes]
    if len(names) != len(set(names)):
        raise refuse("fed.attribute", "got an attribute twice, expected each once")
    if any(len(token.values(name)) > 1 for name in (CVR, old.CVR_NUMBER_IDENTIFIER)):
        raise refuse("fed.attribute", "got two CVR numbers, expected one")
    profile_of(token)


def profile_of(token: Token) -> Profile:
    """Tell which profile a token says it follows.

    Raises:
        SamlError: `fed.profile` if it says neither, or both.
    """
    versions = (token.values(SPEC_VERSION), token.values(old.SPEC_VERSION))
    if versions == ((OIOSAML3_SPEC_VERSION,), ()):
        return Profile.OIOSAML3
    if versions == ((), (old.DK_SAML_2,)):
        return Profile.OIOSAML2
    raise refuse("fed.profile", f"got the versions {versions!r:.120}, expected OIO-SAML-3.0 alone or DK-SAML-2.0 alone")


def _check_level(token: Token, expected: Expected) -> StatedLevel:
    is_old = profile_of(token) is Profile.OIOSAML2
    values = token.values(ASSURANCE_LEVEL if is_old else LOA)
    level: StatedLevel
    try:
        (value,) = values
        level = NistLevel.from_attribute(value) if is_old else AssuranceLevel.from_attribute(value)
    except ValueError as error:
        raise refuse("fed.loa:not-a-level", f"got {values!r:.80}, expected one level") from error
    if not _meets(level, expected.level):
        raise SamlError(
            "fed.loa",
            f"got {level.spoken}, expected at least {expected.level.spoken}",
            params={"actual": level.spoken, "required": expected.level.spoken},
        )
    return level


def _meets(level: StatedLevel, expected: StatedLevel) -> bool:
    """On one ladder; where a registration has changed under way, on that of NIST, which every NSIS level has a counterpart on."""
    if isinstance(level, AssuranceLevel) and isinstance(expected, AssuranceLevel):
        return level.meets(expected)
    got, wanted = (
        each if isinstance(each, NistLevel) else NistLevel.counterpart_of(each) for each in (level, expected)
    )
    return got.meets(wanted)


def _equal(key: str, name: str, got: str | None, wanted: str) -> None:
    if got != wanted:
        raise refuse(key, f"got {name} {got!r:.200}, expected {wanted!r:.200}")
