"""Strict base64: one text for one value, so that a filter, a replay memory and we can never read two (attack XML-13)."""

import base64
import binascii


class NotBase64(ValueError):
    """The text is not exactly the base64 of anything."""


def decode(text: str) -> bytes:
    """Decode the standard alphabet, padded, without white space; refuses every text but the one `encode` gives.

    Raises:
        NotBase64: if `text` is anything else.
    """
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotBase64(f"got {len(text)} characters that are not base64 ({error!s:.60})") from error
    # Strict decoding leaves one liberty: bits in the last character that stand for nothing.
    if encode(octets[len(octets) - (len(octets) % 3 or 3) :] if octets else b"") != text[-4:]:
        raise NotBase64("got base64 with bits or padding to spare")
    return octets


def decode_in_xml(text: str) -> bytes:
    """Decode xs:base64Binary: as `decode`, but stacks wrap lines in XML, so XML's white space does not count.

    Raises:
        NotBase64: if the rest is not exactly base64, or there is nothing.
    """
    packed = text.replace("\n", "").replace("\r", "").replace(" ", "").replace("\t", "")
    if not packed:
        raise NotBase64("got no base64 at all")
    return decode(packed)


def encode(octets: bytes) -> str:
    """Encode in the standard alphabet, padded, on one line."""
    return base64.b64encode(octets).decode("ascii")
