from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.comparison import Row, Verdict, compare
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from oiosaml.uris import NS_BPP, NS_BPP_LEGACY
from tests.builders import KORSBAEK, SYSTEM_ROLE

RIGHTS = PrivilegeList((PrivilegeGroup(cvr_scope(KORSBAEK), (SYSTEM_ROLE,)),))
NEW = {
    names.SPEC_VERSION: ("OIO-SAML-3.0",),
    names.KOMBIT_SPEC_VERSION: ("2.0",),
    names.LOA: ("Substantial",),
    names.CVR: (KORSBAEK,),
    names.PROFESSIONAL_UUID: ("u",),
    names.PRIVILEGES_INTERMEDIATE: (write_privileges(RIGHTS, NS_BPP),),
}
OLD = {
    old.SPEC_VERSION: ("DK-SAML-2.0",),
    names.KOMBIT_SPEC_VERSION: ("1.0",),
    names.ASSURANCE_LEVEL: ("3",),
    old.CVR_NUMBER_IDENTIFIER: (KORSBAEK,),
    old.MAIL: ("ane.holm@korsbaek.test",),
    old.PRIVILEGES_INTERMEDIATE: (write_privileges(RIGHTS, NS_BPP_LEGACY),),
}


def verdicts(rows: tuple[Row, ...]) -> dict[str, Verdict]:
    return {row.meaning: row.verdict for row in rows}


def test_both_generations_answer_the_same_questions() -> None:
    assert verdicts(compare(NEW, OLD)) == {
        names.SPEC_VERSION: Verdict.OTHER_VALUE,
        names.KOMBIT_SPEC_VERSION: Verdict.OTHER_VALUE,
        names.LOA: Verdict.OTHER_VALUE,
        names.CVR: Verdict.OTHER_NAME,
        names.PROFESSIONAL_UUID: Verdict.ONLY_FIRST,
        names.PRIVILEGES_INTERMEDIATE: Verdict.OTHER_NAME,
        names.EMAIL: Verdict.ONLY_SECOND,
    }


def test_a_token_is_the_same_as_itself() -> None:
    assert set(verdicts(compare(OLD, OLD)).values()) == {Verdict.SAME}


def test_other_rights_are_another_value() -> None:
    fewer = NEW | {names.PRIVILEGES_INTERMEDIATE: (write_privileges(PrivilegeList(), NS_BPP),)}
    assert verdicts(compare(fewer, OLD))[names.PRIVILEGES_INTERMEDIATE] is Verdict.OTHER_VALUE


def test_rights_that_cannot_be_read_are_compared_as_text() -> None:
    broken = NEW | {names.PRIVILEGES_INTERMEDIATE: ("?",)}
    assert verdicts(compare(broken, OLD))[names.PRIVILEGES_INTERMEDIATE] is Verdict.OTHER_VALUE


def test_two_ladders_in_one_token_are_two_questions() -> None:
    both = NEW | {names.ASSURANCE_LEVEL: ("3",)}
    assert {names.LOA, names.ASSURANCE_LEVEL} <= set(verdicts(compare(both, NEW)))
