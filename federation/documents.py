"""Registrations as JSON documents: what the store keeps, what the API takes, what federation.yaml is made of. Lossless both ways."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pydantic import Field, ValidationError

from federation.document_fields import STORED, Document
from federation.document_nemlogin import NemLogInDocument
from federation.document_parties import (
    AttributeServiceDocument,
    AuthorityDocument,
    ContextHandlerDocument,
    IdpDocument,
    SystemDocument,
)
from federation.document_roles import (
    ConstraintTypeDocument,
    JobFunctionRoleDocument,
    PersonDocument,
    SystemRoleDocument,
)
from federation.document_translation import TranslationTableDocument
from federation.model import SIMULATED_CONTEXT_HANDLER, AttributeService, Authority, HomeIdp, UserFacingSystem, World
from federation.nemlogin import LocalIdp, NemLogInClient
from federation.person import Person
from federation.problems import FederationError, Problem, problems_of_validation
from federation.roles import ConstraintType, JobFunctionRole, SystemRole
from federation.translation.table import TranslationTable
from oiosaml.eid import CredentialType, IdType
from oiosaml.nsis import AssuranceLevel

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
Registration: TypeAlias = (
    Authority
    | HomeIdp
    | UserFacingSystem
    | AttributeService
    | ConstraintType
    | SystemRole
    | JobFunctionRole
    | TranslationTable
    | Person
)


class Kind(StrEnum):
    """The kinds of registration, under the names that federation.yaml gives their lists."""

    AUTHORITY = "authorities"
    IDP = "idps"
    SYSTEM = "systems"
    ATTRIBUTE_SERVICE = "attribute_services"
    CONSTRAINT_TYPE = "constraint_types"
    SYSTEM_ROLE = "system_roles"
    JOB_FUNCTION_ROLE = "job_function_roles"
    TRANSLATION = "translations"
    PERSON = "people"


class WorldDocument(Document):
    """The whole federation: who is in it, with which roles, and which invented people can log in."""

    context_handler: ContextHandlerDocument | None = None
    """The broker; the simulator's own, if left out."""
    nemlogin: NemLogInDocument | None = None
    """NemLog-in, if the simulator plays it."""
    authorities: tuple[AuthorityDocument, ...] = Field(default=())
    """Municipalities and other organisations."""
    idps: tuple[IdpDocument, ...] = ()
    """The municipalities' IdPs."""
    systems: tuple[SystemDocument, ...] = ()
    """User-facing systems (brugervendte systemer)."""
    attribute_services: tuple[AttributeServiceDocument, ...] = ()
    """Attribute services of municipalities whose IdP does not know roles."""
    constraint_types: tuple[ConstraintTypeDocument, ...] = ()
    """Types of data constraint (dataafgrænsningstyper)."""
    system_roles: tuple[SystemRoleDocument, ...] = ()
    """User system roles (brugersystemroller): the rights that the systems know."""
    job_function_roles: tuple[JobFunctionRoleDocument, ...] = ()
    """Job function roles (jobfunktionsroller): the roles that the municipalities give."""
    translations: tuple[TranslationTableDocument, ...] = ()
    """Tables that put a system's roles into the words of the authority behind it."""
    people: tuple[PersonDocument, ...] = ()
    """Invented people. Never a real name or CPR number."""

    def to_model(self) -> World:
        """Give the value."""
        return World(
            authorities=tuple(d.to_model() for d in self.authorities),
            idps=tuple(d.to_model() for d in self.idps),
            systems=tuple(d.to_model() for d in self.systems),
            attribute_services=tuple(d.to_model() for d in self.attribute_services),
            constraint_types=tuple(d.to_model() for d in self.constraint_types),
            system_roles=tuple(d.to_model() for d in self.system_roles),
            job_function_roles=tuple(d.to_model() for d in self.job_function_roles),
            translations=tuple(d.to_model() for d in self.translations),
            people=tuple(d.to_model() for d in self.people),
            context_handler=self.context_handler.to_model() if self.context_handler else SIMULATED_CONTEXT_HANDLER,
            nemlogin=self.nemlogin.to_model() if self.nemlogin else None,
        )


_DOCUMENTS: Final[Mapping[Kind, Any]] = MappingProxyType(
    {
        Kind.AUTHORITY: AuthorityDocument,
        Kind.IDP: IdpDocument,
        Kind.SYSTEM: SystemDocument,
        Kind.ATTRIBUTE_SERVICE: AttributeServiceDocument,
        Kind.CONSTRAINT_TYPE: ConstraintTypeDocument,
        Kind.SYSTEM_ROLE: SystemRoleDocument,
        Kind.JOB_FUNCTION_ROLE: JobFunctionRoleDocument,
        Kind.TRANSLATION: TranslationTableDocument,
        Kind.PERSON: PersonDocument,
    }
)

