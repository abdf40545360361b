"""Values are compared and hashed by what they hold, and hold nothing else; that they do not change is mypy's to say."""

from dataclasses import field, replace

import pytest

from oiosaml.value_type import value_type


@value_type
class Point:
    x: int
    names: tuple[str, ...] = field(default=(), compare=False)


def test_values_are_what_they_hold() -> None:
    assert Point(1) == Point(1, ("a",)) != Point(2)
    assert {Point(1), Point(1, ("b",))} == {Point(1)}
    assert replace(Point(1), x=2) == Point(2)
    with pytest.raises(AttributeError):
        Point(1).y = 2  # type: ignore[attr-defined]
