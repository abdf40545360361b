"""What a message, a part of one or an expectation is: a value, which nobody changes once it is made."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value_type(cls: type[T]) -> type[T]:
    """Make a class a value: a dataclass with slots, compared and hashed by its fields, and frozen.

    It is the type checker that keeps it frozen. At run time a frozen dataclass pays for each field with a call of `object.__setattr__`,
    five times what setting it costs, and a login makes a hundred values with some 450 fields (ADR 0024).
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
