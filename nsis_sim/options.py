"""Options that several commands share."""

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from nsis_sim.terminal import fail

BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url", help="The simulator's base URL. Without it: NSIS_BASE_URL, or http://localhost:NSIS_PORT."
    ),
]


def broker_url(given: str | None) -> str:
    """Give the base URL of the simulator that a command talks to; ends the command if the settings cannot be read."""
    from nsis_sim.settings import SettingsError, load_settings

    try:
        return (given or load_settings(os.environ).broker_url()).rstrip("/")
    except SettingsError as error:
        fail(str(error))


def https_broker_url() -> str:
    """Give the base URL of the simulator over https: NSIS_BASE_URL, or where `nsis demo --realistic` listens by these settings.

    NSIS_BASE_URL without https names another simulator, for the other commands. Ends the command if the settings cannot be read.
    """
    from federation.sites import broker_of_sites
    from nsis_sim.addressing import Addressing, Kind
    from nsis_sim.settings import SettingsError, load_settings

    try:
        settings = load_settings(os.environ)
    except SettingsError as error:
        fail(str(error))
    if settings.base_url is not None and urlsplit(settings.base_url).scheme == "https":
        return settings.base_url
    return broker_of_sites(Addressing(Kind.SITES).port(settings, None))
