"""Values are compared and hashed by what they hold, hold nothing else, and do not change."""

from dataclasses import field, fields, replace
from pathlib import Path
from typing import Generic, TypeVar

import pytest

import oiosaml
from oiosaml.messages.assertion import Assertion
from oiosaml.value_type import derive, value_type
from oiosaml.verified import Verified
from tests.builders import assertion

T = TypeVar("T")


@value_type
class Point:
    x: int
    names: tuple[str, ...] = field(default=(), compare=False)


@value_type
class Named(Generic[T]):
    name: T
    secret: bytes = field(default=b"secret", repr=False)
    others: list[str] = field(default_factory=list)
    length: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        derive(self, "length", len(str(self.name)))


def test_values_are_what_they_hold() -> None:
    assert Point(1) == Point(1, ("a",)) != Point(2)
    assert {Point(1), Point(1, ("b",))} == {Point(1)}
    assert replace(Point(1), x=2) == Point(2)
    assert [each.name for each in fields(Point)] == ["x", "names"]
    assert Point(1) != Named(1)
    with pytest.raises(AttributeError):
        Point(1).y = 2  # type: ignore[attr-defined]


def test_nobody_changes_one() -> None:
    for value, name in ((Point(1), "x"), (assertion(), "issuer"), (Verified(assertion(), "f", b""), "value")):
        before = getattr(value, name)
        with pytest.raises(AttributeError, match="immutable"):
            setattr(value, name, "another")
        with pytest.raises(TypeError):
            object.__setattr__(value, name, "another")  # nor by the door that frozen dataclasses leave open
        with pytest.raises(AttributeError):
            delattr(value, name)
        assert getattr(value, name) == before


def test_what_follows_from_the_others_is_made_anew() -> None:
    value = Named("four")
    assert (value.length, replace(value, name="seven").length) == (4, 5)
    assert value == Named("four")


def test_few_derive_anything() -> None:
    root = Path(oiosaml.__file__).parent.parent
    users = {
        path.name
        for house in ("oiosaml", "context_handler", "federation", "saml_web", "nsis_sim")
        for path in (root / house).rglob("*.py")
        if "derive(" in path.read_text("utf-8") or "force_setattr(" in path.read_text("utf-8")
    }
    assert users == {"assertion.py", "redirect.py"}


def test_what_is_secret_is_not_shown_and_what_is_made_anew_is_not_shared() -> None:
    assert "secret" not in repr(Named("a"))
    assert repr(Point(1)) == "Point(x=1, names=())"
    assert Named("a").others is not Named("a").others


def test_a_value_reads_as_the_class_it_was_made_of() -> None:
    assert (Assertion.__name__, Assertion.__module__) == ("Assertion", "oiosaml.messages.assertion")
    assert Assertion.__doc__ == "What one issuer says about one subject."
    with pytest.raises(TypeError, match="Missing required argument"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Unexpected keyword"):
        Point(1, y=2)  # type: ignore[call-arg]
