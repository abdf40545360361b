"""What a rule is made of, and what becomes of its breaches: every finding whole, and the first broken MUST as the refusal."""

from collections.abc import Callable, Iterator

import pytest

from oiosaml.rules.rule import Breach, Finding, Requirement, Rule, RuleViolation, enforce, examine, repeated, rule

MUST, SHOULD = Requirement.MUST, Requirement.SHOULD


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A register of this test's own: the documents are made from the real one."""
    made: dict[str, object] = {}
    monkeypatch.setattr("oiosaml.rules.rule._registered", made)
    return made


def check_of(doc: str | None) -> Callable[[str, str], Iterator[str | Breach]]:
    def check(subject: str, expected: str) -> Iterator[str | Breach]:
        if subject != expected:
            yield f"got {subject}, expected {expected}"

    check.__doc__ = doc
    return check


def test_a_check_becomes_a_rule_and_is_registered(register: dict[str, object]) -> None:
    check = check_of("\n    They are the same.\n\n    The clause says more.\n    ")
    made = rule("X-1", code="priv.xml", source="a clause", requirement=SHOULD)(check)
    assert made == Rule("X-1", "priv.xml", "a clause", SHOULD, "They are the same.", check)
    assert register == {"X-1": made}


def test_a_rule_is_a_must_unless_it_says_otherwise(register: dict[str, object]) -> None:
    assert rule("X-1", code="priv.xml", source="a clause")(check_of("Says.")).requirement is MUST


@pytest.mark.parametrize(
    ("rule_id", "code", "doc"),
    [
        ("taken", "priv.xml", "Says."),
        ("X-1", "no.such-code", "Says."),
        ("X-1", "priv.xml", None),
        ("X-1", "priv.xml", " \n"),
    ],
    ids=["taken", "unknown code", "no docstring", "empty docstring"],
)
def test_a_rule_that_people_could_not_read_is_refused_at_import(
    register: dict[str, object], rule_id: str, code: str, doc: str | None
) -> None:
    rule("taken", code="priv.xml", source="a clause")(check_of("Says."))
    with pytest.raises(ValueError, match=rule_id):
        rule(rule_id, code=code, source="a clause")(check_of(doc))
    assert list(register) == ["taken"]


def made_of(rule_id: str, requirement: Requirement, *breaches: str | Breach) -> Rule[str, str]:
    """A rule that is broken so whenever its subject is not what is expected."""

    def check(subject: str, expected: str) -> Iterator[str | Breach]:
        return iter(() if subject == expected else breaches)

    return Rule(rule_id, "priv.xml", f"clause of {rule_id}", requirement, f"Sentence of {rule_id}.", check)


BARE = made_of("X-1", SHOULD, "got a, expected b")
WHOLE = made_of("X-2", MUST, Breach("got c, expected d", "priv.scope", (("cvr", "1"),), 7, "write d"), Breach("got e"))
LAST = made_of("X-3", MUST, Breach("got f", "priv.schema"))

FINDINGS = (
    Finding("X-1", "priv.xml", "clause of X-1", SHOULD, "Sentence of X-1.", "got a, expected b", "priv.xml"),
    Finding(
        rule_id="X-2",
        code="priv.xml",
        source="clause of X-2",
        requirement=MUST,
        sentence="Sentence of X-2.",
        detail="got c, expected d",
        refusal_key="priv.scope",
        params=(("cvr", "1"),),
        line=7,
        mend="write d",
    ),
    Finding("X-2", "priv.xml", "clause of X-2", MUST, "Sentence of X-2.", "got e", "priv.xml"),
    Finding("X-3", "priv.xml", "clause of X-3", MUST, "Sentence of X-3.", "got f", "priv.schema"),
)


def test_every_breach_is_found_in_the_rules_order() -> None:
    assert examine([BARE, WHOLE, LAST], "this", "that") == FINDINGS
    assert examine([BARE, WHOLE, LAST], "the same", "the same") == ()


def test_the_first_broken_must_refuses_and_carries_every_finding() -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce([BARE, WHOLE, LAST], "this", "that")
    assert refused.value.findings == FINDINGS
    assert refused.value.refusal.key == "priv.scope"
    assert refused.value.detail == "Sentence of X-2. got c, expected d"
    assert refused.value.params == {"cvr": "1"}


def test_what_is_no_must_is_only_told() -> None:
    assert enforce([BARE], "this", "that") == FINDINGS[:1]
    assert enforce([BARE, WHOLE], "the same", "the same") == ()


@pytest.mark.parametrize(
    ("names", "twice"), [("", ()), ("ab", ()), ("aba", ("a",)), ("cabbac", ("c", "a", "b")), ("aaab", ("a",))]
)
def test_what_is_repeated_is_given_once_each_in_its_order(names: str, twice: tuple[str, ...]) -> None:
    assert tuple(repeated(names)) == twice
