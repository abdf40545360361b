"""`nsis decode`: what is this thing I copied?"""

import sys
from typing import Annotated

import typer

from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="decode")(decode_command)


def decode_command(
    text: Annotated[
        str | None, typer.Argument(help="A URL, a form, base64 or XML. Without it: standard input.")
    ] = None,
    *,
    xml: Annotated[bool, typer.Option("--xml", help="Write the XML alone.")] = False,
) -> None:
    """Say what a SAMLRequest, SAMLResponse, metadata or privilege list is, and show its XML. Verifies nothing."""
    from nsis_sim.decoding import UndecodableError, decode

    try:
        decoded = decode(sys.stdin.read() if text is None or text == "-" else text)
    except UndecodableError as error:
        fail(f"This cannot be decoded: {error}.", status=REFUSED)
    if not xml:
        say(decoded.what)
        for note in decoded.notes:
            say("  " + note.replace("\n", "\n  "))
        say()
    say(decoded.xml.rstrip())
