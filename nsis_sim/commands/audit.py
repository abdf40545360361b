"""`nsis audit`: was any login or logout lost?"""

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer

from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="audit")(audit_command)
    app.command(name="prompts")(prompts_command)


def audit_command(*, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Prove from the store that started = completed + refused + expired + pending. Exits 1 if it does not hold.

    Logouts are counted apart: started = completed + partial + refused + under way.

    Reads the store of this machine (NSIS_DATA_DIR), whether a simulator runs or not.
    """
    from context_handler.audit import audit
    from context_handler.store.database import Database
    from context_handler.store.sqlite_record import SqliteRecord
    from nsis_sim.broker import store_path
    from nsis_sim.settings import SettingsError, load_settings
    from oiosaml.errors import SamlError
    from oiosaml.ids import DEFAULT_WORKSPACE
    from oiosaml.redaction import redacted
    from saml_web.clock import utc_now

    try:
        path = store_path(load_settings(os.environ))
        if not path.exists():
            fail(f"There is no store at {path}: nothing was ever started there. NSIS_DATA_DIR names another directory.")
        database = Database(path)
        result = audit(SqliteRecord(database), DEFAULT_WORKSPACE, utc_now())
        database.close()
    except (SettingsError, SamlError) as error:
        fail(str(error))
    counts = result.counts
    discrepancies = [redacted(f"flow {each.flow}: {each.detail}") for each in result.discrepancies]
    numbers = {name: getattr(counts, name) for name in ("started", "completed", "refused", "expired", "pending")}
    logouts = asdict(result.logouts)
    if as_json:
        report = {**numbers, "conserved": result.conserved, "logouts": logouts, "discrepancies": discrepancies}
        say(json.dumps(report, indent=2))
    else:
        sum_of_ends = " + ".join(f"{number} {name}" for name, number in numbers.items() if name != "started")
        say(f"{counts.started} started {'=' if counts.conserved else 'is not'} {sum_of_ends}")
        ends = " + ".join(f"{number} {name.replace('_', ' ')}" for name, number in logouts.items() if name != "started")
        say(f"Logouts: {logouts['started']} started {'=' if result.logouts.conserved else 'is not'} {ends}")
        for discrepancy in discrepancies:
            say(f"  {discrepancy}")
    if not result.conserved:
        fail("Not conserved.", status=REFUSED)


def prompts_command(*, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Count how often people were asked to log in, by day (UTC), home IdP and person; the person is a pseudonym.

    Reads the store of this machine (NSIS_DATA_DIR), whether a simulator runs or not.
    """
    from context_handler.prompts import count_prompts
    from context_handler.store.database import Database
    from context_handler.store.sqlite_record import SqliteRecord
    from nsis_sim.broker import store_path
    from nsis_sim.settings import SettingsError, load_settings
    from oiosaml.errors import SamlError
    from oiosaml.ids import DEFAULT_WORKSPACE

    try:
        path = store_path(load_settings(os.environ))
        if not path.exists():
            fail(f"There is no store at {path}: nothing was ever started there. NSIS_DATA_DIR names another directory.")
        database = Database(path)
        counts = count_prompts(SqliteRecord(database).events_of_completed_logins(DEFAULT_WORKSPACE))
        database.close()
    except (SettingsError, SamlError) as error:
        fail(str(error))
    if as_json:
        say(json.dumps([{**asdict(count), "day": count.day.isoformat()} for count in counts], indent=2))
        return
    for count in counts:
        say(
            f"{count.day} {count.idp} {count.person[:8]}: {count.logins} logins, {count.prompts} prompts,"
            f" {count.from_session} from a session, {count.step_ups} step-ups, {count.forced} forced"
        )
