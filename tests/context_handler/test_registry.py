"""The registry's view: each look-up by its own key, everything parsed, nothing invented."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from context_handler.registry import entry_of
from federation.roles import ConstraintKind, ConstraintType, JobFunctionRole, SystemRole
from oiosaml.ids import Cvr, EntityId
from tests.builders import ATTRIBUTE_SERVICE, IDP, JOB_FUNCTION_ROLE, KORSBAEK, NOW, SKOVRUP, SYSTEM, SYSTEM_ROLE
from tests.conftest import make_member
from tests.context_handler.federation_rig import FederationRig, a_system, a_world, make_federation_rig

KLE = "http://sts.kombit.dk/constraints/KLE/1"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[FederationRig]:
    made = make_federation_rig(tmp_path)
    made.registrar.open_world(
        a_world(
            constraint_types=(ConstraintType(KLE, "KLE", ConstraintKind.TEXT),),
            system_roles=(SystemRole(SYSTEM_ROLE, "Sagsbehandler", SYSTEM),),
            job_function_roles=(JobFunctionRole(JOB_FUNCTION_ROLE, "Byggesagsbehandler", KORSBAEK, ()),),
        ),
        NOW,
    )
    yield made
    made.database.close()


def test_finds_everything_under_its_key(rig: FederationRig) -> None:
    view = rig.registry()
    idp, system, service = view.idp(IDP), view.system(SYSTEM), view.attribute_service(ATTRIBUTE_SERVICE)
    assert idp is not None and idp.keys == (make_member("idp").verification,)
    assert system is not None and system.metadata.sp is not None
    assert service is not None and view.attribute_service_for(SKOVRUP) is service
    assert view.organisation_name(KORSBAEK) == "Korsbæk Kommune"
    assert [found.entity_id if found else None for found in (
        view.constraint_type(KLE), view.system_role(SYSTEM_ROLE), view.job_function_role(JOB_FUNCTION_ROLE)
    )] == [KLE, SYSTEM_ROLE, JOB_FUNCTION_ROLE]  # fmt: skip


def test_gives_none_for_what_is_not_there_nor_for_what_is_alike(rig: FederationRig) -> None:
    view = rig.registry()
    for alike in (EntityId(IDP + "/"), EntityId(IDP.upper()), SYSTEM, EntityId("")):
        assert view.idp(alike) is None
    assert view.attribute_service_for(KORSBAEK) is None
    assert view.organisation_name(Cvr("00000000")) is None


def test_a_disabled_party_is_given(rig: FederationRig) -> None:
    rig.registrar.set_enabled(a_system(), enabled=False, at=NOW)
    system = rig.registry().system(SYSTEM)
    assert system is not None and not system.registration.enabled


def test_a_view_does_not_change_under_a_visit(rig: FederationRig) -> None:
    view = rig.registry()
    rig.registrar.set_enabled(a_system(), enabled=False, at=NOW)
    system = view.system(SYSTEM)
    assert system is not None and system.registration.enabled


def test_the_same_view_is_given_until_something_changes(rig: FederationRig) -> None:
    assert rig.registry() is rig.registry()


def test_a_party_whose_metadata_cannot_be_read_any_more_has_no_keys() -> None:
    entry = entry_of(a_system(metadata=b"<broken"))
    assert entry.keys == ()  # type: ignore[union-attr]  # a system becomes a RegisteredSystem
