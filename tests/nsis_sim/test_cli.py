"""The command line itself: what every command pays before it does anything."""

import subprocess
import sys
from typing import get_args, get_type_hints

from nsis_sim.commands.demo import serve
from nsis_sim.settings import HOUSES
from tests.processes import clean_environment

HEAVY = ("pydantic", "fastapi", "lxml", "cryptography", "httpx", "jinja2")
SHOW_HEAVY = f"""
import sys
from nsis_sim.cli import build
build()
print(*sorted(set({HEAVY!r}) & set(sys.modules)))
"""


def test_no_command_pays_for_what_another_needs() -> None:
    """A container's health check is a `nsis` of its own every few seconds, thirteen of them for the whole street."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW_HEAVY], env=clean_environment(), capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == []


def test_serve_names_every_house() -> None:
    option = get_args(get_type_hints(serve, include_extras=True)["only"])[1]
    assert [house for house in HOUSES if house not in option.help] == []
