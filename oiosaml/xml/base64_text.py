"""Strict base64: one text for one value, so that a filter, a replay memory and we can never read two (attack XML-13)."""

from binascii import Error, a2b_base64, b2a_base64


class NotBase64(ValueError):
    """The text is not exactly the base64 of anything."""


def decode(text: str | bytes) -> bytes:
    """Decode the standard alphabet, padded, without white space; refuses every text but the one `encode` gives.

    Raises:
        NotBase64: if `text` is anything else.
    """
    try:
        octets = a2b_base64(text, strict_mode=True)
    except (Error, ValueError) as error:
        raise NotBase64(f"got {len(text)} characters that are not base64 ({error!s:.60})") from error
    # Strict decoding leaves one liberty: bits in the last character that stand for nothing.
    last = text[-4:].encode() if isinstance(text, str) else text[-4:]
    if b2a_base64(octets[len(octets) - (len(octets) % 3 or 3) :] if octets else b"", newline=False) != last:
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
    return b2a_base64(octets, newline=False).decode("ascii")
