"""Strict base64: one text for one value, so that a filter, a replay memory and we can never read two (attack XML-13)."""

from binascii import Error

from pybase64 import b64decode, b64encode, b64encode_as_string


class NotBase64(ValueError):
    """The text is not exactly the base64 of anything."""


def decode(text: str | bytes) -> bytes:
    """Decode the standard alphabet, padded, without white space; refuses every text but the one `encode` gives.

    Raises:
        NotBase64: if `text` is anything else.
    """
    try:
        octets = b64decode(text, validate=True)
    except (Error, ValueError) as error:
        raise NotBase64(f"got {len(text)} characters that are not base64 ({error!s:.60})") from error
    # Decoding leaves one liberty: bits in the last character that stand for nothing.
    if (encode(octets) if isinstance(text, str) else b64encode(octets)) != text:
        raise NotBase64("got base64 with bits or padding to spare")
    return octets


def decode_in_xml(text: str) -> bytes:
    """Decode xs:base64Binary: as `decode`, but stacks wrap lines in XML, so XML's white space does not count.

    Raises:
        NotBase64: if the rest is not exactly base64, or there is nothing.
    """
    packed = text
    for space in "\n\r \t":
        if space in packed:  # looking costs a tenth of replacing nothing
            packed = packed.replace(space, "")
    if not packed:
        raise NotBase64("got no base64 at all")
    return decode(packed)


def encode(octets: bytes) -> str:
    """Encode in the standard alphabet, padded, on one line."""
    return b64encode_as_string(octets)
