"""Our own checks after a stack has verified a logout message: what python3-saml and pysaml2 let through and SAML does not.

| check | python3-saml 1.16 | pysaml2 7.5 |
| --- | --- | --- |
| signature present | only with `wantMessagesSigned` | not for a system; for a LogoutResponse by Redirect never looked at |
| Destination present and exact | absent passes; a longer URL passes | absent passes |
| Issuer present | absent passes | absent passes |
| IssueInstant | not looked at | a day off passes |
| NotOnOrAfter | looked at, without a clock skew | not looked at |
| InResponseTo | absent passes | not looked at here |
| NameID, SessionIndex | the application's business | the application's business |
| the same request again | passes | passes |

The last two are kept by logout.py.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from oiosaml.ids import MessageId
from oiosaml.name_id import NameId
from oiosaml.uris import NS_SAML, NS_SAMLP
from sp_demo.front_door import refuse

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far two clocks may be apart, as at the broker."""

MAXIMUM_AGE: Final = timedelta(minutes=5)
"""How old a logout message may be, as at the broker."""

_S: Final = f"{{{NS_SAML}}}"
_P: Final = f"{{{NS_SAMLP}}}"
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class LogoutAsked:
    """What an honest LogoutRequest asks for. No `session_indexes` means every session of the person."""

    request_id: MessageId
    name_id: NameId
    session_indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogoutStatus:
    """How the Context Handler says a logout went."""

    code: str
    second_code: str | None
    message: str | None


def check_logout_request(root: etree._Element, *, location: str, broker: str, at: datetime) -> LogoutAsked:
    """Give what the broker asks for, if the request is its own, for us, and made just now.

    Raises:
        SamlError: `proto.version`, `proto.destination`, `fed.issuer-mismatch`, `proto.stale`, `proto.not-yet-valid`, `proto.expired`,
            `proto.time-format` or `proto.subject`.
    """
    _check_message(root, location, broker, at)
    end = root.get("NotOnOrAfter")
    if end is not None and _instant(end) <= at - CLOCK_SKEW:
        raise refuse("proto.expired", f"got NotOnOrAfter {end!r:.40}, expected it ahead")
    name_ids = root.findall(f"{_S}NameID")
    if len(name_ids) != 1 or not name_ids[0].text or len(name_ids[0]):
        raise refuse("proto.subject", f"got {len(name_ids)} NameID, expected one that is not encrypted")
    return LogoutAsked(
        MessageId(root.get("ID", "")),
        NameId(
            name_ids[0].text,
            name_ids[0].get("Format"),
            name_ids[0].get("NameQualifier"),
            name_ids[0].get("SPNameQualifier"),
        ),
        tuple(each.text or "" for each in root.findall(f"{_P}SessionIndex")),
    )


def check_logout_response(
    root: etree._Element, *, request_id: MessageId, location: str, broker: str, at: datetime
) -> LogoutStatus:
    """Give how the logout went, if the response is the broker's, for us, and answers `request_id`.

    Raises:
        SamlError: `slo.unsolicited`, `xml.schema`, or what `check_logout_request` raises.
    """
    _check_message(root, location, broker, at)
    if root.get("InResponseTo") != request_id:
        raise refuse("slo.unsolicited", f"got InResponseTo {root.get('InResponseTo')!r:.80}, expected {request_id}")
    code = root.find(f"{_P}Status/{_P}StatusCode")
    if code is None:
        raise refuse("xml.schema", "got a LogoutResponse without StatusCode")
    second = code.find(f"{_P}StatusCode")
    message = root.findtext(f"{_P}Status/{_P}StatusMessage")
    return LogoutStatus(code.get("Value", ""), None if second is None else second.get("Value", ""), message)


def _check_message(root: etree._Element, location: str, broker: str, at: datetime) -> None:
    if root.get("Version") != "2.0":
        raise refuse("proto.version", f"got Version {root.get('Version')!r:.40}, expected 2.0")
    # Exact: both stacks pass a message without one, and python3-saml one that begins with ours.
    if root.get("Destination") != location:
        raise refuse("proto.destination", f"got Destination {root.get('Destination')!r:.200}, expected {location}")
    if root.findtext(f"{_S}Issuer") != broker:
        raise refuse("fed.issuer-mismatch", f"got Issuer {root.findtext(f'{_S}Issuer')!r:.200}, expected {broker}")
    made_at = _instant(root.get("IssueInstant", ""))
    if made_at <= at - MAXIMUM_AGE - CLOCK_SKEW:
        raise refuse("proto.stale", f"got IssueInstant {root.get('IssueInstant')}, expected at most five minutes ago")
    if made_at > at + CLOCK_SKEW:
        raise refuse("proto.not-yet-valid", f"got IssueInstant {root.get('IssueInstant')}, expected it not ahead")


def _instant(text: str) -> datetime:
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError as error:
        raise refuse("proto.time-format", f"got {text!r:.40}, expected a UTC time") from error
