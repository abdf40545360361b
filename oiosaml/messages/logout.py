"""LogoutRequest and LogoutResponse (SAML Core 3.7) as single logout uses them (SAML Profiles 4.4; OIOSAML 3)."""

from datetime import datetime

from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.element import (
    build,
    child,
    children,
    instant,
    refuse_other_version,
    required,
    required_child,
    required_instant,
)
from oiosaml.messages.name_id import SAML, SAML_DECLARED, read_name_id, write_issuer, write_name_id
from oiosaml.messages.response import Status, read_status, write_status
from oiosaml.name_id import NameId
from oiosaml.uris import NS_SAML, NS_SAMLP, STATUS_PARTIAL_LOGOUT
from oiosaml.validity import format_instant
from oiosaml.value_type import value_type
from oiosaml.xml.escaping import tagged
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement


@value_type
class LogoutRequest:
    """One participant tells another that a session ends. No `session_indexes` means every session of that subject (SAML Core 3.7.1)."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str | None
    """None only if a request came without one; a rule refuses it."""
    name_id: NameId
    session_indexes: tuple[str, ...] = ()
    not_on_or_after: datetime | None = None
    reason: str | None = None
    version: str = "2.0"
    issuer_format: str | None = None


@value_type
class LogoutResponse:
    """How a logout went. `Success` with `PartialLogout` below it: not everybody is logged out (SAML Core 3.7.3.2)."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str | None
    """None for an answer on the connection that the request came by (SOAP)."""
    in_response_to: MessageId | None
    """None only if a response came without one; a rule refuses it."""
    status: Status
    version: str = "2.0"

    @property
    def everybody_is_logged_out(self) -> bool:
        """Tell whether the logout is whole: Success, and no PartialLogout below it (SAML Core 3.7.3)."""
        return self.status.is_success and self.status.second_code != STATUS_PARTIAL_LOGOUT


def read_logout_request(element: _Element) -> LogoutRequest:
    """Read a samlp:LogoutRequest whose structure was checked.

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, `xml.schema`, or `enc.structure` if its subject is encrypted.
    """
    refuse_other_version(element)
    issuer = required_child(element, NS_SAML, "Issuer")
    return LogoutRequest(
        id=MessageId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        issuer=EntityId(text_of(issuer)),
        issuer_format=issuer.get("Format"),
        destination=element.get("Destination"),
        name_id=_read_subject(element),
        session_indexes=tuple(text_of(each) for each in children(element, NS_SAMLP, "SessionIndex")),
        not_on_or_after=instant(element, "NotOnOrAfter"),
        reason=element.get("Reason"),
    )


def write_logout_request(request: LogoutRequest) -> NewElement:
    """Write the request, unsigned.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    end = request.not_on_or_after
    element = build(
        NS_SAMLP,
        "LogoutRequest",
        {
            "ID": request.id,
            "Version": request.version,
            "IssueInstant": format_instant(request.issue_instant),
            "Destination": request.destination,
            "Reason": request.reason,
            "NotOnOrAfter": None if end is None else format_instant(end),
        },
        prefixes=("samlp", "saml"),
    )
    element.write(
        write_issuer(request.issuer, request.issuer_format),
        write_name_id(request.name_id, SAML_DECLARED),
        *[tagged("samlp:SessionIndex", each) for each in request.session_indexes],
        declares=SAML,
    )
    return element


def read_logout_response(element: _Element) -> LogoutResponse:
    """Read a samlp:LogoutResponse whose structure was checked.

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, or `xml.schema`, also if it has no Issuer (SAML Profiles 4.4.4.2).
    """
    refuse_other_version(element)
    in_response_to = element.get("InResponseTo")
    return LogoutResponse(
        id=MessageId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        issuer=EntityId(text_of(required_child(element, NS_SAML, "Issuer"))),
        destination=element.get("Destination"),
        in_response_to=None if in_response_to is None else MessageId(in_response_to),
        status=read_status(required_child(element, NS_SAMLP, "Status")),
    )


def write_logout_response(response: LogoutResponse) -> NewElement:
    """Write the response, unsigned.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    element = build(
        NS_SAMLP,
        "LogoutResponse",
        {
            "ID": response.id,
            "Version": response.version,
            "IssueInstant": format_instant(response.issue_instant),
            "Destination": response.destination,
            "InResponseTo": response.in_response_to,
        },
        prefixes=("samlp", "saml"),
    )
    element.write(write_issuer(response.issuer), write_status(response.status), declares=SAML)
    return element


def _read_subject(request: _Element) -> NameId:
    found = child(request, NS_SAML, "NameID")
    if found is None:
        # KOMBIT's federation encrypts assertions, not NameIDs; our metadata offers no system a key for it (our choice, ADR 0014)
        raise SamlError(
            "enc.structure:logout-subject", "got no NameID in the LogoutRequest, expected one, not encrypted"
        )
    return read_name_id(found)
