"""What one element may hold, as a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sequence: which elements may stand there and how often. No names means any element of another namespace."""

    names: frozenset[str]
    minimum: int
    maximum: int | None

    def takes(self, tag: str, own_namespace: str) -> bool:
        """Tell whether an element of that name may stand here."""
        return tag in self.names if self.names else not tag.startswith(own_namespace)

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
