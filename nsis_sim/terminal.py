"""What the commands say to a person, and how they end: 0 done, 1 refused, 2 wrong use or nobody there."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import typer

from oiosaml.redaction import redacted, visible

REFUSED: Final = 1
UNUSABLE: Final = 2


@dataclass(frozen=True, slots=True)
class FindingForPeople:
    """A finding as it is printed."""

    rule: str
    requirement: str
    sentence: str
    detail: str
    line: int | None = None
    mend: str | None = None
    entity_id: str | None = None
    """Whose metadata it is about, which the line counts in; None for the document itself."""


def say(text: str = "") -> None:
    """Write a line to standard output."""
    typer.echo(text)


def harmless(text: str) -> str:
    """Give lines in which others said something so that they move no cursor and show no secret."""
    return "\n".join(map(visible, redacted(text).split("\n")))


def fail(message: str, *, status: int = UNUSABLE) -> NoReturn:
    """Write why it cannot be done to standard error, and end with `status`. What others said in it moves no cursor and shows no secret."""
    typer.echo(harmless(message), err=True)
    raise typer.Exit(status)


def say_findings(source: str, findings: Sequence[FindingForPeople]) -> None:
    """Write findings to standard error: where, how binding, which rule, what is wrong, how to mend it."""
    for finding in findings:
        where = f"{source}:{finding.line}" if finding.line is not None else source
        typer.echo(f"{where}: {finding.requirement} {finding.rule}: {finding.sentence}", err=True)
        typer.echo(f"    {visible(redacted(finding.detail))}", err=True)
        if finding.mend:
            typer.echo(f"    Mend: {finding.mend}", err=True)


def write_whatever_the_locale() -> None:
    """Let a terminal that lacks a letter show a question mark: an output must never fail for an æ."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
