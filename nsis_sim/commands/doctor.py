"""`nsis doctor`: what is wrong with this machine?"""

import os
from typing import Final

import typer

from nsis_sim.terminal import REFUSED, fail, say

_WIDTH: Final = 24


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="doctor")(doctor)


def doctor() -> None:
    """Look at Python, libraries, clock, port, directories, keys, store and members. Exits 1 if something is bad. Changes nothing."""
    from nsis_sim.diagnosis import Health, diagnose
    from nsis_sim.settings import SettingsError, load_settings
    from saml_web.clock import utc_now

    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        fail(str(error))
    bad = members = 0
    for found in diagnose(settings, utc_now()):
        say(f"{found.health:<5} {found.what:<{_WIDTH}} {found.sentence}")
        bad += found.health is Health.BAD
        members += found.what == "members"
    if bad:
        fail(f"{bad} thing{'s' if bad > 1 else ''} to mend.", status=REFUSED)
    say(f"This machine is well. Worth knowing of the members: {members}." if members else "All well.")
