"""SAML metadata of one entity (SAML Metadata 2), reduced to what this federation uses.

Lines are kept so that findings can point.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oiosaml.ids import EntityId
from oiosaml.keys import VerificationKey
from oiosaml.uris import NAME_FORMAT_URI


@dataclass(frozen=True, slots=True)
class MetadataProblem:
    """Something that could not be read; reading goes on, and a rule reports it. `key` is the refusal it leads to."""

    key: str
    detail: str
    line: int | None = None
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a message goes. `response_location` is where answers go when it differs (SAML Metadata 2.2.2)."""

    binding: str
    location: str
    response_location: str | None = None
    index: int | None = None
    is_default: bool = False
    line: int | None = None

    @property
    def takes_responses_at(self) -> str:
        """The ResponseLocation where there is one, else the Location (SAML Metadata 2.2.2)."""
        return self.location if self.response_location is None else self.response_location


@dataclass(frozen=True, slots=True)
class KeyDescriptor:
    """A key and what it is for; `use` None counts for both (SAML Metadata 2.4.1.1)."""

    use: str | None
    key: VerificationKey | None
    encryption_methods: tuple["MetadataEncryptionMethod", ...] = ()
    problem: str | None = None
    """Why the key could not be read; never a copy of what stood there, which may be a secret (attack MD-08)."""
    mend: str | None = None
    """What to do about the problem, where it is a known one."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class MetadataEncryptionMethod:
    """An md:EncryptionMethod: what the key's owner can decrypt."""

    algorithm: str
    digest_method: str | None = None
    mgf: str | None = None


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """An attribute the system asks for (SAML Metadata 2.4.4.2)."""

    name: str
    name_format: str | None
    is_required: bool
    friendly_name: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """Whom to call."""

    contact_type: str
    email_addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpRole:
    """An SPSSODescriptor."""

    authn_requests_signed: bool
    want_assertions_signed: bool
    keys: tuple[KeyDescriptor, ...]
    name_id_formats: tuple[str, ...]
    assertion_consumer_services: tuple[Endpoint, ...]
    single_logout_services: tuple[Endpoint, ...] = ()
    requested_attributes: tuple[RequestedAttribute, ...] = ()
    """Those of the default AttributeConsumingService, or of the first."""
    has_attribute_consuming_service: bool = False
    service_name: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class IdpRole:
    """An IDPSSODescriptor."""

    want_authn_requests_signed: bool
    keys: tuple[KeyDescriptor, ...]
    name_id_formats: tuple[str, ...]
    single_sign_on_services: tuple[Endpoint, ...]
    single_logout_services: tuple[Endpoint, ...] = ()
    attribute_names: tuple[str, ...] = ()
    attribute_name_format: str = NAME_FORMAT_URI
    """What is written for them; not read."""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class AttributeAuthorityRole:
    """An AttributeAuthorityDescriptor."""

    keys: tuple[KeyDescriptor, ...]
    attribute_services: tuple[Endpoint, ...]
    name_id_formats: tuple[str, ...] = ()
    attribute_names: tuple[str, ...] = ()
    line: int | None = None


@dataclass(frozen=True, slots=True)
class EntityDescriptor:
    """One entity with the roles it has."""

    entity_id: EntityId
    valid_until: datetime | None
    sp: SpRole | None
    idp: IdpRole | None
    attribute_authority: AttributeAuthorityRole | None
    contacts: tuple[ContactPerson, ...] = ()
    signature_present: bool = False
    organization_name: str | None = None
    id: str | None = None
    cache_duration: timedelta | None = None
    """How long the publisher wants a copy used before it is fetched again; None for what is not said in days and smaller units."""
    unread_cache_duration: str | None = None
    """What stands there instead of such a duration."""
    line: int | None = None
    problems: tuple[MetadataProblem, ...] = ()
    """What could not be read inside, in document order."""
    unspoken: tuple[str, ...] = ()
    """Role descriptors that are there, but not for SAML 2.0."""

    def has_expired(self, at: datetime) -> bool:
        """Tell whether the metadata may not be used any more; no skew, for expiry is a revocation (attack MD-02)."""
        return self.valid_until is not None and self.valid_until <= at


@dataclass(frozen=True, slots=True)
class MetadataDocument:
    """Metadata as it came, before any rule was asked. `entity` is None if not even an entity could be found."""

    entity: EntityDescriptor | None
    problems: tuple[MetadataProblem, ...] = ()


def endpoint_by(endpoints: tuple[Endpoint, ...], bindings: tuple[str, ...]) -> Endpoint | None:
    """Give the first endpoint of the first binding that any has; `bindings` stand in the order they are wished for."""
    return next((each for binding in bindings for each in endpoints if each.binding == binding), None)


def signing_keys(keys: tuple[KeyDescriptor, ...]) -> tuple[VerificationKey, ...]:
    """The keys whose signatures count (SAML Metadata 2.4.1.1; attack SIG-07), and behind them the barred ones, to be refused by name."""
    found = [k.key for k in keys if k.key is not None and k.use in (None, "signing")]
    return tuple(sorted(found, key=lambda key: key.barred is not None))


def encryption_keys(keys: tuple[KeyDescriptor, ...]) -> tuple[KeyDescriptor, ...]:
    """The key descriptors one may encrypt to; a barred key is none of them."""
    return tuple(k for k in keys if k.key is not None and k.key.barred is None and k.use in (None, "encryption"))


def wants_encryption(keys: tuple[KeyDescriptor, ...]) -> bool:
    """Tell whether there is a key for encryption, be it barred or unreadable: who has lost one did not ask to be written to in clear."""
    return any(k.use in (None, "encryption") for k in keys)
