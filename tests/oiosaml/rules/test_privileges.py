"""OIOBPP: each rule's twins, the profile's wrong-on-purpose table, and the PRV cases of the attack catalogue."""

import base64

import pytest

from oiosaml.privilege_document import read_privilege_document
from oiosaml.privileges import examine_privileges, read_privileges
from oiosaml.rules.privileges import LARGE_OCTETS, PRIVILEGE_RULES, PrivilegeExpectations
from oiosaml.rules.rule import RuleViolation
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT, NS_BPP, NS_BPP_LEGACY
from tests.builders import PRIVILEGES_TEXT
from tests.oiosaml.rules.cases import Case, assert_twins

SCOPE = "urn:dk:gov:saml:cvrNumberIdentifier:91000013"
ROLE = "http://roller.korsbaek.test/roles/jobrole/byggesagsbehandler/1"
PRIVILEGE = f"<Privilege>{ROLE}</Privilege>"
KLE = f'<Constraint Name="{CONSTRAINT_KLE}">25.*,02.34.02,02</Constraint>'
UNIT = f'<Constraint Name="{CONSTRAINT_ORGANISATION_UNIT}">5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10</Constraint>'


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


def group(content: str = PRIVILEGE + KLE + UNIT, scope: str = f' Scope="{SCOPE}"') -> str:
    return f"<PrivilegeGroup{scope}>{content}</PrivilegeGroup>"


def document(content: str = group(), namespace: str = NS_BPP, root: str = "PrivilegeList") -> str:
    return encoded(f'<bpp:{root} xmlns:bpp="{namespace}">{content}</bpp:{root}>')


def breaks(
    rule_id: str, name: str, text: str, key: str | None = None, expected: PrivilegeExpectations | None = None
) -> Case:
    expected = expected or PrivilegeExpectations()
    valid, broken = read_privilege_document(document()), read_privilege_document(text)
    return Case(rule_id, name, (valid, expected), (broken, expected), key)


DOCTYPE = f'<!DOCTYPE x [<!ENTITY e "{SCOPE}">]>'
BILLION_LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)

