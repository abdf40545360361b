"""What one element may hold, as a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sequence: which elements may stand there and how often. No names means any element of another namespace."""

    names: frozenset[str]
    minimum: int
    maximum: int | None

    def takes_foreign(self, tag: str, parent: str) -> bool:
        """Tell whether the place is for elements of other namespaces than `parent` has, and `tag` is one."""
        return not self.names and not tag.startswith(parent.partition("}")[0] + "}")

    def __str__(self) -> str:
        """Read as people write it: `Issuer`, `NameID or EncryptedID`."""
        return " or ".join(sorted(name.partition("}")[2] for name in self.names)) or "an element of another namespace"


@dataclass(frozen=True, slots=True)
class Model:
    """What one element may hold. `sequence` None leaves its content alone; an empty one means text or nothing."""

    attributes: frozenset[str] = field(default_factory=frozenset)
    required: frozenset[str] = field(default_factory=frozenset)
    sequence: tuple[Slot, ...] | None = ()
    text: bool = False
    foreign_attributes: bool = False
