"""NemLog-in towards the broker, and the broker towards NemLog-in: whom a person is taken for, and by which name they go."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from context_handler.name_ids import local_name_id
from context_handler.profiles import local_idp, nemlogin3
from context_handler.profiles.registered import profile_of_idp, profile_of_system
from federation.model import LinkedUser, Profile
from oiosaml.errors import REFUSALS, SamlError
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import NAMEID_PERSISTENT, NAMEID_X509_SUBJECT_NAME
from tests.builders import KORSBAEK, RAVNKAER
from tests.conftest import Member
from tests.context_handler.rig import IDP_SSO, home_idp, registered_idp, registered_system
from tests.oiosaml.rules.test_nemlogin import UUID, employee, told

ORGANISATION_UUID = "84c6e20a-d193-4ff7-828b-e7394b5d6f11"
LINK = LinkedUser(KORSBAEK, UUID, ORGANISATION_UUID)
NEMLOGIN = replace(home_idp(), profile=Profile.NEMLOGIN3, cvrs=(KORSBAEK,))


@pytest.mark.parametrize(
    ("links", "serial"),
    [
        ((LINK,), ORGANISATION_UUID),
        ((), UUID),
        ((replace(LINK, cvr=RAVNKAER),), UUID),
        ((replace(LINK, professional_uuid=UUID.upper()),), ORGANISATION_UUID),
    ],
    ids=["linked", "not linked", "linked in another municipality", "the same in upper case"],
)
def test_the_serial_is_the_organisations_uuid_where_one_is_linked(links: tuple[LinkedUser, ...], serial: str) -> None:
    subject = nemlogin3.read_subject(replace(NEMLOGIN, linked_users=links), employee())
    assert subject.x509 == X509SubjectName(KORSBAEK, "Sif Ørnhøj", serial)
    # logout must speak of the name that NemLog-in gave, an attribute service of the municipality's own
    assert subject.name_id.format == NAMEID_PERSISTENT
    assert subject.name_towards_municipality == NameId(str(subject.x509), NAMEID_X509_SUBJECT_NAME)


def test_the_level_is_cut_to_the_registration() -> None:
    subject = nemlogin3.read_subject(NEMLOGIN, employee(attributes=told(LOA="High")))
    assert subject.level is AssuranceLevel.SUBSTANTIAL


def test_reading_without_having_put_the_rules_is_a_fault_of_ours() -> None:
    with pytest.raises(RuntimeError):
        nemlogin3.read_subject(NEMLOGIN, employee(attributes=told(without=("PROFESSIONAL_UUID",))))


def test_the_registration_decides(member: Callable[[str], Member]) -> None:
    profile = profile_of_idp(registered_idp(member("idp"), NEMLOGIN, IDP_SSO))
    assert profile.takes_app_switch
    assert profile.takes_credential_types
    system = registered_system(member("system"), profile=Profile.LOCAL_IDP)
    assert profile_of_system(system) is local_idp.OUTGOING


SUBJECT = X509SubjectName(KORSBAEK, "Ane Holm", UUID.upper())


def test_a_local_user_goes_by_uuid_and_suffix(member: Callable[[str], Member]) -> None:
    idp = registered_idp(member("idp"), replace(home_idp(), local_user_suffix="@korsbaek"), IDP_SSO)
    assert local_name_id(SUBJECT, idp) == NameId(f"{UUID}@korsbaek", NAMEID_PERSISTENT)


def test_an_idp_without_a_suffix_is_no_source_of_local_users(member: Callable[[str], Member]) -> None:
    with pytest.raises(SamlError) as refused:
        local_name_id(SUBJECT, registered_idp(member("idp"), home_idp(), IDP_SSO))
    assert refused.value.refusal is REFUSALS["fed.no-idp:no-local-users"]
