"""Fresh identifiers from the operating system's randomness: the `IdSource` of the running houses."""

import secrets
from typing import Final

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
        return MessageId(f"_{secrets.token_hex(_MESSAGE_ID_BYTES)}")

    def handle(self) -> str:
        """Give 256 random bits in base64url without padding."""
        return secrets.token_urlsafe(_HANDLE_BYTES)

    def uuid(self) -> str:
        """Give a version 4 UUID in lower case."""
        return uuid_of(secrets.token_bytes(_UUID_BYTES))
