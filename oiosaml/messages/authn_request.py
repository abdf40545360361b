"""AuthnRequest (SAML Core 3.4.1) as OIOSAML 3 and KOMBIT use it."""

from dataclasses import dataclass
from datetime import datetime

from oiosaml.ids import EntityId, MessageId
from oiosaml.nsis import AssuranceLevel, Comparison


@dataclass(frozen=True, slots=True)
class RequestedAuthnContext:
    """What strength of login is asked for (SAML Core 3.3.2.2.1). `comparison` is exact when the attribute is absent."""

    comparison: Comparison
    class_refs: tuple[str, ...]

    @property
    def levels(self) -> tuple[AssuranceLevel, ...]:
        """The NSIS levels among the class references, in order."""
        return tuple(level for uri in self.class_refs if (level := AssuranceLevel.from_uri(uri)) is not None)


@dataclass(frozen=True, slots=True)
class NameIdPolicy:
    """What kind of NameID is asked for (SAML Core 3.4.1.1)."""

    format: str | None
    allow_create: bool


@dataclass(frozen=True, slots=True)
class Scoping:
    """Which IdPs may answer and who asks behind the asker (SAML Core 3.4.1.2)."""

    proxy_count: int | None = None
    idp_list: tuple[EntityId, ...] = ()
    requester_ids: tuple[EntityId, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """A request to log a user in."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str | None = None
    assertion_consumer_service_url: str | None = None
    assertion_consumer_service_index: int | None = None
    protocol_binding: str | None = None
    force_authn: bool = False
    is_passive: bool = False
    requested_authn_context: RequestedAuthnContext | None = None
    name_id_policy: NameIdPolicy | None = None
    scoping: Scoping | None = None
    version: str = "2.0"
    issuer_format: str | None = None
    provider_name: str | None = None
    attribute_consuming_service_index: int | None = None
