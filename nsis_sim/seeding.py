"""The world in the store: an empty store is filled from federation.yaml; later starts only renew the metadata that the simulator writes."""

import json
from collections.abc import Iterator
from dataclasses import replace

from context_handler.store.registrations import RegistrationStore, RegistryChangedError, StoredRegistration
from federation.documents import Kind, Registration, from_document, key_of, kind_of, to_document
from federation.model import AttributeService, HomeIdp, UserFacingSystem, World
from oiosaml.ids import WorkspaceId


def fill_or_renew(store: RegistrationStore, workspace: WorkspaceId, world: World) -> None:
    """Bring the registrations in step with this start; what was registered, changed or switched off since the first start stays so.

    Raises:
        SamlError: `web.unavailable` if the store cannot be used.
    """
    while True:
        stored = store.world(workspace)
        known = {(each.kind, each.key): each for each in stored.registrations}
        put = tuple(_renewed(world, known)) if stored.revision else tuple(_stored(each) for each in _registrations(world))
        if not put:
            return
        try:
            store.change(workspace, seen_revision=stored.revision, put=put)
        except RegistryChangedError:
            continue  # another process started at the same moment and was first
        return


def _registrations(world: World) -> Iterator[Registration]:
    for kind in Kind:
        yield from getattr(world, kind.value)


def _stored(registration: Registration) -> StoredRegistration:
    text = json.dumps(to_document(registration), ensure_ascii=False, sort_keys=True)
    return StoredRegistration(kind_of(registration), key_of(registration), text)


def _renewed(world: World, known: dict[tuple[Kind, str], StoredRegistration]) -> Iterator[StoredRegistration]:
    played: tuple[HomeIdp | UserFacingSystem | AttributeService, ...] = (*world.idps, *world.systems, *world.attribute_services)
    for party in played:
        before = known.get((kind_of(party), key_of(party)))
        if not party.simulated or before is None:
            continue
        registered = from_document(before.kind, json.loads(before.document))
        if not isinstance(registered, HomeIdp | UserFacingSystem | AttributeService) or not registered.simulated:
            continue
        after = _stored(replace(registered, metadata=party.metadata))
        if after.document != before.document:
            yield replace(after, findings=before.findings)
