"""What reading an OIOBPP value keeps: everything that stands there, and everything that should not, before any rule is put to it."""

import base64

import pytest

from oiosaml.privilege_document import (
    MAXIMUM_OCTETS,
    DocumentConstraint,
    DocumentGroup,
    PrivilegeDocument,
    read_privilege_document,
)
from oiosaml.uris import NS_BPP

HEAD, TAIL = (
    f'<bpp:PrivilegeList xmlns:bpp="{NS_BPP}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    ("</bpp:PrivilegeList>"),
)
GROUP = '<PrivilegeGroup Scope="s"><Privilege>p</Privilege></PrivilegeGroup>'
ROOT = f"{{{NS_BPP}}}PrivilegeList"


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def read(content: str) -> PrivilegeDocument:
    return read_privilege_document(encoded(HEAD + content + TAIL))


def test_all_that_stands_there_is_kept_in_its_order_with_its_line() -> None:
    content = (
        '\n<PrivilegeGroup Scope="s"><Constraint Name="n">v</Constraint><Privilege>p</Privilege>\n'
        '<Privilege>q</Privilege><Constraint Name="m">w</Constraint></PrivilegeGroup>\n\n'
        "<PrivilegeGroup><Constraint>v</Constraint></PrivilegeGroup>"
    )
    assert read(content) == PrivilegeDocument(
        size=len(HEAD + content + TAIL),
        problem=None,
        root=ROOT,
        groups=(
            DocumentGroup("s", ("p", "q"), (DocumentConstraint("n", "v"), DocumentConstraint("m", "w")), 2),
            DocumentGroup(None, (), (DocumentConstraint(None, "v"),), 5),
        ),
        qualified_children=False,
        foreign=(),
    )


@pytest.mark.parametrize(
    ("content", "foreign"),
    [
        ("<PrivilegeGroup Scope='s' Until='u'/>", "attribute Until on PrivilegeGroup"),
        ("<PrivilegeGroup Scope='s' scope='s'/>", "attribute scope on PrivilegeGroup"),
        ("<PrivilegeGroup><Privilege Name='n'>p</Privilege></PrivilegeGroup>", "attribute Name on Privilege"),
        ("<PrivilegeGroup><Constraint Scope='s' Name='n'/></PrivilegeGroup>", "attribute Scope on Constraint"),
        ("<PrivilegeGroup xmlns:x='urn:x' x:Scope='s'/>", "attribute {urn:x}Scope on PrivilegeGroup"),
        ("<Privilege>p</Privilege>", "element Privilege"),
        ("<PrivilegeGroup><PrivilegeGroup/></PrivilegeGroup>", "element PrivilegeGroup"),
        ("<x:PrivilegeGroup xmlns:x='urn:x'/>", "element {urn:x}PrivilegeGroup"),
        ("before <PrivilegeGroup/>", "text 'before'"),
        ("<PrivilegeGroup/> after", "text 'after'"),
        ("<PrivilegeGroup>within</PrivilegeGroup>", "text 'within'"),
        ("<Other/> behind what is foreign", "element Other"),
        (f"<{'e' * 130}/>", "element " + "e" * 112),
        (f"<PrivilegeGroup {'a' * 130}=''/>", "attribute " + "a" * 110),
        ("t" * 50, "text '" + "t" * 39),
    ],
)
def test_what_the_profile_does_not_define_is_noted(content: str, foreign: str) -> None:
    assert read(content).foreign[0] == foreign


def test_everything_foreign_is_noted() -> None:
    found = read(f"<A/>a{GROUP}b<PrivilegeGroup C='' D=''>e</PrivilegeGroup>").foreign
    assert found == (
        "element A",
        "text 'a'",
        "text 'b'",
        "attribute C on PrivilegeGroup",
        "attribute D on PrivilegeGroup",
        "text 'e'",
    )


def test_a_schema_location_is_no_foreign_attribute() -> None:
    assert (
        read("<PrivilegeGroup xsi:schemaLocation='a b'><Privilege xsi:type='c'>p</Privilege></PrivilegeGroup>").foreign
        == ()
    )


@pytest.mark.parametrize("content", ["<bpp:PrivilegeGroup/>" + GROUP, GROUP + "<bpp:PrivilegeGroup/>"])
def test_one_qualified_child_is_enough(content: str) -> None:
    document = read(content)
    assert document.qualified_children
    assert len(document.groups) == 2
    assert not read(GROUP).qualified_children


@pytest.mark.parametrize(
    ("root", "namespace"),
    [
        (f'<PrivilegeList xmlns="{NS_BPP}"/>', NS_BPP),
        ("<PrivilegeList/>", None),
        ("<PrivilegeList", None),
    ],
)
def test_the_namespace_is_the_roots(root: str, namespace: str | None) -> None:
    assert read_privilege_document(encoded(root)).namespace == namespace


@pytest.mark.parametrize(
    ("text", "size", "key"),
    [
        ("%%%", 0, "priv.encoding"),
        ("PGEv%Pg==", 0, "priv.encoding"),
        ("", 0, "priv.encoding"),
        (base64.b64encode(b"<a b='\xff'/>").decode(), 0, "priv.encoding"),
        (encoded("<a>"), 3, "priv.xml"),
        (encoded("<!DOCTYPE a><a/>"), 16, "priv.xml"),
        (encoded("<a><!-- --></a>"), 15, "xml.text"),
        (encoded(f"{HEAD}<PrivilegeGroup><Privilege>a<b/></Privilege></PrivilegeGroup>{TAIL}"), 214, "xml.text"),
        (encoded("<a>" * 40 + "</a>" * 40), 280, "priv.limits"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_code_and_its_size(text: str, size: int, key: str) -> None:
    document = read_privilege_document(text)
    assert document.problem is not None
    assert document.problem.detail.startswith("got ")
    assert document == PrivilegeDocument(size, document.problem)
    assert document.problem.key == key


@pytest.mark.parametrize(("more", "key"), [(0, None), (1, "priv.limits")])
def test_the_longest_document_is_read_and_one_octet_more_is_not(more: int, key: str | None) -> None:
    frame = len(HEAD + GROUP + TAIL) - 1
    text = HEAD + GROUP.replace(">p<", f">{'p' * (MAXIMUM_OCTETS + more - frame)}<") + TAIL
    document = read_privilege_document(encoded(text))
    assert document.size == MAXIMUM_OCTETS + more
    assert (document.problem.key if document.problem else None) == key
