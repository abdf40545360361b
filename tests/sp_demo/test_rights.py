import base64

import pytest

from oiosaml.privileges import Constraint
from oiosaml.uris import NS_BPP, NS_BPP_LEGACY
from sp_demo.rights import read_rights

GROUP = '<PrivilegeGroup Scope="urn:dk:gov:saml:cvrNumberIdentifier:91000013">{}</PrivilegeGroup>'
PRIVILEGE = "<Privilege>http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1</Privilege>"
KLE = '<Constraint Name="http://sts.kombit.dk/constraints/KLE/1">02.34.02</Constraint>'


def document(inner, namespace=NS_BPP):
    return base64.b64encode(f'<b:PrivilegeList xmlns:b="{namespace}">{inner}</b:PrivilegeList>'.encode()).decode()


@pytest.mark.parametrize("namespace", [NS_BPP, NS_BPP_LEGACY])
@pytest.mark.parametrize("inner", [PRIVILEGE + KLE, KLE + PRIVILEGE])
def test_reads_a_right_with_its_constraint(namespace, inner):
    (group,) = read_rights((document(GROUP.format(inner), namespace),)).groups
    assert group.privileges == ("http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1",)
    assert group.constraints == (Constraint("http://sts.kombit.dk/constraints/KLE/1", "02.34.02"),)


def test_an_empty_list_is_no_rights_and_no_problem():
    rights = read_rights((document(""),))
    assert (rights.groups, rights.present, rights.problem) == ((), True, None)


def test_no_attribute_is_no_rights():
    assert not read_rights(()).present


@pytest.mark.parametrize(
    "value",
    [
        "!",
        base64.b64encode(b"<a").decode(),
        base64.b64encode(b"<a/>").decode(),
        base64.b64encode(f'<!DOCTYPE a><b:PrivilegeList xmlns:b="{NS_BPP}"/>'.encode()).decode(),
        document(GROUP.format("")),
        document(GROUP.format(KLE)),
        document(GROUP.format(PRIVILEGE + "<Constraint>x</Constraint>")),
        document(GROUP.format(PRIVILEGE + '<Constraint Name="x"/>')),
        document(GROUP.format(PRIVILEGE + "<Limit>only mine</Limit>")),
        document(GROUP.format("<Privilege>a<b/></Privilege>")),
        document(f"<PrivilegeGroup>{PRIVILEGE}</PrivilegeGroup>"),
        document(GROUP.format(PRIVILEGE) + "<Other/>"),
    ],
)
def test_what_is_unclear_gives_no_rights(value):
    rights = read_rights((value,))
    assert rights.groups == ()
    assert rights.problem


def test_two_values_give_no_rights():
    value = document(GROUP.format(PRIVILEGE))
    assert read_rights((value, value)).groups == ()
