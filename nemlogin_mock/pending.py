"""What waits at NemLog-in while a person is at a local IdP."""

from dataclasses import dataclass
from datetime import datetime

from nemlogin_mock.inbound import InboundRequest
from oiosaml.ids import EntityId


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """One login, bound to the browser that began it; the client's request is verified anew when the answer comes."""

    inbound: InboundRequest
    browser: str
    idp: EntityId
    asked_at: datetime
