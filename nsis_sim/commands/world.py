"""`nsis apply` and `nsis export`: the federation as a file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import REFUSED, UNUSABLE, FindingForPeople, fail, say, say_findings
from oiosaml.redaction import visible

if TYPE_CHECKING:
    from federation.metadata_places import MetadataPlaces


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
    from nsis_sim.api_client import Api, ApiRefusalError, registering

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
        try:
            done = api.send_text("/apply", export_world(parties.world), media_type="application/yaml")
        except ApiRefusalError as refusal:
            if not refusal.findings:
                raise
            say_findings_where_they_stand(source, parties.places, refusal.findings)
            fail("Nothing was registered.", status=REFUSED)
    say_findings_where_they_stand(source, parties.places, done.findings)
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


def say_findings_where_they_stand(source: str, places: "MetadataPlaces", findings: Sequence[FindingForPeople]) -> None:
    """Write findings with the file and line of the metadata that each is about, and whose it is."""
    for finding in findings:
        if finding.entity_id is None:
            say_findings(source, [finding])
            continue
        place = places.place_of(finding.entity_id, finding.line, name=source) or source
        say_findings(f"{place}: {visible(finding.entity_id)}", [replace(finding, line=None)])


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
