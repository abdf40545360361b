"""The services connected to NemLog-in: what they have uploaded, examined before each use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from federation.nemlogin import NemLogInClient
from federation.sp_face import SpFace, read_sp_face
from oiosaml.attributes import CPR_NUMBER, CPR_UUID, PRIVILEGES_INTERMEDIATE
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.messages.metadata import MetadataDocument
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.nemlogin_client import NEMLOGIN_CLIENT_RULES
from oiosaml.rules.rule import RuleViolation, enforce

WITHHELD_FROM_PRIVATE = frozenset({PRIVILEGES_INTERMEDIATE, CPR_NUMBER, CPR_UUID})
"""What a private service is not told. The sources name rights and CPR number; that its UUID goes with it is our choice."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client whose metadata keeps the terms."""

    registration: NemLogInClient
    face: SpFace
    attribute_names: frozenset[str]
    """What it may be told: what its metadata asks for, less what is withheld from it."""


class Clients:
    """Who is connected."""

    def __init__(self, clients: Iterable[NemLogInClient]) -> None:
        """Read what they have uploaded; whether it will do is asked at each use."""
        self._clients = {each.entity_id: (each, read_metadata(each.metadata)) for each in clients}

    def __iter__(self) -> Iterator[NemLogInClient]:
        return (registration for registration, _ in self._clients.values())

    def connected(self, entity_id: EntityId | None, *, at: datetime) -> Client:
        """Give the client of that entityID.

        Raises:
            SamlError: `req.unknown-sp:nemlogin` if there is none, `md.rule:nemlogin` if its metadata breaks the terms.
        """
        found = None if entity_id is None else self._clients.get(entity_id)
        if found is None:
            raise SamlError(
                "req.unknown-sp:nemlogin", f"got {entity_id!r:.200}, expected the entityID of a connected service"
            )
        registration, document = found
        try:
            enforce(NEMLOGIN_CLIENT_RULES, document, MetadataExpectations(at, registration.cvr))
        except RuleViolation as error:
            raise SamlError("md.rule:nemlogin", error.detail) from error
        return _client(registration, document)


def _client(registration: NemLogInClient, document: MetadataDocument) -> Client:
    if document.entity is None or document.entity.sp is None:
        raise RuntimeError("the rules were not put to this metadata")
    if document.entity.entity_id != registration.entity_id:
        raise SamlError(
            "md.rule:nemlogin", f"got {document.entity.entity_id!r:.200}, expected {registration.entity_id}"
        )
    asked = frozenset(each.name for each in document.entity.sp.requested_attributes)
    withheld = WITHHELD_FROM_PRIVATE if registration.private else frozenset()
    return Client(registration, read_sp_face(document.entity), asked - withheld)
