"""`nsis translate`: what would become of these rights?"""

import json
from pathlib import Path
from typing import Annotated

import typer

from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="translate")(translate_command)


def translate_command(
    table: Annotated[Path, typer.Option("--table", help="The translation table, or a federation.yaml that holds it.")],
    privileges: Annotated[
        Path, typer.Option("--privileges", help="A file with rights: OIOBPP as XML, or base64 of it as in a token.")
    ],
    target: Annotated[
        str | None, typer.Option("--target", help="Which of the tables, where the file holds several.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write the explanation as JSON.")] = False,
) -> None:
    """Translate rights by a table without a login, and say of every right what became of it and which line says so."""
    from federation.problems import FederationError
    from federation.translation.engine import translate
    from federation.translation_file import read_table_file
    from nsis_sim.translation_report import TranslationReport
    from oiosaml.errors import SamlError
    from oiosaml.privileges import read_privileges

    try:
        read = read_table_file(table, target)
        rights = read_privileges(_as_value(privileges.read_bytes()))
    except FederationError as error:
        fail(str(error), status=REFUSED)
    except SamlError as error:
        fail(f"{privileges}: {error.code}: {error.sentence('en')} {error.detail}", status=REFUSED)
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.")
    report = TranslationReport(translate(read.table, rights), read.lines)
    say(json.dumps(report.document(), ensure_ascii=False, indent=2) if as_json else report.text())
    if report.is_refused:
        raise typer.Exit(REFUSED)


def _as_value(octets: bytes) -> str:
    """Give the value as it stands in a token; XML itself is packed first, so both ways meet the same strict reader."""
    import base64

    if octets.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return base64.b64encode(octets.removeprefix(b"\xef\xbb\xbf").strip()).decode("ascii")
    return octets.decode("ascii", "replace")