_KINDS: Final[Mapping[type, Kind]] = MappingProxyType(
    {
        Authority: Kind.AUTHORITY,
        HomeIdp: Kind.IDP,
        UserFacingSystem: Kind.SYSTEM,
        AttributeService: Kind.ATTRIBUTE_SERVICE,
        ConstraintType: Kind.CONSTRAINT_TYPE,
        SystemRole: Kind.SYSTEM_ROLE,
        JobFunctionRole: Kind.JOB_FUNCTION_ROLE,
        TranslationTable: Kind.TRANSLATION,
        Person: Kind.PERSON,
    }
)


def kind_of(registration: Registration) -> Kind:
    """Tell which kind of registration it is."""
    return _KINDS[type(registration)]


def key_of(registration: Registration) -> str:
    """Give the key under which a registration is looked up: the entityID or URI, an authority's CVR, a person's id, a table's target."""
    match registration:
        case Authority():
            return registration.cvr
        case Person():
            return registration.id
        case TranslationTable():
            return registration.target
        case _:
            return registration.entity_id


def to_document(registration: Registration) -> dict[str, Json]:
    """Give the JSON document of a registration; keys that would only say their default are left out."""
    return _mapping(registration)


def from_document(kind: Kind, document: Mapping[str, Json]) -> Registration:
    """Give the registration of a JSON document.

    Raises:
        FederationError: with everything that is wrong in it; also if an IdP, a system or an attribute service brings no metadata.
    """
    return _registration(kind, document, None)


def from_stored(kind: Kind, document: Mapping[str, Json]) -> Registration:
    """Give the registration of a document that `from_document` let in once, maybe when names had no limits yet: what misleads is left out.

    Raises:
        FederationError: as `from_document`.
    """
    return _registration(kind, document, STORED)


def _registration(kind: Kind, document: Mapping[str, Json], context: Mapping[str, bool] | None) -> Registration:
    model = _DOCUMENTS[kind]
    try:
        read = model.model_validate(dict(document), context=context)
    except ValidationError as error:
        raise FederationError(problems_of_validation(error, model)) from error
    if kind in {Kind.IDP, Kind.SYSTEM, Kind.ATTRIBUTE_SERVICE} and read.metadata is None and not _by_rest(read):
        sentence = "the metadata is missing; put the party's SAML metadata under 'metadata'"
        raise FederationError((Problem(("metadata",), sentence),))
    registration: Registration = read.to_model()
    return registration


def _by_rest(read: Any) -> bool:  # noqa: ANN401 - any document of a party
    return isinstance(read, AttributeServiceDocument) and read.role_catalogue is not None


def blocks_of_a_start(world: World) -> dict[str, Json]:
    """Give the blocks that are no lists of registrations: who the simulator itself is, read from its file at every start."""
    blocks: dict[str, Json] = {"context_handler": _mapping(world.context_handler)}
    if world.nemlogin is not None:
        blocks["nemlogin"] = _mapping(world.nemlogin)
    return blocks


def world_to_document(world: World) -> dict[str, Json]:
    """Give the document of a whole world. Metadata that the simulator wrote itself is left out: it is written anew at every start."""
    document = blocks_of_a_start(world)
    for kind in Kind:
        registrations: tuple[Registration, ...] = getattr(world, kind.value)
        items: list[Json] = [_exported(registration) for registration in registrations]
        if items:
            document[kind.value] = items
    return document


def _exported(registration: Registration) -> dict[str, Json]:
    return _without_own_metadata(to_document(registration))


def _without_own_metadata(document: dict[str, Json]) -> dict[str, Json]:
    if document.pop("simulated", False):
        document.pop("metadata", None)
    return document


def _mapping(value: Any) -> dict[str, Json]:  # noqa: ANN401 - any dataclass of the model
    """Every dataclass of the model in the same way: a key for each field that says something and differs from its default."""
    document: dict[str, Json] = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if content is not None and (field.default is MISSING or content != field.default):
            document[field.name.rstrip("_")] = _json(content)  # `from` is no name that Python can use
    return document


def _json(value: Any) -> Json:  # noqa: ANN401 - any field of the model
    match value:
        case AssuranceLevel():
            return value.attribute_value
        case NemLogInClient() | LocalIdp():
            return _without_own_metadata(_mapping(value))
        case Enum():
            # ID and credential types are URIs in messages and words in documents.
            return (
                str(value.value).rpartition("/")[2] if isinstance(value, IdType | CredentialType) else str(value.value)
            )
        case bytes():
            return value.decode("utf-8")
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case tuple():
            return [_json(item) for item in value]
        case None | bool() | int() | str():
            return value
        case _:
            return _mapping(value)
