"""Response (SAML Core 3.3.3): the envelope round an assertion or a refusal."""

from datetime import datetime

from lxml.etree import _Element

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.element import (
    build,
    child,
    child_text,
    refuse_other_version,
    required,
    required_child,
    required_instant,
)
from oiosaml.messages.name_id import SAML, write_issuer
from oiosaml.uris import NS_SAML, NS_SAMLP, STATUS_SUCCESS
from oiosaml.validity import format_instant
from oiosaml.value_type import value_type
from oiosaml.verified import Verified
from oiosaml.xml.escaping import attribute, tagged
from oiosaml.xml.writing import NewElement


@value_type
class Status:
    """How a request went: top-level code, second-level code and a message for engineers (SAML Core 3.2.2.1)."""

    code: str
    second_code: str | None = None
    message: str | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the top-level code is Success."""
        return self.code == STATUS_SUCCESS


@value_type
class Response:
    """The envelope alone.

    In OIOSAML it is unsigned on success (R3-IDP-02): nothing in it is trusted that the assertion does not say too.
    """

    id: MessageId
    issue_instant: datetime
    status: Status
    issuer: EntityId | None = None
    in_response_to: MessageId | None = None
    destination: str | None = None
    version: str = "2.0"


@value_type
class Answer:
    """An opened response.

    `assertion` stands on a verified signature. The envelope does only if `envelope_signer` is set; a refusal without
    it is hearsay.
    """

    envelope: Response
    envelope_signer: str | None
    assertion: Verified[Assertion] | None


def read_response(element: _Element) -> Response:
    """Read the envelope of a samlp:Response whose structure was checked; what it holds is opened elsewhere.

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, or `xml.schema`.
    """
    refuse_other_version(element)
    issuer = child_text(element, NS_SAML, "Issuer")
    in_response_to = element.get("InResponseTo")
    return Response(
        id=MessageId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        status=read_status(required_child(element, NS_SAMLP, "Status")),
        issuer=None if issuer is None else EntityId(issuer),
        in_response_to=None if in_response_to is None else MessageId(in_response_to),
        destination=element.get("Destination"),
    )


def write_response(response: Response, *content: NewElement) -> NewElement:
    """Write the envelope, unsigned, round `content`: an Assertion, an EncryptedAssertion, or nothing for a refusal.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    element = build(
        NS_SAMLP,
        "Response",
        {
            "ID": response.id,
            "Version": response.version,
            "IssueInstant": format_instant(response.issue_instant),
            "Destination": response.destination,
            "InResponseTo": response.in_response_to,
        },
        prefixes=("samlp", "saml"),
    )
    if response.issuer is not None:
        element.write(write_issuer(response.issuer), declares=SAML)
    element.write(write_status(response.status))
    for each in content:
        element.append(each)
    return element


def write_encrypted_assertion(encrypted_data: NewElement) -> NewElement:
    """Wrap an xenc:EncryptedData as a saml:EncryptedAssertion (SAML Core 2.3.4)."""
    element = build(NS_SAML, "EncryptedAssertion", prefixes=("saml",))
    element.append(encrypted_data)
    return element


def read_status(element: _Element) -> Status:
    """Read a samlp:Status whose structure was checked.

    Raises:
        SamlError: `xml.text` or `xml.schema`.
    """
    code = required_child(element, NS_SAMLP, "StatusCode")
    second = child(code, NS_SAMLP, "StatusCode")
    return Status(
        code=required(code, "Value"),
        second_code=None if second is None else required(second, "Value"),
        message=child_text(element, NS_SAMLP, "StatusMessage"),
    )


def write_status(status: Status) -> str:
    """Write the samlp:Status of a response of whatever kind.

    Raises:
        UnwritableText: if the message holds what XML cannot.
    """
    second = "" if status.second_code is None else _write_status_code(status.second_code)
    message = "" if status.message is None else tagged("samlp:StatusMessage", status.message)
    return f"<samlp:Status>{_write_status_code(status.code, second)}{message}</samlp:Status>"


def _write_status_code(code: str, second: str = "") -> str:
    return f"<samlp:StatusCode{attribute('Value', code)}>{second}</samlp:StatusCode>"