CASES = (
    breaks("BPP-01", "PRV-01-percent-signs", "%%%"),
    breaks("BPP-01", "PRV-01-empty", ""),
    breaks("BPP-01", "PRV-01-one-character-cut", PRIVILEGES_TEXT.rstrip("=")[:-1]),
    breaks("BPP-01", "PRV-02-raw-xml", f'<bpp:PrivilegeList xmlns:bpp="{NS_BPP}"/>'),
    breaks("BPP-01", "not-utf-8", base64.b64encode(b'<a b="\xff"/>').decode()),
    breaks("BPP-02", "PRV-03-malformed", encoded(f'<bpp:PrivilegeList xmlns:bpp="{NS_BPP}"')),
    breaks(
        "BPP-02", "PRV-04-doctype", encoded(f'{DOCTYPE}<bpp:PrivilegeList xmlns:bpp="{NS_BPP}">&e;</bpp:PrivilegeList>')
    ),
    breaks(
        "BPP-02",
        "PRV-04-laughs",
        encoded(f'{BILLION_LAUGHS}<bpp:PrivilegeList xmlns:bpp="{NS_BPP}">&i;</bpp:PrivilegeList>'),
    ),
    breaks(
        "BPP-02",
        "PRV-10-comment-in-privilege",
        document(group("<Privilege>urn:dk:x:view<!---->_admin</Privilege>")),
        "xml.text",
    ),
    breaks("BPP-03", "PRV-09-other-root", document(root="Privileges")),
    breaks("BPP-03", "PRV-09-other-namespace", document(namespace="http://example.test/bpp")),
    breaks("BPP-03", "PRV-09-no-namespace", encoded(f"<PrivilegeList>{group()}</PrivilegeList>")),
    breaks(
        "BPP-11", "PRV-09-qualified-children", encoded(f'<PrivilegeList xmlns="{NS_BPP}">{group()}</PrivilegeList>')
    ),
    breaks("BPP-30", "unknown-element", document(group(PRIVILEGE + "<Only>mondays</Only>"))),
    breaks("BPP-30", "look-alike", document(group() + f'<x:PrivilegeGroup xmlns:x="urn:x" Scope="{SCOPE}"/>')),
    breaks("BPP-30", "unknown-attribute", document(group(scope=f' Scope="{SCOPE}" Until="2025"'))),
    breaks("BPP-30", "loose-text", document(group() + "admin")),
    breaks("BPP-05", "PRV-07-no-scope", document(group(scope=""))),
    breaks("BPP-06", "no-privilege", document(group(KLE))),
    breaks("BPP-07", "PRV-07-bare-number", document(group(scope=' Scope="91000013"'))),
    breaks("BPP-07", "after-a-group-without-scope", document(group(scope="") + group(scope=' Scope="91000013"'))),
    breaks("BPP-07", "PRV-07-empty-scope", document(group(scope=' Scope=""'))),
    breaks("BPP-07", "PRV-07-unknown-kind", document(group(scope=' Scope="urn:dk:gov:saml:planet:91000013"'))),
    breaks("BPP-07", "seven-digits", document(group(scope=f' Scope="{SCOPE[:-1]}"'))),
    breaks("BPP-08", "bare-word", document(group("<Privilege>byggesagsbehandler</Privilege>"))),
    breaks("BPP-08", "white-space", document(group(f"<Privilege> {ROLE} </Privilege>"))),
    breaks("BPP-09", "PRV-11-no-name", document(group(PRIVILEGE + "<Constraint>25</Constraint>"))),
    breaks("BPP-09", "PRV-11-empty-name", document(group(PRIVILEGE + '<Constraint Name="">25</Constraint>'))),
    breaks("BPP-09", "PRV-11-empty-value", document(group(PRIVILEGE + f'<Constraint Name="{CONSTRAINT_KLE}"/>'))),
    breaks("BPP-15", "PRV-05-one-huge-privilege", document(group(f"<Privilege>urn:x:{'a' * 1_000_000}</Privilege>"))),
    breaks("BPP-15", "PRV-05-ten-thousand-groups", document(group(PRIVILEGE) * 10_000)),
    breaks("BPP-15", "PRV-05-deep", document("<a>" * 100 + "</a>" * 100)),
    breaks("BPP-04", "empty-list", document("")),
    breaks("BPP-10", "escaped-twice", document(group("<Privilege>urn:x:a&amp;amp;b</Privilege>"))),
    breaks("BPP-12", "older-namespace", document(namespace=NS_BPP_LEGACY)),
    breaks("BPP-13", "the-same-twice", document(group() + group())),
    breaks("BPP-14", "name-twice", document(group(PRIVILEGE + KLE + KLE))),
    breaks("BPP-31", "large", document("".join(group(PRIVILEGE) for _ in range(300)))),
    breaks(
        "BPP-20",
        "a-system-role",
        document(group("<Privilege>http://x.test/roles/usersystemrole/a/1</Privilege>")),
        None,
        PrivilegeExpectations(role_path="/roles/jobrole/"),
    ),
    breaks(
        "BPP-28", "no-kle-number", document(group(PRIVILEGE + f'<Constraint Name="{CONSTRAINT_KLE}">2.34</Constraint>'))
    ),
    breaks(
        "BPP-29",
        "no-uuid",
        document(group(PRIVILEGE + f'<Constraint Name="{CONSTRAINT_ORGANISATION_UNIT}">Byg</Constraint>')),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_passes_the_valid_document_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, PRIVILEGE_RULES)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("%%%", "priv.encoding"),
        (encoded("<a>"), "priv.xml"),
        (document(group("<Privilege>urn:dk:x:view<!---->_admin</Privilege>")), "xml.text"),
        (document(root="Privileges"), "priv.schema"),
        (document(group(scope="")), "priv.schema"),
        (document(group(scope=' Scope=""')), "priv.scope"),
        (document(group(PRIVILEGE) * 10_000), "priv.limits"),
        (document(group(PRIVILEGE + "<Constraint>25</Constraint>")), "priv.schema"),
        (document(group(PRIVILEGE + "<Constraint Name='urn:x'><b/></Constraint>")), "xml.text"),
    ],
)
def test_reading_refuses_with_the_catalogues_code(text: str, code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        read_privileges(text)
    assert refused.value.code == code


@pytest.mark.parametrize(("more", "findings"), [(0, 0), (1, 1)])
def test_a_document_is_large_beyond_32_kib_and_not_at_it(more: int, findings: int) -> None:
    bare = len(base64.b64decode(document(group(PRIVILEGE)))) - len(PRIVILEGE)
    padding = "a" * (LARGE_OCTETS + more - bare - len("<Privilege>urn:x:</Privilege>"))
    assert len(examine_privileges(document(group(f"<Privilege>urn:x:{padding}</Privilege>")))) == findings


@pytest.mark.parametrize("text", ["%%%", "", document(group(PRIVILEGE) * 10_000), encoded("<a>")])
def test_what_cannot_be_read_is_said_once(text: str) -> None:
    """A value that does not decode is not also blamed for being no XML."""
    assert len(examine_privileges(text)) == 1


@pytest.mark.parametrize(
    ("rule_id", "text"),
    [
        ("BPP-07", document(group(scope=' Scope="91000013"'))),
        ("BPP-06", document(group(""))),
        ("BPP-08", document(group("<Privilege>byggesagsbehandler</Privilege>"))),
        ("BPP-09", document(group(PRIVILEGE + "<Constraint>25</Constraint>"))),
        ("BPP-03", document(namespace="http://example.test/bpp")),
        ("BPP-01", "<PrivilegeList/>"),
        ("BPP-02", encoded(DOCTYPE + "<x>&e;</x>")),
    ],
)
def test_wrong_on_purpose_breaks_the_rule_the_profile_names(rule_id: str, text: str) -> None:
    assert rule_id in [finding.rule_id for finding in examine_privileges(text)]


def test_any_order_and_white_space_in_the_base64_are_read() -> None:
    text = document(group(KLE + PRIVILEGE + UNIT))
    assert read_privileges("\n".join(text[i : i + 76] for i in range(0, len(text), 76))) == read_privileges(text)


def test_pretty_printed_document_is_read() -> None:
    pretty = f'<?xml version="1.0" encoding="UTF-8"?>\n<bpp:PrivilegeList xmlns:bpp="{NS_BPP}">\n  {group()}\n</bpp:PrivilegeList>'
    assert read_privileges(encoded(pretty)).groups[0].privileges == (ROLE,)


def test_older_namespace_is_read_with_a_warning() -> None:
    assert read_privileges(document(namespace=NS_BPP_LEGACY)).namespace == NS_BPP_LEGACY
