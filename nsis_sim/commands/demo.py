"""`nsis demo`, `nsis serve` and `nsis certs`: start the federation, or a part of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsis_sim.terminal import fail, say

if TYPE_CHECKING:
    from nsis_sim.addressing import Addressing

Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="TCP port instead of NSIS_PORT; 0 takes a free one.")
]
ReadyFile = Annotated[
    Path | None, typer.Option("--ready-file", help='Written when ready: {"base_url": …, "pid": …}.', dir_okay=False)
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="demo")(demo)
    app.command(name="serve")(serve)
    app.command(name="certs")(certs)


def demo(
    port: Port = None,
    ready_file: ReadyFile = None,
    *,
    realistic: Annotated[
        bool,
        typer.Option(
            "--realistic",
            help="https, every party a site of its own under .localhost (port 8443): cookies behave as between real sites.",
        ),
    ] = False,
    lan: Annotated[
        bool, typer.Option("--lan", help="For a room: plain http at an address that others on your network can reach.")
    ] = False,
    lan_host: Annotated[
        str | None, typer.Option("--lan-host", help="The name or address others reach this machine by; implies --lan.")
    ] = None,
) -> None:
    """Start the whole federation in this process, until Ctrl-C."""
    from nsis_sim.addressing import Addressing, Kind

    if realistic and (lan or lan_host):
        fail("--realistic is for this machine alone; --lan is for a network. Choose one.")
    kind = Kind.SITES if realistic else Kind.LAN if lan or lan_host else Kind.PATHS
    _run((), port, ready_file, Addressing(kind, lan_host))


def serve(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="A house (context_handler, idp_mock, attribute_service, nemlogin_mock, sp_demo), or one party: idp_mock:korsbaek.",
        ),
    ] = None,
    port: Port = None,
    ready_file: ReadyFile = None,
) -> None:
    """Start some houses in this process, until Ctrl-C. Apart, houses share NSIS_CERTS_DIR, and NSIS_BASE_URLS says who lives where."""
    from nsis_sim.addressing import Addressing

    _run(tuple(only or ()), port, ready_file, Addressing())


def certs() -> None:
    """Make the keys and certificates that are missing, and end."""
    from nsis_sim.launcher import LaunchError, prepare

    try:
        prepared = prepare(None)
    except LaunchError as error:
        fail(str(error))
    say(f"Keys and certificates are in {prepared.settings.certs_dir}")


def _run(only: tuple[str, ...], port: int | None, ready_file: Path | None, addressing: "Addressing") -> None:
    from nsis_sim.launcher import LaunchError, launch

    try:
        launch(only, port=port, ready_file=ready_file, addressing=addressing)
    except LaunchError as error:
        fail(str(error))
    except KeyboardInterrupt:
        pass  # Ctrl-C before the server took over: an asked-for end, too
    say("Ended.")
