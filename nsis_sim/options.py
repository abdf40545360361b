"""Options that several commands share."""

import os
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

import typer

from nsis_sim.terminal import fail


class Level(StrEnum):
    """An NSIS level, by the word that messages and registrations have for it."""

    LOW = "Low"
    SUBSTANTIAL = "Substantial"
    HIGH = "High"


class SystemProfile(StrEnum):
    """The profiles of SAML that a system can read."""

    OIOSAML3 = "OIOSAML3"
    OIOSAML2 = "OIOSAML2"
    LOCAL_IDP = "LOCAL_IDP"


class IdpProfile(StrEnum):
    """The profiles of SAML that an IdP can speak."""

    OIOSAML3 = "OIOSAML3"
    OIOSAML2 = "OIOSAML2"
    NEMLOGIN3 = "NEMLOGIN3"


BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url", help="The simulator's base URL. Without it: NSIS_BASE_URL, or http://localhost:NSIS_PORT."
    ),
]

Party = Annotated[str, typer.Argument(metavar="ID|ENTITYID", help="Its short id or its entityID (`nsis parties`).")]


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
