"""`nsis audit`: was any login or logout lost?"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nsis_sim.terminal import REFUSED, fail, say
from oiosaml.redaction import visible

if TYPE_CHECKING:
    from context_handler.store.database import Database


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="audit")(audit_command)
    app.command(name="prompts")(prompts_command)


def audit_command(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="Ask the simulator that runs there, in place of this machine's store."),
    ] = None,
) -> None:
    """Prove that started = completed + refused + expired + pending. Exits 1 if it does not hold.

    Logouts are counted apart: started = completed + partial + refused + under way.

    Reads the store of this machine (NSIS_DATA_DIR), whether a simulator runs or not. With --base-url it is the simulator there that counts.
    """
    report = _of_this_machine() if base_url is None else _of_simulator(base_url)
    if as_json:
        say(json.dumps(report, indent=2))
    else:
        _say_report(report)
    if not report["conserved"]:
        fail("Not conserved.", status=REFUSED)


def _of_this_machine() -> Mapping[str, Any]:
    from context_handler.audit import audit
    from context_handler.store.sqlite_record import SqliteRecord
    from oiosaml.ids import DEFAULT_WORKSPACE
    from oiosaml.redaction import redacted
    from saml_web.clock import utc_now

    with _store() as database:
        result = audit(SqliteRecord(database), DEFAULT_WORKSPACE, utc_now())
    return {
        **asdict(result.counts),
        "conserved": result.conserved,
        "logouts": asdict(result.logouts),
        "discrepancies": [redacted(f"flow {each.flow}: {each.detail}") for each in result.discrepancies],
    }


def _of_simulator(base_url: str) -> Mapping[str, Any]:
    from nsis_sim.api_client import Api, registering

    with registering("audit"), Api(base_url) as api:
        told = api.audit()
    return {**told, "discrepancies": [f"flow {each['flow']}: {each['detail']}" for each in told["discrepancies"]]}


def _say_report(report: Mapping[str, Any]) -> None:
    for told, beginning in ((report, ""), (report["logouts"], "Logouts: ")):
        ends = {name: number for name, number in told.items() if type(number) is int and name != "started"}
        holds = "=" if told["started"] == sum(ends.values()) else "is not"
        words = " + ".join(f"{number} {name.replace('_', ' ')}" for name, number in ends.items())
        say(f"{beginning}{told['started']} started {holds} {words}")
    for discrepancy in report["discrepancies"]:
        say(f"  {visible(discrepancy)}")


@contextmanager
def _store() -> Iterator["Database"]:
    """Open the store that the settings name, if one lies there; else end the command. What is no store stays as it is."""
    from context_handler.store.database import Database
    from context_handler.store.schema import version_of
    from nsis_sim.broker import store_path
    from nsis_sim.settings import SettingsError, load_settings
    from oiosaml.errors import SamlError

    elsewhere = "NSIS_DATA_DIR names another directory, and `nsis audit --base-url URL` asks a simulator that runs."
    try:
        path = store_path(load_settings(os.environ))
        if not path.exists():
            fail(f"There is no store at {path}: nothing was ever started there. {elsewhere}")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if version_of(connection) is None:
                fail(f"{path} is no store of this simulator. {elsewhere}")
        database = Database(path)
        try:
            yield database
        finally:
            database.close()
    except sqlite3.Error as error:
        fail(f"{path} cannot be read as a store ({error}). {elsewhere}")
    except (SettingsError, SamlError) as error:
        fail(str(error))


def prompts_command(*, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Count how often people were asked to log in, by day (UTC), home IdP and person; the person is a pseudonym.

    Reads the store of this machine (NSIS_DATA_DIR), whether a simulator runs or not.
    """
    from context_handler.prompts import STEPS, count_prompts
    from context_handler.store.sqlite_record import SqliteRecord
    from oiosaml.ids import DEFAULT_WORKSPACE

    with _store() as database:
        counts = count_prompts(SqliteRecord(database).events_of_completed_logins(DEFAULT_WORKSPACE, STEPS))
    if as_json:
        say(json.dumps([{**asdict(count), "day": count.day.isoformat()} for count in counts], indent=2))
        return
    for count in counts:
        say(
            f"{count.day} {count.idp} {count.person[:8]}: {count.logins} logins, {count.prompts} prompts,"
            f" {count.from_session} from a session, {count.step_ups} step-ups, {count.forced} forced"
        )
