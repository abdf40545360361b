"""What a message, a part of one or an expectation is: a value, which nobody changes once it is made."""

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final, TypeVar, dataclass_transform

import msgspec

T = TypeVar("T")

derive: Final[Callable[[Any, str, Any], None]] = msgspec.structs.force_setattr
"""Sets a field that follows from the others: of a value that nobody else has seen yet, or where nobody can tell when it was set."""

_OF_A_CLASS: Final = frozenset({"__annotations__", "__dict__", "__init__", "__weakref__"})
"""What a class has of its own and its value type makes anew."""


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_type(cls: type[T]) -> type[T]:
    """Make a class a value: compared and hashed by its fields, and frozen. It reads as a dataclass, and `replace` and `fields` know it.

    Underneath it is a struct of msgspec's, made and frozen in C: a frozen dataclass pays for each field with a call of
    `object.__setattr__`, and a login makes a hundred and twenty values with some 450 fields (ADR 0031).

    A field that follows from the others, `field(init=False, compare=False)`, is set by `derive`.
    """
    described = dataclasses.dataclass(unsafe_hash=True)(cls)
    fields = dataclasses.fields(described)  # type: ignore[arg-type]  # it is one
    named = {each.name for each in fields}
    kept = {name: value for name, value in vars(described).items() if name not in _OF_A_CLASS | named}
    if all(each.compare for each in fields):
        del kept["__eq__"], kept["__hash__"]  # those in C do the same
    bases = tuple(base for base in cls.__bases__ if base is not object)
    return msgspec.defstruct(  # type: ignore[return-value]  # stands for the class it was made of
        cls.__name__,
        [_member(each) for each in fields],
        bases=bases or None,
        namespace=kept,
        module=cls.__module__,
        frozen=True,
    )


def _member(described: "dataclasses.Field[Any]") -> tuple[str, Any] | tuple[str, Any, Any]:
    if not described.init:
        return described.name, described.type, None
    if described.default is not dataclasses.MISSING:
        return described.name, described.type, described.default
    if described.default_factory is not dataclasses.MISSING:
        return described.name, described.type, msgspec.field(default_factory=described.default_factory)
    return described.name, described.type
