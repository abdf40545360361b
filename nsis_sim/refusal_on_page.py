"""What an error page says to people, read by a program: a house's code and detail in its folded part, or anybody's first lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from lxml import etree, html

from nsis_sim.browser import Page, read_html
from oiosaml.redaction import fit_to_show
from oiosaml.refusals import REFUSALS

MOST_LINES: Final = 8
"""Lines that are shown of a page that no house of ours made: where it went wrong mostly stands at its top."""

LONGEST_LINE: Final = 200
"""Characters that are shown of each line of a page that no house of ours made."""

LONGEST_PAGE: Final = 200_000
"""Characters that are read of a page for its first lines: some have a long head of scripts and styles."""

_CODES: Final = frozenset(refusal.code for refusal in REFUSALS.values())
_NOT_SHOWN: Final = ("script", "style", "template", "svg")
_IN_A_LINE: Final = frozenset(
    {"a", "abbr", "b", "code", "em", "font", "i", "kbd", "label", "mark", "s", "small", "span", "strong", "sub", "sup"}
    | {"tt", "u", "var"}
)
"""Elements that end no line."""


@dataclass(frozen=True, slots=True)
class RefusalOnPage:
    """A refusal as a house shows it."""

    code: str
    detail: str


def refusal_on(page: Page) -> RefusalOnPage | None:
    """Give the refusal that a page of one of our houses shows; None for any other page, such as a foreign system's."""
    document = read_html(page.text) if "sim-error-summary" in page.text else None
    if document is None:
        return None
    told = document.xpath("//details//dl[contains(@class, 'sim-facts')]//dd")
    code, detail = ([cell.text_content().strip() for cell in told] + ["", ""])[:2]
    return RefusalOnPage(code, detail) if code in _CODES else None


def first_lines(page: Page) -> tuple[str, ...]:
    """Give the first lines that a person would read on the page, each once; what stands in them moves no cursor and shows no secret."""
    shown = dict.fromkeys(filter(None, (" ".join(line.split()) for line in _lines_of(page))))
    return tuple(fit_to_show(line, LONGEST_LINE) for line in islice(shown, MOST_LINES))


def _lines_of(page: Page) -> Iterator[str]:
    text = page.text[:LONGEST_PAGE]
    if "html" not in page.headers.get("content-type", ""):
        yield from text.splitlines()
        return
    document = read_html(text)
    if document is not None:
        yield from _text_in_lines(document).splitlines()


def _text_in_lines(document: html.HtmlElement) -> str:
    etree.strip_elements(document, etree.Comment, etree.ProcessingInstruction, *_NOT_SHOWN, with_tail=False)
    parts: list[str] = []
    for event, element in etree.iterwalk(document, events=("start", "end")):
        said = element.text if event == "start" else element.tail
        parts.append(("" if element.tag in _IN_A_LINE else "\n") + (said or ""))
    return "".join(parts)
