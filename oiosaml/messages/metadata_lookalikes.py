"""What came in place of metadata: a web page, a certificate, a file that is packed. Whoever sent it is told what it is, and the mend."""

import re
from typing import Final

from oiosaml.errors import SamlError
from oiosaml.messages.metadata import MetadataProblem

_BOM: Final = b"\xef\xbb\xbf"
_LOOKED_AT: Final = 1024
"""How many octets of the beginning tell what it is."""
_ITSELF: Final = "send the metadata itself, whose root is md:EntityDescriptor."

_WEB_PAGE: Final = re.compile(rb"\s*<(\?xml[^>]*>\s*<)?(!DOCTYPE\s+)?html\b", re.IGNORECASE)
WEB_PAGE_MEND: Final = f"This is a web page, perhaps one that asks to log in; {_ITSELF}"

# The first that fits is said. None repeats what stood there, which may be somebody's secret (attack MD-08).
_KINDS: Final = (
    (re.compile(rb"\s*\Z"), f"This is empty; {_ITSELF}"),
    (
        re.compile(rb"\x1f\x8b|PK\x03\x04|BZh|\xfd7zXZ"),
        "This is a compressed file; unpack it and send the metadata in it.",
    ),
    (re.compile(rb"\xff\xfe|\xfe\xff|<\x00|\x00<"), "This is UTF-16; save it as UTF-8."),
    (
        re.compile(rb"[^<]*-----BEGIN [A-Z ]*PRIVATE KEY"),
        "This is a private key; treat it as lost, make a new one, and send metadata with its certificate.",
    ),
    (re.compile(rb"[^<]*-----BEGIN "), "This is a certificate; send the metadata in which it stands."),
    (
        re.compile(rb"0[\x80-\x84]"),
        "This is a certificate or key in binary form; send the metadata in which it stands.",
    ),
    (re.compile(rb"\s*[{\[]"), f"This is JSON; {_ITSELF}"),
    (_WEB_PAGE, WEB_PAGE_MEND),
    (re.compile(rb"\s+<\?xml"), "Take out what stands before <?xml, white space too."),
    (
        re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE),
        'Save it as UTF-8, and say encoding="UTF-8" in its first line, or no encoding.',
    ),
    (re.compile(rb"\s*[^\s<]"), f"This is no XML; {_ITSELF}"),
)
_DOCTYPE: Final = re.compile(rb"<!(DOCTYPE|ENTITY)")


def problem_of(error: SamlError, octets: bytes) -> MetadataProblem:
    """Give what is wrong with octets that the parser refused: its own words and line, and what they look like."""
    line = getattr(error.__cause__, "lineno", None)
    if error.code == "xml.dtd" and (found := _DOCTYPE.search(octets)) is not None:
        line = octets.count(b"\n", 0, found.start()) + 1
    return MetadataProblem(error.refusal.key, error.detail, line, _mend(error, octets))


def mend_by_looks(octets: bytes) -> str | None:
    """Give what to do about octets that are something else than metadata; None if they look like XML."""
    start = octets.removeprefix(_BOM)[:_LOOKED_AT]
    return next((mend for kind, mend in _KINDS if kind.match(start)), None)


def _mend(error: SamlError, octets: bytes) -> str:
    if error.code in ("size", "xml.limits"):
        return "Send the metadata of one entity, without what this federation does not use."
    by_looks = mend_by_looks(octets)
    if error.code == "xml.dtd":
        return WEB_PAGE_MEND if by_looks == WEB_PAGE_MEND else "Take the DOCTYPE out, from comments too."
    if by_looks is not None:
        return by_looks
    if not _is_utf_8(octets):
        return "Save it as UTF-8."
    if "Premature end" in error.detail:
        return "Its end is missing; send the whole document."
    return "Mend the XML; every XML editor shows the place."


def _is_utf_8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
