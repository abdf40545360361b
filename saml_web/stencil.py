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
        self._before = _pieces(_CUT, "".join(lines[: rows[0]]))
        self._row = _pieces(_ROW_CUT, lines[rows[0]])
        self._after = _pieces(_CUT, "".join(lines[rows[0] + 1 :]))

    def fill(self, *, action: str, nonce: str, fields: Sequence[tuple[str, str]]) -> bytes:
        """Give the page for one message, in UTF-8. Every value is escaped here, whatever it holds."""
        values = {_ACTION: _escaped(action), _HOST: _escaped(urlsplit(action).netloc), _NONCE: _escaped(nonce)}
        page = _filled(self._before, values)
        for name, value in fields:
            page += _filled(self._row, {_NAME: _escaped(name), _VALUE: _escaped(value)})
        page += _filled(self._after, values)
        return b"".join(page)


def _pieces(cut: re.Pattern[str], html: str) -> tuple[tuple[bytes, str], ...]:
    """Give each text with the mark behind it, none behind the last."""
    parts = [*re.split(f"({cut.pattern})", html), ""]
    return tuple((text.encode(), mark) for text, mark in zip(parts[::2], parts[1::2], strict=True))


def _filled(pieces: tuple[tuple[bytes, str], ...], values: dict[str, bytes]) -> list[bytes]:
    filled = []
    for text, mark in pieces:
        filled.append(text)
        if mark:
            filled.append(values[mark])
    return filled


def _escaped(text: str) -> bytes:
    """Escape a value as templates do. A message in base64 has nothing to escape, and looking for it costs a tenth of escaping it."""
    if "&" in text or "<" in text or ">" in text or '"' in text or "'" in text:
        text = escape(text)
    return text.encode()
