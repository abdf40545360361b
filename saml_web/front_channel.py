"""Messages that a browser carries: by which binding they came, and which of the two kinds they claim to be."""

from enum import StrEnum

from oiosaml.uris import BINDING_POST, BINDING_REDIRECT


class Binding(StrEnum):
    """How a message came; the value may stand in a page's form."""

    REDIRECT = "redirect"
    POST = "post"

    @property
    def uri(self) -> str:
        """The binding's name in SAML."""
        return BINDING_REDIRECT if self is Binding.REDIRECT else BINDING_POST


def has_response(octets: bytes) -> bool:
    """Tell whether a raw query or form claims to carry a response, not a request; whatever else it holds, the strict reader refuses."""
    return any(field.startswith(b"SAMLResponse=") for field in octets.split(b"&"))
