"""HTTP-POST (SAML Bindings 3.5): base64 in a form field, signed inside the XML if at all."""

from typing import Final, Literal

from oiosaml.bindings.fields import read_fields, refuse_odd_relay_state, relay_state_of
from oiosaml.errors import SamlError
from oiosaml.value_type import value_type
from oiosaml.xml.base64_text import NotBase64, decode, encode

Parameter = Literal["SAMLRequest", "SAMLResponse"]

MAXIMUM_FORM_BYTES: Final = 512 * 1024
"""Longest form read, before anything is decoded. The largest honest answer seen, with rights, is below 100 kB."""


LEAST_LINE: Final = 32
"""Characters of base64 to each line break; encoders wrap at 64 or 76. More of them are padding, which nobody signed (attack WEB-13)."""


@value_type
class PostMessage:
    """A message as a form carried it. Nothing here is trusted; RelayState never will be, for no signature covers it."""

    octets: bytes
    relay_state: str | None


@value_type
class PostForm:
    """A form for the browser to POST: where to, and its fields in order, not yet escaped for HTML."""

    action: str
    fields: tuple[tuple[str, str], ...]


def read_post_form(body: bytes, parameter: Parameter = "SAMLResponse") -> PostMessage:
    """Read a message from an application/x-www-form-urlencoded body exactly as received.

    Line breaks in the base64 are passed over, since Java's and PHP's MIME encoders wrap lines; every other stray character is refused.

    Raises:
        SamlError: `size`, `bind.params`, `bind.base64` or `req.relay-state`.
    """
    if len(body) > MAXIMUM_FORM_BYTES:
        raise SamlError("size", f"got a form of {len(body)} bytes, expected at most {MAXIMUM_FORM_BYTES}")
    fields = read_fields(body, parameter)
    wrapped = fields.octets(parameter) or b""
    packed = wrapped.replace(b"\r", b"").replace(b"\n", b"")
    breaks = len(wrapped) - len(packed)
    if breaks > 2 * (len(packed) // LEAST_LINE + 1):
        raise SamlError(
            "bind.base64", f"got {breaks} bytes of line breaks in {parameter}, expected base64 in whole lines"
        )
    try:
        octets = decode(packed)
    except NotBase64 as error:
        fields.text(parameter)  # what is not even text is called so
        raise SamlError("bind.base64", f"{error} in {parameter}, expected base64") from error
    return PostMessage(octets, relay_state_of(fields))


def write_post_form(
    action: str, octets: bytes, *, relay_state: str | None, parameter: Parameter = "SAMLResponse"
) -> PostForm:
    """Give the form that carries the message to `action`.

    Raises:
        SamlError: `req.relay-state` if the RelayState cannot be carried.
    """
    message = (parameter, encode(octets))
    if relay_state is None:
        return PostForm(action, (message,))
    refuse_odd_relay_state(relay_state)
    return PostForm(action, (message, ("RelayState", relay_state)))
