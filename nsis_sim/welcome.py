"""What a person reads once the simulator is ready: where to go, and who can log in."""

import io
import sys
from collections.abc import Sequence
from typing import Final

from federation.model import HomeIdp, Profile, World
from federation.topology import Topology
from nsis_sim.addressing import Addressing, Kind
from nsis_sim.placement import Place
from nsis_sim.terminal import say

_WIDTH_IN_A_LOG: Final = 160


def say_ready(world: World, topology: Topology, places: Sequence[Place], addressing: Addressing) -> None:
    """Write the portal's URL and the people who can log in, or the houses where only some are here."""
    if not any(place.house == "context_handler" for place in places) or not any(
        place.house == "idp_mock" for place in places
    ):
        for place in places:
            say(f"{place.name:<30} {place.base_url}/")
        say("Ready. Ctrl-C ends it.")
        return
    _say_people(world, topology)
    home = topology.context_handler.home_url
    match addressing.kind:
        case Kind.SITES:
            say(
                "Every party is a site of its own, over https. Browsers warn until they trust this simulator's CA: nsis ca trust"
            )
            say(f"For the commands: export NSIS_BASE_URL={topology.context_handler_base_url}")
        case Kind.LAN:
            _say_code(home)
            say(
                "WARNING: plain http, and whoever is on this network can read and register. For a room and invented people only."
            )
        case Kind.PATHS:
            pass
    say(f"Ready: {home}   Ctrl-C ends it.")


def _say_code(url: str) -> None:
    """Draw the URL as a QR code, for the phones and laptops of a room."""
    import segno

    drawn = io.StringIO()
    segno.make(url, micro=False).terminal(out=drawn, compact=True)
    say(drawn.getvalue())


def _say_people(world: World, topology: Topology) -> None:
    from rich.console import Console
    from rich.table import Table

    names = {authority.cvr: authority.name for authority in world.authorities}
    played = {cvr for idp in world.idps if _is_played(idp, topology) for cvr in idp.cvrs}
    table = Table(title="Who can log in (one click, or password demo)", title_justify="left")
    for heading in ("id", "name", "municipality", "level", "what to see"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "id")
    for person in world.people:
        if person.cvr in played:
            table.add_row(
                person.id,
                person.name,
                names.get(person.cvr, person.cvr),
                person.stated_level.spoken,
                person.purpose_en,
            )
    # In a pipe or a log nobody wraps for us, and names broken over lines cannot be searched for.
    width = None if sys.stdout.isatty() else _WIDTH_IN_A_LOG
    Console(highlight=False, markup=False, width=width).print(table)


def _is_played(idp: HomeIdp, topology: Topology) -> bool:
    if idp.profile is Profile.NEMLOGIN3:
        return idp.simulated and topology.nemlogin_base_url is not None
    return idp.id in topology.idp_base_urls
