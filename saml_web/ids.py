"""Fresh identifiers from the operating system's randomness: the `IdSource` of the running houses.

A login asks for twelve. `secrets` would ask the same source, by way of two modules more.
"""

import os
from typing import Final

from pybase64 import urlsafe_b64encode

from oiosaml.ids import MessageId, uuid_of

_MESSAGE_ID_BYTES: Final = 16
"""SAML Core 1.3.4 asks for at least 128 random bits."""

_UUID_BYTES: Final = 16

_HANDLE_BYTES: Final = 32
"""256 bits: nobody guesses a handle that binds a browser to its login."""


class SystemIds:
    """An `IdSource` for production; tests use a counter instead."""

    def message_id(self) -> MessageId:
        """Give an underscore and 32 hexadecimal digits: an NCName may not start with a digit."""
        return MessageId(f"_{os.urandom(_MESSAGE_ID_BYTES).hex()}")

    def handle(self) -> str:
        """Give 256 random bits in base64url without padding."""
        return urlsafe_b64encode(os.urandom(_HANDLE_BYTES)).rstrip(b"=").decode("ascii")

    def uuid(self) -> str:
        """Give a version 4 UUID in lower case."""
        return uuid_of(os.urandom(_UUID_BYTES))
