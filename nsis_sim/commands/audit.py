"""`nsis audit`: was any login lost?"""

from typing import Annotated

import typer

from nsis_sim.terminal import fail


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="audit")(audit)


def audit(*, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Prove that started = completed + refused + expired + pending, flow by flow, from the store itself. Exits 1 if it does not hold."""
    fail("not yet")
