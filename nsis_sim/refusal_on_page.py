"""What a house's error page says to people, read by a program: the code and the detail that stand in its folded part."""

from dataclasses import dataclass
from typing import Final

from lxml import html

from nsis_sim.browser import Page
from oiosaml.refusals import REFUSALS

_CODES: Final = frozenset(refusal.code for refusal in REFUSALS.values())


@dataclass(frozen=True, slots=True)
class RefusalOnPage:
    """A refusal as a house shows it."""

    code: str
    detail: str


def refusal_on(page: Page) -> RefusalOnPage | None:
    """Give the refusal that a page of one of our houses shows; None for any other page, such as a foreign system's."""
    if "sim-error-summary" not in page.text:
        return None
    told = html.document_fromstring(page.text).xpath("//details//dl[contains(@class, 'sim-facts')]//dd")
    code, detail = ([cell.text_content().strip() for cell in told] + ["", ""])[:2]
    return RefusalOnPage(code, detail) if code in _CODES else None
