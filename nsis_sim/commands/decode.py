"""`nsis decode`: what is this thing I copied?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="decode")(decode_command)


def decode_command(
    text: Annotated[
        str | None,
        typer.Argument(help="A URL, a query, a form, base64 of any of them, or XML. Without it: standard input."),
    ] = None,
    *,
    xml: Annotated[bool, typer.Option("--xml", help="Write the XML alone.")] = False,
) -> None:
    """Say what a SAMLRequest, SAMLResponse, metadata or privilege list is, and show its XML. Verifies nothing."""
    from nsis_sim.decoding import UndecodableError, decode

    try:
        decoded = decode(sys.stdin.read() if text is None or text == "-" else text)
    except UndecodableError as error:
        hint = f" It is the name of a file: nsis decode < {text}" if text is not None and _is_file(text) else ""
        fail(f"This cannot be decoded: {error}.{hint}", status=REFUSED)
    say(decoded.xml.rstrip() if xml else decoded.text())


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False  # too long for a name
