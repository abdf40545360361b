"""Write docs/logout-flow.md from the steps of the logout's story, as `generate_login_flow` does for the login."""

from pathlib import Path

import context_handler.logout
from scripts.generate_login_flow import story_document

DOCUMENT = Path(__file__).parent.parent / "docs" / "logout-flow.md"

INTRODUCTION = """\
# The story of a single logout

Generated from the calls in `context_handler/logout.py` by `make docs`. Each step writes one event under its own name. Why it goes in
this order stands in [ADR 0015](adr/0015-sessions-and-single-logout.md).
"""


def logout_flow() -> str:
    """Give the document."""
    return story_document(INTRODUCTION, context_handler.logout)


if __name__ == "__main__":
    DOCUMENT.write_text(logout_flow(), encoding="utf-8")
