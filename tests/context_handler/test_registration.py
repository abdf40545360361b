"""Who may join, who is refused, and that a refusal changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from context_handler.registration import Registrar
from context_handler.store.registrations import RegistrationStore, RegistryChangedError
from federation.documents import Kind
from federation.load import export_world, load_world, read_parties
from federation.model import SIMULATED_CONTEXT_HANDLER, Authority, RoleCatalogue, World
from federation.problems import FederationError
from federation.roles import SystemRole
from oiosaml.errors import SamlError
from oiosaml.ids import DEFAULT_WORKSPACE, EntityId, WorkspaceId
from oiosaml.rules.rule import RuleViolation
from tests.builders import IDP, KORSBAEK, NOW, SYSTEM
from tests.conftest import make_member
from tests.context_handler.federation_rig import (
    OTHER_OWNER,
    FederationRig,
    a_service,
    a_system,
    a_world,
    an_idp,
    make_federation_rig,
    system_metadata,
)

OWN = EntityId("https://saml.own.sim.test")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[FederationRig]:
    made = make_federation_rig(tmp_path)
    made.registrar.open_world(a_world(), NOW)
    yield made
    made.database.close()


def test_opens_an_empty_store_with_the_world(rig: FederationRig) -> None:
    assert rig.registry().world() == a_world()


def test_opening_again_keeps_what_was_registered_since(rig: FederationRig) -> None:
    rig.registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    rig.registrar.open_world(a_world(), NOW)
    assert rig.registry().system(OWN) is not None


def test_opening_again_renews_the_metadata_of_simulated_parties_only(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True),)), NOW)
    fresh = system_metadata(key="system", acs="https://moved.sim.test/acs")
    others = an_idp(metadata=b"not metadata")
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True, metadata=fresh),), idps=(others,)), NOW)
    system, idp = rig.registry().system(SYSTEM), rig.registry().idp(IDP)
    assert system is not None and system.registration.metadata == fresh
    assert idp is not None and idp.registration == an_idp()
    rig.database.close()


def test_registers_a_system_and_gives_what_the_rules_advise(rig: FederationRig) -> None:
    findings = rig.registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    registered = rig.registry().system(OWN)
    assert registered is not None and registered.keys == (make_member("system").verification,)
    assert "SPM-21" in {finding.rule_id for finding in findings}
    stored = [r for r in rig.registrations.world(DEFAULT_WORKSPACE).registrations if r.key == OWN]
    assert stored[0].findings == findings


def test_a_new_cvr_number_becomes_an_authority_by_the_metadatas_organisation(rig: FederationRig) -> None:
    rig.registrar.register(World(systems=(a_system(entity_id=OWN, id="own", cvr=OTHER_OWNER),)), NOW)
    assert rig.registry().organisation_name(OTHER_OWNER) == "Egen Leverandør"


def test_refuses_metadata_that_breaks_a_must_and_stores_nothing(rig: FederationRig) -> None:
    before = rig.registrations.revision(DEFAULT_WORKSPACE)
    broken = a_system(entity_id=OWN, id="own", metadata=system_metadata(OWN, acs="ftp://own.sim.test/acs"))
    with pytest.raises(RuleViolation) as refused:
        rig.registrar.register(World(systems=(broken,)), NOW)
    assert refused.value.code == "md.endpoint"
    assert rig.registrations.revision(DEFAULT_WORKSPACE) == before


def test_refuses_all_of_a_document_when_one_party_is_broken(rig: FederationRig) -> None:
    good = a_system(entity_id=OWN, id="own")
    broken = an_idp(entity_id=EntityId("https://saml.idp.broken.test"), id="broken", metadata=b"<x/>")
    with pytest.raises(RuleViolation):
        rig.registrar.register(World(systems=(good,), idps=(broken,)), NOW)
    assert rig.registry().system(OWN) is None


def test_refuses_metadata_of_another_party(rig: FederationRig) -> None:
    with pytest.raises(RuleViolation) as refused:
        rig.registrar.register(
            World(systems=(a_system(entity_id=OWN, id="own", metadata=system_metadata(SYSTEM)),)), NOW
        )
    assert refused.value.findings[0].rule_id == "REG-02"


def test_md_06_refuses_an_entity_id_that_is_taken(rig: FederationRig) -> None:
    with pytest.raises(SamlError) as refused:
        rig.registrar.register(World(systems=(a_system(),)), NOW)
    assert refused.value.refusal.key == "md.conflict"
    assert "--replace" in refused.value.detail and "?replace=true" in refused.value.detail


def test_md_06_refuses_another_organisation_that_takes_over_an_entity_id(rig: FederationRig) -> None:
    taking = a_system(cvr=OTHER_OWNER, metadata=system_metadata(SYSTEM, key="stranger"))
    with pytest.raises(SamlError) as refused:
        rig.registrar.register(World(systems=(taking,)), NOW, replacing=True)
    assert refused.value.refusal.key == "md.conflict"
    assert f"for CVR {OTHER_OWNER}, expected its owner {KORSBAEK}" in refused.value.detail
    assert "nsis sp remove byggesag, at the API DELETE /_sim/api/systems/byggesag" in refused.value.detail


def test_refuses_an_entity_id_of_another_kind_of_party(rig: FederationRig) -> None:
    with pytest.raises(RuleViolation) as refused:
        rig.registrar.register(World(systems=(a_system(entity_id=IDP, id="own"),)), NOW)
    assert refused.value.findings[0].rule_id == "REG-01"


def test_refuses_a_second_attribute_service_for_one_organisation(rig: FederationRig) -> None:
    second = a_service(entity_id=EntityId("https://saml.attributter.own.test"), id="own")
    with pytest.raises(RuleViolation):
        rig.registrar.register(World(attribute_services=(second,)), NOW)


def test_the_owner_replaces_its_own_system(rig: FederationRig) -> None:
    rig.registrar.register(World(systems=(a_system(name="Byggesag 2"),)), NOW, replacing=True)
    system = rig.registry().system(SYSTEM)
    assert system is not None and system.registration.name == "Byggesag 2"
    assert len(rig.registry().systems()) == 1


def test_switches_off_even_a_party_whose_metadata_no_longer_keeps_the_rules(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(), NOW)
    late = NOW.replace(year=2150)
    rig.registrar.set_enabled(a_system(), enabled=False, at=late)
    system = rig.registry().system(SYSTEM)
    assert system is not None and not system.registration.enabled
    with pytest.raises(RuleViolation):
        rig.registrar.set_enabled(a_system(), enabled=True, at=late)
    rig.database.close()


def test_removes_a_party(rig: FederationRig) -> None:
    rig.registrar.remove(Kind.SYSTEM, SYSTEM)
    assert rig.registry().system(SYSTEM) is None


def test_does_not_remove_what_others_name(rig: FederationRig) -> None:
    role = SystemRole("http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1", "Sagsbehandler", SYSTEM)
    rig.registrar.register(World(system_roles=(role,)), NOW)
    with pytest.raises(SamlError) as refused:
        rig.registrar.remove(Kind.SYSTEM, SYSTEM)
    assert refused.value.refusal.key == "md.conflict:in-use"
    assert f"which is named by system_roles {role.entity_id}; change" in refused.value.detail
    assert rig.registry().system(SYSTEM) is not None


def test_who_names_a_party_is_told_by_its_id_and_the_rest_is_counted(rig: FederationRig) -> None:
    bound = tuple(a_system(entity_id=EntityId(f"{OWN}/{i}"), id=f"own-{i}", idps=(IDP,)) for i in range(5))
    rig.registrar.register(World(systems=bound), NOW)
    with pytest.raises(SamlError, match=r"named by systems own-0, systems own-1, systems own-2 and 2 more; change"):
        rig.registrar.remove(Kind.IDP, IDP)


def test_what_is_exported_is_imported_the_same(rig: FederationRig) -> None:
    assert load_world(export_world(rig.registrar.export())) == rig.registrar.export()


def exported_parties(rig: FederationRig) -> World:
    return read_parties(export_world(rig.registrar.export()), rig.registrar.played).world


def test_what_is_exported_is_registered_again_with_the_metadata_of_whom_the_simulator_plays(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True),)), NOW)
    before = rig.registry().world()
    additions = exported_parties(rig)
    assert additions.systems[0].metadata == b""
    rig.registrar.register(additions, NOW, replacing=True)
    assert rig.registry().world() == before
    rig.database.close()


def test_a_deleted_party_that_the_simulator_plays_is_registered_again_without_metadata(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True),)), NOW)
    additions = exported_parties(rig)
    rig.registrar.remove(Kind.SYSTEM, SYSTEM)
    rig.registrar.register(additions, NOW, replacing=True)
    system = rig.registry().system(SYSTEM)
    assert system is not None and system.registration == a_system(simulated=True)
    rig.database.close()


def test_an_old_export_does_not_put_the_simulator_back_in_the_place_of_a_real_system(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True),)), NOW)
    additions, real = exported_parties(rig), a_system(metadata=system_metadata(key="own"))
    rig.registrar.register(World(systems=(real,)), NOW, replacing=True)
    assert SYSTEM not in rig.registrar.played()
    with pytest.raises(RuleViolation):
        rig.registrar.register(additions, NOW, replacing=True)
    system = rig.registry().system(SYSTEM)
    assert system is not None and system.registration == real
    rig.database.close()


def test_advice_about_metadata_that_the_simulator_wrote_is_not_given(tmp_path: Path) -> None:
    rig = make_federation_rig(tmp_path)
    rig.registrar.open_world(a_world(systems=(a_system(simulated=True),), idps=(), attribute_services=()), NOW)
    assert rig.registrar.register(exported_parties(rig), NOW, replacing=True) == ()
    own = World(systems=(a_system(entity_id=OWN, id="own", metadata=system_metadata(OWN, key="own")),))
    assert rig.registrar.register(own, NOW, replacing=True) != ()
    rig.database.close()


def test_only_parties_that_the_simulator_plays_are_registered_without_metadata(rig: FederationRig) -> None:
    assert rig.registrar.played() == ()
    for entity_id in (SYSTEM, OWN):  # registered with metadata of its own, and not registered at all
        additions = World(systems=(a_system(entity_id=entity_id, metadata=b"", simulated=True),))
        with pytest.raises(FederationError, match="metadata is missing"):
            read_parties(export_world(additions), rig.registrar.played)
        with pytest.raises(RuleViolation):
            rig.registrar.register(additions, NOW, replacing=True)


class InterruptedOnce:
    """The store of `rig`, into which somebody else writes just before the first change."""

    def __init__(self, store: RegistrationStore, interrupt: Callable[[], object]) -> None:
        self.revision, self.world = store.revision, store.world
        self._store = store
        self._interrupts = [interrupt]

    def change(self, workspace: WorkspaceId, **what: Any) -> int:
        while self._interrupts:
            self._interrupts.pop()()
        return self._store.change(workspace, **what)


def test_decides_anew_when_somebody_else_changed_the_registrations(rig: FederationRig, tmp_path: Path) -> None:
    other = make_federation_rig(tmp_path)
    newcomer = World(authorities=(Authority("ny", "Ny", OTHER_OWNER),))
    store = InterruptedOnce(rig.registrations, lambda: other.registrar.register(newcomer, NOW))
    registrar = Registrar(store, rig.registry, DEFAULT_WORKSPACE, context_handler=SIMULATED_CONTEXT_HANDLER)
    registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    assert rig.registry().system(OWN) is not None
    assert rig.registry().organisation_name(OTHER_OWNER) == "Ny"
    other.database.close()


def test_a_change_by_another_process_counts_at_the_next_visit(rig: FederationRig, tmp_path: Path) -> None:
    assert rig.registry().system(OWN) is None
    other = make_federation_rig(tmp_path)
    other.registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    assert rig.registry().system(OWN) is not None
    other.database.close()


def test_refuses_a_change_that_rests_on_an_old_view(rig: FederationRig) -> None:
    seen = rig.registrations.revision(DEFAULT_WORKSPACE)
    rig.registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    with pytest.raises(RegistryChangedError):
        rig.registrations.change(DEFAULT_WORKSPACE, seen_revision=seen, put=(), remove=((Kind.SYSTEM, OWN),))
    assert rig.registry().system(OWN) is not None


def test_metadata_is_read_once_for_as_long_as_the_registration_stands(rig: FederationRig) -> None:
    before = rig.registry().idp(IDP)
    rig.registrar.register(World(systems=(a_system(entity_id=OWN, id="own"),)), NOW)
    assert rig.registry().idp(IDP) is before
    rig.registrar.register(World(idps=(replace(an_idp(), name="Nyt navn"),)), NOW, replacing=True)
    after = rig.registry().idp(IDP)
    assert after is not before and after is not None and after.registration.cvrs == (KORSBAEK,)


@pytest.mark.parametrize("url", ["https://roller.own.test", "http://localhost:9000"])
def test_a_role_catalogue_needs_no_metadata(rig: FederationRig, url: str) -> None:
    service = a_service(role_catalogue=RoleCatalogue(url), metadata=b"")
    rig.registrar.register(World(attribute_services=(service,)), NOW, replacing=True)
    found = rig.registry().attribute_service_for(service.cvrs[0])
    assert found is not None and found.registration == service and found.keys == ()


@pytest.mark.parametrize("url", ["http://roller.own.test", "ftp://roller.own.test", "https://user@roller.own.test"])
def test_a_role_catalogue_at_an_unsafe_address_is_refused(rig: FederationRig, url: str) -> None:
    service = a_service(role_catalogue=RoleCatalogue(url), metadata=b"")
    with pytest.raises(RuleViolation) as refused:
        rig.registrar.register(World(attribute_services=(service,)), NOW, replacing=True)
    assert refused.value.findings[0].rule_id == "REG-03" and refused.value.code == "md.endpoint"
