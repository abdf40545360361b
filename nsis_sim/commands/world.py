"""`nsis sp add` and `nsis idp add`: one's own system or IdP joins a running simulator."""

import typer


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
