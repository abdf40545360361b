"""Response (SAML Core 3.3.3): the envelope round an assertion or a refusal."""

from dataclasses import dataclass
from datetime import datetime

from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.assertion import Assertion
from oiosaml.uris import STATUS_SUCCESS
from oiosaml.verified import Verified


@dataclass(frozen=True, slots=True)
class Status:
    """How a request went: top-level code, second-level code and a message for engineers (SAML Core 3.2.2.1)."""

    code: str
    second_code: str | None = None
    message: str | None = None

    @property
    def is_success(self) -> bool:
        """Tell whether the top-level code is Success."""
        return self.code == STATUS_SUCCESS


@dataclass(frozen=True, slots=True)
class Response:
    """The envelope alone. In OIOSAML it is unsigned on success (R3-IDP-02): nothing in it is trusted that the assertion does not say too."""

    id: MessageId
    issue_instant: datetime
    status: Status
    issuer: EntityId | None = None
    in_response_to: MessageId | None = None
    destination: str | None = None
    version: str = "2.0"


@dataclass(frozen=True, slots=True)
class Answer:
    """An opened response.

    `assertion` stands on a verified signature. The envelope does only if `envelope_signer` is set; a refusal without it is hearsay.
    """

    envelope: Response
    envelope_signer: str | None
    assertion: Verified[Assertion] | None
