"""`nsis decode`: what is this thing I copied, and what went over the wire in this login?"""

import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import REFUSED, fail, say

_REFERENCE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
"""How the reference of a login is written."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="decode")(decode_command)


def decode_command(
    text: Annotated[
        str | None,
        typer.Argument(help="A URL, a query, a form, base64 of any of them, or XML. Without it: standard input."),
    ] = None,
    flow: Annotated[
        str | None,
        typer.Option(
            "--flow",
            metavar="REFERENCE",
            help="Show every message of this login or logout at a running simulator; a page has its reference.",
        ),
    ] = None,
    base_url: BaseUrl = None,
    *,
    xml: Annotated[bool, typer.Option("--xml", help="Write the XML alone.")] = False,
) -> None:
    """Say what a SAMLRequest, SAMLResponse, metadata or privilege list is, and show its XML. Verifies nothing.

    With --flow it does so for each step of a login or logout, in order. An assertion that came in encrypted is shown decrypted as well.
    """
    if flow is not None:
        if text is not None:
            fail("Give either a message or --flow REFERENCE, not both.")
        _show_flow(flow, base_url, xml=xml)
        return
    from nsis_sim.decoding import UndecodableError, decode

    try:
        decoded = decode(sys.stdin.read() if text is None or text == "-" else text)
    except UndecodableError as error:
        fail(f"This cannot be decoded: {error}.{_hint(text)}", status=REFUSED)
    say(decoded.xml.rstrip() if xml else decoded.text())


def _show_flow(reference: str, base_url: str | None, *, xml: bool) -> None:
    from nsis_sim.api_client import Api, registering
    from nsis_sim.flow_report import FlowReport

    url = broker_url(base_url)
    with registering("decode"), Api(url) as api:
        events = api.flow(reference)
    if events is None:
        fail(
            f"{url} has no login or logout {reference!r}. Its reference stands on the page where the Context Handler refuses it,"
            " and `nsis login` says it as flow.",
            status=REFUSED,
        )
    report = FlowReport.of(events)
    say(report.xml() if xml else report.text())


def _hint(text: str | None) -> str:
    if text is None:
        return ""
    if _REFERENCE.fullmatch(text.strip()):
        return f" It looks like the reference of a login: nsis decode --flow {text.strip()}"
    return f" It is the name of a file: nsis decode < {text}" if _is_file(text) else ""


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False  # too long for a name
