"""`nsis apply` and `nsis export`: the federation as a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import REFUSED, UNUSABLE, fail, say, say_findings


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="apply")(apply)
    app.command(name="export")(export)


def apply(
    file: Annotated[
        str,
        typer.Argument(help="YAML with the keys of federation.yaml; - is standard input."),
    ],
    base_url: BaseUrl = None,
) -> None:
    """Add or replace registrations at a running simulator: all of the file, or nothing of it.

    Who the simulator itself is, `context_handler` and `nemlogin`, is read at its start alone: a file that has it otherwise
    ends with status 1.
    """
    import sys

    from federation.documents import Kind
    from federation.load import export_world, read_parties
    from federation.problems import FederationError
    from nsis_sim.api_client import Api, registering

    source = "standard input" if file == "-" else file
    with registering(source), Api(broker_url(base_url)) as api:
        try:
            # Read here, since metadata_file means a file beside this one, which the simulator may not see.
            parties = read_parties(sys.stdin.read() if file == "-" else Path(file), api.played)
        except FederationError as error:
            fail(str(error), status=REFUSED)
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror}.")
        say_not_applied(parties.blocks_of_a_start)
        if not any(getattr(parties.world, kind.value) for kind in Kind):
            fail(f"{source} holds nothing to register. It may hold lists under {', '.join(Kind)}.")
        done = api.send_text("/apply", export_world(parties.world), media_type="application/yaml")
    say_findings(source, done.findings)
    for key in done.registered:
        say(f"Registered {key}")
    # what is sent has always a context_handler, the usual one where the file has none
    otherwise = [block for block in parties.blocks_of_a_start if block in done.not_applied]
    if otherwise:
        fail(
            f"Otherwise in this simulator, which read it at its start: {', '.join(otherwise)}. All else was registered. "
            "To change it, start the simulator with that file (NSIS_FEDERATION).",
            status=REFUSED,
        )


def say_not_applied(blocks: Sequence[str]) -> None:
    """Name what a file has beside registrations: whoever changed it must not think it counts."""
    if blocks:
        typer.echo(f"not applied: {', '.join(blocks)} (read when a simulator starts with this file)", err=True)


def export(
    file: Annotated[Path | None, typer.Argument(help="File to write; without it, or as -, standard output.")] = None,
    base_url: BaseUrl = None,
) -> None:
    """Write everything that is registered as YAML that a simulator can start from or `nsis apply` can read."""
    from nsis_sim.api_client import Api, registering

    with registering("export", status=UNUSABLE), Api(broker_url(base_url)) as api:
        text = api.get_text("/export")
    if file is None or str(file) == "-":
        say(text.rstrip())
        return
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
    say(f"Wrote {file}")
