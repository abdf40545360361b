"""Registrations as they are kept: one JSON document each, and a revision that goes up with every change of a workspace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from federation.documents import Kind
from oiosaml.ids import WorkspaceId
from oiosaml.rules.rule import Finding


@dataclass(frozen=True, slots=True)
class StoredRegistration:
    """One registration. `findings` are what the rules said of its metadata when it was registered, none of them a broken MUST."""

    kind: Kind
    key: str
    document: str
    """JSON text in which the keys are sorted, so that equal registrations have equal texts."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredWorld:
    """Every registration of a workspace at one revision, in the order in which they were first made."""

    revision: int
    registrations: tuple[StoredRegistration, ...]


class RegistryChangedError(Exception):
    """Somebody else changed the registrations since they were read; read again and decide anew."""


class RegistrationStore(Protocol):
    """Durable registrations. Every method is one transaction."""

    def revision(self, workspace: WorkspaceId) -> int:
        """Give the number of the last change; 0 before the first. Cheap, since every visit asks."""
        ...

    def world(self, workspace: WorkspaceId) -> StoredWorld:
        """Give everything, with the revision it belongs to."""
        ...

    def change(
        self,
        workspace: WorkspaceId,
        *,
        seen_revision: int,
        put: Sequence[StoredRegistration],
        remove: Sequence[tuple[Kind, str]] = (),
    ) -> int:
        """Make every change or none, and give the new revision. Removal comes first; what is not there is not missed.

        Raises:
            RegistryChangedError: if the revision is no longer the one that was seen; then nothing was changed.
        """
        ...
