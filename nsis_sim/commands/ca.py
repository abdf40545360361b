"""`nsis ca`: the simulator's own TLS authority, which realistic addressing uses, and how to have it trusted."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nsis_sim.options import https_broker_url
from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    ca = typer.Typer(help="The TLS authority of `nsis demo --realistic`, and how to trust it.", no_args_is_help=True)
    ca.command(name="trust")(trust)
    ca.command(name="export")(export)
    ca.command(name="check")(check)
    app.add_typer(ca, name="ca")


def trust() -> None:
    """Say how browsers and programs are made to trust the authority, and how to take that back. Changes nothing."""
    from nsis_sim.trusting import instructions

    say(instructions(_made(), https_broker_url()))


def export(
    file: Annotated[Path, typer.Argument(help="Where to write the authority's certificate, in PEM.", dir_okay=False)],
) -> None:
    """Write the authority's certificate to a file, for another machine or a container."""
    try:
        file.write_bytes(_made().read_bytes())
    except OSError as error:
        fail(f"{file} cannot be written: {error}")
    say(f"Written to {file}")


def check(
    url: Annotated[
        str | None,
        typer.Argument(
            help="Where the simulator runs. Without it: NSIS_BASE_URL, or https://ch.faelles.localhost at NSIS_PORT, or 8443.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask the simulator for its certificate, as a client that trusts the authority does. Exit 0 if it holds, else 1."""
    import httpx

    from nsis_sim.outgoing import outgoing_transport

    url = url or https_broker_url()
    if not url.lower().startswith("https://"):
        fail(f"{url} is not https: nobody shows a certificate there.")
    try:
        with httpx.Client(transport=outgoing_transport(), timeout=5.0) as client:
            status = client.get(url.rstrip("/") + "/healthz").status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fail(f"{url} does not answer, or not with a certificate of this authority: {error}", status=REFUSED)
    if status != httpx.codes.OK:
        fail(f"{url} answers {status}; is a simulator there?", status=REFUSED)
    say(f"{url} answers with a certificate of this authority.")


def _made() -> Path:
    """Give the certificate's file, making the authority if this machine has none yet."""
    from nsis_sim.launcher import LaunchError, prepare_web_ca
    from nsis_sim.settings import SettingsError, load_settings

    try:
        return prepare_web_ca(load_settings(os.environ))
    except (LaunchError, SettingsError) as error:
        fail(str(error))
