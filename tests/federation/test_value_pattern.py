"""Regular expressions from registrations: they mean what they mean elsewhere, and none can take long."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.constraint_values import fits
from federation.roles import ConstraintKind, ConstraintType
from federation.value_pattern import LONGEST_VALUE, MOST_PLACES, ValuePatternError, value_pattern
from tests.cpu_time import cpu_seconds_of

atoms = st.sampled_from(["a", "b", ".", r"\d", "[ab]", "[^a]", "[a-c1]", r"\.", "[-a]", "[a-]", r"[\d,]", ","])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeated = st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?", "{0}"]))
    return st.one_of(
        repeated,
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("(?:{})".format, inner),
    )


patterns = st.recursive(atoms, _larger, max_leaves=6)


@given(patterns, st.text("ab1.,c-", max_size=6))
def test_matches_what_the_standard_library_matches(pattern: str, value: str) -> None:
    assert value_pattern(pattern).matches(value) == (re.fullmatch(pattern, value, re.ASCII) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        r"[0-9]{2}(\.\*|\.[0-9]{2}(\.\*|\.[0-9]{2})?)?(,[0-9]{2}(\.\*|\.[0-9]{2}(\.\*|\.[0-9]{2})?)?)*",
        r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(,[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})*$",
        r"^([a-zA-Z0-9]{8}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{4}-[a-zA-Z0-9]{12},?)+$",
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        "02",
        "02.*",
        "02.34.02,25.*",
        "02.34.2",
        "2",
        "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10",
        "5f0c9b0e-4a7e",
        "",
        "02\n",
    ],
)
def test_matches_like_the_standard_library_what_is_registered_in_practice(pattern: str, value: str) -> None:
    assert value_pattern(pattern).matches(value) == (re.fullmatch(pattern, value, re.ASCII) is not None)


DANGEROUS = {
    "nested": ("(a+)+", lambda n: "a" * n + "!"),
    "alternatives that overlap": ("(a|a)*", lambda n: "a" * n + "!"),
    "alternatives, one within the other": ("(a|ab|b)*c", lambda n: "ab" * (n // 2)),
    "many stars": ("a*a*a*a*a*a*a*a*b", lambda n: "a" * n),
    "optional, often": ("(a?){250}a{250}", lambda n: "a" * 250),
    "many states": ("(a|b)*a(a|b){240}", lambda n: "".join("ab"[i * i % 7 % 2] for i in range(n))),
}


@pytest.mark.parametrize(("pattern", "value"), DANGEROUS.values(), ids=DANGEROUS)
def test_no_expression_takes_long(pattern: str, value: Callable[[int], str]) -> None:
    """ReDoS: with an engine that backtracks the first of these takes longer than the universe has existed."""
    assert cpu_seconds_of(lambda: value_pattern.__wrapped__(pattern).matches(value(LONGEST_VALUE))) < 2


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)\1", "not known here"),
        ("(?=a)b", "only"),
        ("(?P<n>a)", "only"),
        (r"\bword", "not known here"),
        (r"\p{L}+", "not known here"),
        ("a**", "a repetition of a repetition"),
        ("a++", "a repetition of a repetition"),
        ("*a", "repeats nothing"),
        ("a{", "no repetition"),
        ("a{2,1}", "upwards"),
        ("a{1001}", "between 0 and 1000"),
        ("(a", "not closed"),
        ("a)", "belongs to nothing"),
        ("[a", "not closed"),
        ("[b-a]", "goes nowhere"),
        ("a$b", "in the middle"),
        (f"a{{{MOST_PLACES + 1}}}", "too large"),
        ("((((){1000}){1000}){1000}){1000}", "too large"),
        ("(" * 30 + "a" + ")" * 30, "deeper"),
        ("a" * 2001, "expected at most"),
        ("\\", "not known here"),
    ],
)
def test_refuses_at_registration_what_it_does_not_know(pattern: str, reason: str) -> None:
    with pytest.raises(ValuePatternError, match=re.escape(reason)):
        value_pattern(pattern)


def test_value_that_is_too_long_fits_nothing() -> None:
    any_text = ConstraintType("urn:x:t", "Fri tekst", ConstraintKind.TEXT)
    assert fits("x" * LONGEST_VALUE, any_text)
    assert not fits("x" * (LONGEST_VALUE + 1), any_text)
    assert not value_pattern("x*").matches("x" * (LONGEST_VALUE + 1))


def test_says_the_same_of_a_value_that_it_has_seen_before() -> None:
    pattern = value_pattern(r"\d\d(\.\d\d){0,2}")
    assert [pattern.matches(value) for value in ("02.34", "02.3", "02.34", "02.3")] == [True, False, True, False]
