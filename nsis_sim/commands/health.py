"""`nsis health`: does that house answer? For container health checks, since a slim image has no curl."""

from typing import Annotated, Final

import typer

from nsis_sim.terminal import REFUSED, fail

_SECONDS: Final = 2.0
_OK: Final = 200


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="health", hidden=True)(health)


def health(url: Annotated[str, typer.Argument(help="Such as http://127.0.0.1:8000/readyz.")]) -> None:
    """Exit 0 if the URL answers 200 within two seconds, else 1."""
    # Not httpx: this runs every few seconds, and http.client starts three times as fast.
    from http.client import HTTPConnection, HTTPException
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        fail(f"{url} does not answer: {error}", status=REFUSED)
    finally:
        connection.close()
    if status != _OK:
        fail(f"{url} answers {status}", status=REFUSED)
