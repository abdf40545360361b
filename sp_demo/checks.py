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
| replayed assertion | passes | passes |

The last is kept by login.py.
"""

from dataclasses import dataclass
from typing import Final

from lxml import etree

from oiosaml.attributes import LOA, OIOSAML3_SPEC_VERSION, SPEC_VERSION
from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import CONFIRMATION_BEARER, NS_SAML
from sp_demo.front_door import ASSERTION, refuse
from sp_demo.stack import Accepted, Token

_S: Final = f"{{{NS_SAML}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an honest answer to one request of ours says."""

    request_id: MessageId
    our_entity_id: str
    broker_entity_id: str
    acs_url: str
    level: AssuranceLevel


def check_token(accepted: Accepted, expected: Expected) -> AssuranceLevel:
    """Give the level the person was logged in at.

    Raises:
        SamlError: the first check of the table that the token does not meet, or `fed.loa`, `fed.profile` or `fed.attribute`.
    """
    assertions = list(accepted.verified.iter(ASSERTION))
    if len(assertions) != 1:
        raise refuse("proto.assertion-count", f"got {len(assertions)} assertions, expected 1")
    _check_envelope(accepted.verified, assertions[0], expected)
    _check_confirmation(assertions[0], expected)
    _check_conditions(assertions[0], expected)
    _check_statements(accepted.token, assertions[0])
    return _check_level(accepted.token, expected)


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
    if token.values(SPEC_VERSION) != (OIOSAML3_SPEC_VERSION,):
        raise refuse("fed.profile", f"got specVersion {token.values(SPEC_VERSION)!r:.80}, expected OIO-SAML-3.0")


def _check_level(token: Token, expected: Expected) -> AssuranceLevel:
    values = token.values(LOA)
    try:
        (value,) = values
        level = AssuranceLevel.from_attribute(value)
    except ValueError as error:
        raise refuse("fed.loa:not-a-level", f"got {values!r:.80}, expected one level") from error
    if not level.meets(expected.level):
        raise SamlError(
            "fed.loa",
            f"got {level.attribute_value}, expected at least {expected.level.attribute_value}",
            params={"actual": level.attribute_value, "required": expected.level.attribute_value},
        )
    return level


def _equal(key: str, name: str, got: str | None, wanted: str) -> None:
    if got != wanted:
        raise refuse(key, f"got {name} {got!r:.200}, expected {wanted!r:.200}")
