"""Trust as a type: a message nobody vouched for shows only what is needed to find the key that could vouch for it."""

from typing import Generic, TypeVar

from oiosaml.ids import EntityId, MessageId
from oiosaml.value_type import value_type

T = TypeVar("T")


class Unverified(Generic[T]):
    """A well-formed message whose sender is only claimed.

    Gives look-up keys (claimed issuer, claimed IDs) and nothing more. The content comes out by way of a verifier, as `Verified[T]`.
    """

    __slots__ = ("_sealed", "claimed_id", "claimed_in_response_to", "claimed_issuer")

    def __init__(
        self,
        sealed: object,
        *,
        claimed_issuer: EntityId | None,
        claimed_id: MessageId | None,
        claimed_in_response_to: MessageId | None = None,
    ) -> None:
        """Wrap what the verifier will open. `sealed` belongs to the module that made it; nobody else looks inside."""
        self._sealed = sealed
        self.claimed_issuer = claimed_issuer
        self.claimed_id = claimed_id
        self.claimed_in_response_to = claimed_in_response_to


@value_type
class Verified(Generic[T]):
    """A value read from octets whose signature was checked with a key registered for its issuer.

    Only `oiosaml/xml/verify.py` and `oiosaml/bindings/redirect.py` make one; a test holds them to it.
    """

    value: T
    signer: str
    """SHA-256 fingerprint of the public key that verified, in hexadecimal."""
    octets: bytes
    """The canonical octets that were signed and from which `value` was read."""
