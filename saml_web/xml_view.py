"""XML for reading: indented and coloured by classes. A view only; the stored octets stay untouched and downloadable.

The text is cut into tags with a pattern, never parsed: what is shown may be an attack, and no parser should see it
for our amusement.
"""

import re
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import XmlLexer

MAX_VIEW_BYTES: Final = 64 * 1024
"""Longest piece that is coloured; the lexer takes about a second for a megabyte. The rest is in the download."""

STYLE: Final = "xcode"
"""One of Pygments' few styles whose colours all pass WCAG AA on white."""

CSS_CLASS: Final = "sim-code"

_PIECE: Final = re.compile(r"<[^>]*>|[^<]+")
_MAX_INDENT: Final = 24
"""Deepest indentation shown, in levels: a bomb of nested tags must not become a bomb of blanks."""


@dataclass(frozen=True, slots=True)
class XmlView:
    """What the macro `xml_view` shows."""

    html: Markup
    size: int
    cut: bool


def view_xml(octets: bytes) -> XmlView:
    """Give `octets` indented and coloured; broken XML is shown as well as can be."""
    text = octets[:MAX_VIEW_BYTES].decode("utf-8", errors="replace")
    formatter = HtmlFormatter(cssclass=CSS_CLASS)
    # Safe: Pygments escapes everything it was given.
    html = Markup(highlight(_indented(text), XmlLexer(), formatter))  # noqa: S704 - as said
    return XmlView(html, len(octets), len(octets) > MAX_VIEW_BYTES)


def stylesheet() -> str:
    """Give the rules for the classes, as committed in static/xml.css (a test checks that it is fresh)."""
    rules: str = HtmlFormatter(style=STYLE, cssclass=CSS_CLASS).get_style_defs(f".{CSS_CLASS}")
    own = [rule for rule in rules.splitlines() if rule.startswith(f".{CSS_CLASS}")]
    return "".join(f"{rule}\n" for rule in own)


def _indented(text: str) -> str:
    lines: list[str] = []
    depth = 0
    for piece in _PIECE.findall(text):
        if piece.isspace():
            continue
        if piece.startswith("</"):
            depth = max(depth - 1, 0)
        lines.append("  " * min(depth, _MAX_INDENT) + _visible(piece))
        if piece.startswith("<") and not piece.startswith(("</", "<!", "<?")) and not piece.endswith("/>"):
            depth += 1
    return "\n".join(lines)


def _visible(piece: str) -> str:
    return "".join(
        character if character.isprintable() or character in "\n\t" else ascii(character)[1:-1] for character in piece
    )
