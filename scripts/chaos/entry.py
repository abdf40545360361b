"""`python -m scripts.chaos.entry [hooks] -- <arguments of nsis>`: nsis as it is, with a test's hooks round it.

`--kill POINT:PASSES` says where it dies. `--open-seconds` lets breakers try again sooner than people would bear to watch. `--patience` lets
the broker wait longer than people would bear. `--socket` serves on a listening socket that was inherited, so that several workers share
one as they do behind one systemd socket.
"""

import argparse
import socket
import sys
from datetime import timedelta
from typing import Any

import context_handler.breaker
import nsis_sim.server
from context_handler.adapters.soap_over_http import SoapOverHttp
from context_handler.store.database import Database
from scripts.chaos.kill_points import BY_NAME, install


def main() -> None:
    """Put the hooks in place and become `nsis`."""
    hooks, rest = _arguments(sys.argv[1:])
    if hooks.kill:
        name, _, passes = hooks.kill.partition(":")
        install(BY_NAME[name], int(passes or 1))
    if hooks.socket is not None:
        _serve_on(socket.socket(fileno=hooks.socket))
    if hooks.open_seconds is not None:
        context_handler.breaker.OPEN_SECONDS = hooks.open_seconds  # type: ignore[misc]  # final to everybody but a test
    if hooks.patience is not None:
        _wait_longer(hooks.patience)
    sys.argv = ["nsis", *rest]
    from nsis_sim.cli import main as nsis

    nsis()


def _arguments(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill")
    parser.add_argument("--socket", type=int)
    parser.add_argument("--open-seconds", type=float)
    parser.add_argument("--patience", type=float)
    boundary = arguments.index("--")
    return parser.parse_args(arguments[:boundary]), arguments[boundary + 1 :]


def _wait_longer(seconds: float) -> None:
    """Wait so long for an attribute service, for another process's write, and at the end for whoever has connected and not asked yet."""
    server: Any = nsis_sim.server
    server._LOOKS = round(seconds / server._LOOK_SECONDS)  # noqa: SLF001 - a limit that only a test moves
    for function, times in (
        (SoapOverHttp.__init__, {"connect_seconds": seconds, "total_seconds": seconds}),
        (Database.__init__, {"busy_timeout": timedelta(seconds=seconds)}),
    ):
        defaults = function.__kwdefaults__
        if not times.keys() <= defaults.keys():
            raise RuntimeError(f"{function.__qualname__} takes no {', '.join(times)}")
        function.__kwdefaults__ = defaults | times


def _serve_on(inherited: socket.socket) -> None:
    import nsis_sim.launcher

    def listen(_addresses: tuple[str, ...], _port: int) -> tuple[int, list[socket.socket]]:
        return inherited.getsockname()[1], [inherited]

    nsis_sim.launcher.listen = listen


if __name__ == "__main__":
    main()
