"""Typed identifiers. Handing a MessageId where an EntityId is wanted is a type error, not a bug report."""

import re
from typing import NewType, Protocol

EntityId = NewType("EntityId", str)
"""An absolute URI naming a party; compared octet by octet, a trailing slash counts (SAML Metadata 2.2.1)."""

MessageId = NewType("MessageId", str)
"""The ID of one protocol message (SAML Core 1.3.4)."""

AssertionId = NewType("AssertionId", str)
"""The ID of one assertion; remembered until it expires, so that it is accepted once."""

FlowId = NewType("FlowId", str)
"""Our own name for one login from the system's request to its answer; what a person reads to support."""

WorkspaceId = NewType("WorkspaceId", str)
"""The tenant that every row, key and clock belongs to."""

Cvr = NewType("Cvr", str)
"""Eight digits naming a Danish organisation."""

DEFAULT_WORKSPACE = WorkspaceId("default")

_CVR = re.compile(r"[0-9]{8}", re.ASCII)


def parse_cvr(text: str) -> Cvr:
    """Give the CVR number in `text`, which must be exactly eight ASCII digits.

    The checksum is not examined: test organisations carry numbers that fail it on purpose.

    Raises:
        ValueError: if `text` is anything else.
    """
    if not _CVR.fullmatch(text):
        raise ValueError(f"got {text!r:.40}, expected a CVR number of eight digits")
    return Cvr(text)


def uuid_of(octets: bytes) -> str:
    """Give the version 4 UUID that the first 16 octets make, in lower case (RFC 9562, section 5.4).

    What `uuid.UUID(bytes=…, version=4)` gives as text, at a quarter of its price.
    """
    digits = octets[:16].hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class IdSource(Protocol):
    """Where fresh identifiers come from. Tests hand in a counter, the running system hands in real randomness."""

    def message_id(self) -> MessageId:
        """Give a fresh NCName of at least 128 random bits: an underscore and 32 hexadecimal digits."""
        ...

    def handle(self) -> str:
        """Give 256 random bits, safe in a URL and a cookie."""
        ...

    def uuid(self) -> str:
        """Give a fresh version 4 UUID in lower case."""
        ...
