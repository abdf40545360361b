"""A page that passes a message on, rendered once and filled in for each message.

Such a page is the same for all logins but for five values. The template writes marks in their places; the text is cut there and kept as
octets, and each value is escaped as the template would have escaped it. Nothing is searched for in what was filled in, so a value cannot
pose as a mark.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from markupsafe import escape

_HOST: Final = "stencil-host.invalid"
_ACTION: Final = f"https://{_HOST}/stencil-action"
_NONCE: Final = "stencil-nonce"
_NAME: Final = "stencil-name"
_VALUE: Final = "stencil-value"

MARKS: Final = {"action": _ACTION, "nonce": _NONCE, "fields": ((_NAME, _VALUE),)}
"""What a template is rendered with to become a stencil: one field, on a line of its own."""

_CUT: Final = re.compile("|".join(map(re.escape, (_ACTION, _HOST, _NONCE))))
_ROW_CUT: Final = re.compile("|".join(map(re.escape, (_NAME, _VALUE))))


class Stencil:
    """One page in one language."""

    __slots__ = ("_after", "_before", "_row")

    def __init__(self, html: str) -> None:
        """Cut a page that was rendered with `MARKS`.

        Raises:
            ValueError: if it does not hold its fields on exactly one line, name first.
        """
        lines = html.splitlines(keepends=True)
        rows = [number for number, line in enumerate(lines) if _ROW_CUT.search(line)]
        if len(rows) != 1 or _ROW_CUT.findall(lines[rows[0]]) != [_NAME, _VALUE]:
            raise ValueError(f"got a page with fields on lines {rows}, expected each field on one line of its own")
        self._before = _format(_CUT, "".join(lines[: rows[0]]))
        self._row = _format(_ROW_CUT, lines[rows[0]])
        self._after = _format(_CUT, "".join(lines[rows[0] + 1 :]))

    def fill(self, *, action: str, nonce: str, fields: Sequence[tuple[str, str]]) -> bytes:
        """Give the page for one message, in UTF-8. Every value is escaped here, whatever it holds."""
        values = {
            _ACTION.encode(): _escaped(action),
            _HOST.encode(): _escaped(urlsplit(action).netloc),
            _NONCE.encode(): _escaped(nonce),
        }
        rows = [
            self._row % {_NAME.encode(): _escaped(name), _VALUE.encode(): _escaped(value)} for name, value in fields
        ]
        return b"".join((self._before % values, *rows, self._after % values))


def _format(cut: re.Pattern[str], html: str) -> bytes:
    """Give what Python's `%` fills in, with the marks as names."""
    parts = re.split(f"({cut.pattern})", html)
    # Odd places hold marks and no text.
    return "".join(f"%({part})b" if place % 2 else part.replace("%", "%%") for place, part in enumerate(parts)).encode()


def _escaped(text: str) -> bytes:
    """Escape a value as templates do. A message in base64 has nothing to escape, and looking for it costs a tenth of escaping it."""
    if "&" in text or "<" in text or ">" in text or '"' in text or "'" in text:
        text = escape(text)
    return text.encode()
