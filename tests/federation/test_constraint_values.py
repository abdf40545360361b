"""Which values a data constraint type allows: one or several, listed or by an expression, and nothing with two readings."""

from typing import Any

import pytest

from federation.constraint_values import fits
from federation.roles import ConstraintKind, ConstraintType
from federation.value_pattern import LONGEST_VALUE

TEXT, SINGLE, MULTI = ConstraintKind.TEXT, ConstraintKind.SINGLE, ConstraintKind.MULTI


def of(kind: ConstraintKind, **changes: Any) -> ConstraintType:
    return ConstraintType("urn:x:t", "En type", kind, **changes)


@pytest.mark.parametrize("kind", ConstraintKind)
@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("a", True),
        ("", False),
        ("   ", False),
        ("a\n", False),
        ("a\x7f", False),
        ("a\u2028b", False),
        ("x" * LONGEST_VALUE, True),
        ("x" * (LONGEST_VALUE + 1), False),
    ],
    ids=["a value", "empty", "blank", "line break", "delete", "line separator", "longest", "too long"],
)
def test_what_no_type_allows(kind: ConstraintKind, text: str, *, allowed: bool) -> None:
    assert fits(text, of(kind)) is allowed


@pytest.mark.parametrize(
    ("text", "fitting"),
    [("a", {TEXT, SINGLE, MULTI}), ("a,b", {TEXT, MULTI}), ("a,b,c", {TEXT, MULTI}), ("a, ,b", {TEXT}), (",", {TEXT})],
)
def test_commas_divide_where_the_type_is_no_text(text: str, fitting: set[ConstraintKind]) -> None:
    assert {kind for kind in ConstraintKind if fits(text, of(kind))} == fitting


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        ("a", {TEXT, SINGLE, MULTI}),
        ("a,b", {MULTI}),
        ("b, a", {MULTI}),
        (" a ", {SINGLE, MULTI}),
        ("c", set()),
        ("a,c", set()),
    ],
)
def test_listed_values_are_the_only_ones(text: str, fitting: set[ConstraintKind]) -> None:
    assert {kind for kind in ConstraintKind if fits(text, of(kind, values=("a", "b")))} == fitting


@pytest.mark.parametrize(("text", "allowed"), [("12", True), ("12,34", True), ("12, 34", False), ("1a", False)])
def test_the_expression_sees_the_whole_value(text: str, *, allowed: bool) -> None:
    assert fits(text, of(MULTI, pattern=r"\d\d(,\d\d)*")) is allowed


def test_listed_values_must_match_the_expression_as_well() -> None:
    both = of(MULTI, pattern="a", values=("a", "b"))
    assert fits("a", both)
    assert not fits("b", both)
