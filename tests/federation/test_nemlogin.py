"""NemLog-in's part of federation.yaml: read, written back, and held to the rest of the world."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from federation.dev_ca import KeyRing
from federation.load import export_world, load_world
from federation.model import World
from federation.nemlogin import NemLogIn
from federation.nemlogin_parties import context_handler_as_client, with_clients
from federation.parties import with_own_metadata
from federation.references import problems_of_references
from federation.topology import Topology
from oiosaml.ids import Cvr, EntityId
from oiosaml.messages.metadata import encryption_keys, signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.nemlogin_client import NEMLOGIN_CLIENT_RULES
from oiosaml.rules.rule import examine
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, NAMEID_PERSISTENT, NAMEID_TRANSIENT
from tests.federation.conftest import AT


def nemlogin_of(world: World) -> NemLogIn:
    assert world.nemlogin is not None
    return world.nemlogin


def test_export_gives_back_the_same(shipped_world: World) -> None:
    assert load_world(export_world(shipped_world)) == shipped_world


def test_export_leaves_out_the_metadata_that_is_written_at_every_start(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    text = export_world(with_own_metadata(shipped_world, topology, key_ring))
    assert "EntityDescriptor" not in text


def test_nemlogins_metadata_has_its_own_shape(shipped_world: World, topology: Topology, key_ring: KeyRing) -> None:
    (idp,) = (p for p in with_own_metadata(shipped_world, topology, key_ring).idps if p.id == "nemlogin")
    entity = read_metadata(idp.metadata).entity
    assert entity is not None
    assert entity.entity_id == "https://saml.nemlogin.sim.test"
    assert entity.idp is not None
    assert [each.binding for each in entity.idp.single_sign_on_services] == [BINDING_REDIRECT]
    slo = entity.idp.single_logout_services
    assert [(each.binding, each.location) for each in slo] == [
        (binding, topology.nemlogin.slo_url) for binding in (BINDING_REDIRECT, BINDING_POST)
    ]
    assert entity.idp.name_id_formats == (NAMEID_TRANSIENT, NAMEID_PERSISTENT)
    assert encryption_keys(entity.idp.keys) == ()
    assert entity.idp.want_authn_requests_signed
    assert entity.attribute_authority is not None
    assert [each.binding for each in entity.attribute_authority.attribute_services] == [BINDING_SOAP]
    assert len(signing_keys(entity.attribute_authority.keys)) == 1


def test_its_own_clients_keep_its_terms(shipped_world: World, topology: Topology, key_ring: KeyRing) -> None:
    own = with_clients(shipped_world, topology, key_ring)
    assert own is not None
    for client in (context_handler_as_client(shipped_world, topology, key_ring), *own.clients):
        document = read_metadata(client.metadata)
        assert examine(NEMLOGIN_CLIENT_RULES, document, MetadataExpectations(AT)) == ()


def in_nemlogin(**changes: Any) -> Callable[[World], World]:
    return lambda world: replace(world, nemlogin=replace(nemlogin_of(world), **changes))


def with_identity(index: int, **changes: Any) -> Callable[[World], World]:
    def change(world: World) -> World:
        identities = list(nemlogin_of(world).identities)
        identities[index] = replace(identities[index], **changes)
        return in_nemlogin(identities=tuple(identities))(world)

    return change


def with_client(**changes: Any) -> Callable[[World], World]:
    def change(world: World) -> World:
        (client,) = nemlogin_of(world).clients
        return in_nemlogin(clients=(replace(client, **changes),))(world)

    return change


def with_local_idp(**changes: Any) -> Callable[[World], World]:
    def change(world: World) -> World:
        first, *others = nemlogin_of(world).local_idps
        return in_nemlogin(local_idps=(replace(first, **changes), *others))(world)

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (in_nemlogin(entity_id_towards_idps=EntityId("https://saml.nemlogin.sim.test")), "both faces have one name"),
        (in_nemlogin(entity_id_towards_idps=EntityId("https://saml.nemlog-in.dk/x")), "only under its own names"),
        (in_nemlogin(entity_id=EntityId("https://saml.nemlogin2.sim.test")), "plays one NemLog-in only"),
        (with_identity(1, id="sif-oernhoej"), "is already taken further up"),
        (with_identity(0, cvr=None), "a Professional has a CVR number"),
        (with_identity(6, cvr=Cvr("97100015")), "a Person has none"),
        (with_identity(0, cvr=Cvr("12345678")), "no authority has the CVR number 12345678"),
        (with_identity(0, local_user_ids=("ane-holm@korsbaek.nemlogin.sim.test",)), "already names another user"),
        (with_client(id="byggesag"), "systems and clients share their addresses"),
        (with_client(entity_id=EntityId("https://saml.ch.sim.test/runtime")), "is already taken"),
        (with_client(cvr=Cvr("12345678")), "no authority has the CVR number 12345678"),
        (with_local_idp(id="korsbaek"), "IdPs and local IdPs share their addresses"),
        (with_local_idp(cvrs=(Cvr("12345678"),)), "no authority has the CVR number 12345678"),
    ],
)
def test_what_does_not_hold_together_is_said(
    shipped_world: World, change: Callable[[World], World], sentence: str
) -> None:
    problems = problems_of_references(change(shipped_world))
    assert any(sentence in problem.sentence for problem in problems), problems


def test_the_shipped_world_holds_together(shipped_world: World) -> None:
    assert problems_of_references(shipped_world) == ()


def test_a_world_without_nemlogin_has_no_place_for_it(shipped_world: World) -> None:
    idps = tuple(idp for idp in shipped_world.idps if idp.id != "nemlogin")
    assert problems_of_references(replace(shipped_world, nemlogin=None, idps=idps)) == ()
    with pytest.raises(KeyError):
        _ = Topology("http://localhost:8000").nemlogin
