"""Which start of this machine it is: a name that all processes read alike until the machine goes down, and that never comes back."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

_LINUX: Final = Path("/proc/sys/kernel/random/boot_id")
_SYSCTL_NAMES: Final = ("kern.bootsessionuuid", "kern.boottime")
"""macOS; other BSDs. The time of the boot moves when the clock is set: then a login is ended that need not have been."""

_SYSCTL_SECONDS: Final = 5
"""How long the operating system may take to say when it was started; it takes milliseconds."""


def boot_id(fresh: Callable[[], str], *, linux: Path = _LINUX, sysctl: str = "/usr/sbin/sysctl") -> str:
    """Give this boot's name; a `fresh` one where the machine has none, so that there every start counts as a new boot."""
    try:
        name = linux.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    return name or _by_sysctl(sysctl) or fresh()


def _by_sysctl(command: str) -> str:
    for variable in _SYSCTL_NAMES:
        try:
            asked = subprocess.run(  # noqa: S603 - a fixed path and fixed words
                [command, "-n", variable], capture_output=True, check=False, text=True, timeout=_SYSCTL_SECONDS
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        if asked.returncode == 0 and asked.stdout.strip():
            return asked.stdout.strip()
    return ""
