"""AttributeQuery (SAML Core 3.3.2.3) as the Context Handler sends it to a municipal attribute service (our choice, rules AS-01 to AS-07)."""

from dataclasses import dataclass
from datetime import datetime

from oiosaml.ids import EntityId, MessageId
from oiosaml.name_id import NameId


@dataclass(frozen=True, slots=True)
class AttributeQuery:
    """A question about one subject. No names means: everything you have (AS-06)."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str
    subject: NameId
    attribute_names: tuple[str, ...]
    target_user_system: EntityId | None = None
    version: str = "2.0"
