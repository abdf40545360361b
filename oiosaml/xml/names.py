"""Names and white space in XML: what may be an ID, how element names are written, what counts as nothing."""

import re
from typing import Final

from lxml import etree
from lxml.etree import _Element

# The ASCII part of NCName and the letters beyond it; an ID is quoted in markup, so nothing that markup needs is a part of it.
_NCNAME = re.compile(r"[^\W\d][\w.\-]*")

WHITE_SPACE: Final = " \t\r\n"
"""What XML calls white space (XML 1.0, production 3). Unicode has more of it, which is text."""

MAXIMUM_ID_CHARACTERS: Final = 256
"""Longest ID: replay memory and logs keep it."""


def is_ncname(text: str) -> bool:
    """Tell whether `text` can be an ID (XML Namespaces, production 4)."""
    return len(text) <= MAXIMUM_ID_CHARACTERS and _NCNAME.fullmatch(text) is not None


def local_name(element: _Element) -> str:
    """Give the element's name without its namespace, for people."""
    return etree.QName(element).localname
