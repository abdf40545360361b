"""A process as the image runs it: another user, no capabilities, no way to new privileges, a read-only root with a /tmp of its own.

A mount namespace does what a container engine would. Root makes one by itself; anybody else needs user namespaces, and is somebody other
than root already. Where neither can be had, the process runs as it is: then the person who runs the tests is what confines it.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

UID = 10001
"""The user of the Dockerfile."""

_MOUNTED: str = "/mnt"
_TMP = Path("/tmp")
_READ_ONLY = """
for place in $(awk '{print $5}' /proc/self/mountinfo); do
  case "$place" in /mnt*|/tmp|/proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
done
mount -o remount,ro /mnt
"""


@dataclass(frozen=True)
class Volume:
    """A directory of the test's own, and where the process sees it."""

    source: Path
    writable: bool


@cache
def namespace() -> tuple[str, ...] | None:
    """The beginning of a command in a mount namespace of its own, or None where there can be none."""
    for way in (("unshare", "--mount"), ("unshare", "--user", "--map-root-user", "--mount")):
        try:
            tried = subprocess.run([*way, "mount", "-t", "tmpfs", "tmpfs", _MOUNTED], capture_output=True, check=False)
        except OSError:
            return None
        if tried.returncode == 0:
            return way
    return None


def place_of(name: str, source: Path) -> str:
    """Where a confined process sees a volume."""
    return str(source) if namespace() is None else f"{_MOUNTED}/{name}"


def confined(command: Sequence[str], volumes: Mapping[str, Volume]) -> list[str]:
    """Give the command line that runs `command` confined; what it may write is what a volume says."""
    way = namespace()
    if way is None:
        return list(command)
    script = ["set -e", "umask 022", "mount --make-rprivate /", f"mount -t tmpfs -o mode=755 tmpfs {_MOUNTED}"]
    for name, volume in volumes.items():
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{UID}:{UID}", str(volume.source)], check=True)
        place = f"{_MOUNTED}/{name}"
        script += [f"mkdir {place}", f"mount --bind {shlex.quote(str(volume.source))} {place}"]
        script += [] if volume.writable else [f"mount -o remount,bind,ro {place}"]
    script += _reachable((Path(sys.base_prefix), Path(sys.prefix), Path(__file__).parents[1]))
    script += [_READ_ONLY]
    user = [f"--reuid={UID}", f"--regid={UID}", "--clear-groups"] if os.geteuid() == 0 else []
    drop = ["setpriv", *user, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    return [*way, "sh", "-c", "\n".join([*script, f"exec {shlex.join([*drop, *command])}"])]


def _reachable(needed: Sequence[Path]) -> list[str]:
    """Give the lines that give the process a /tmp of its own, and let another user reach what it is made of.

    That may lie in somebody's own directory, or below /tmp.
    """
    lines, hidden = [], {}
    for number, path in enumerate(needed):
        closed = next(
            (each for each in reversed([path, *path.parents]) if each == _TMP or not each.stat().st_mode & 0o001), None
        )
        if closed is not None:
            hidden[path] = closed
            lines += [f"mkdir -p {_MOUNTED}/made-of/{number}", f"mount --bind {path} {_MOUNTED}/made-of/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 tmpfs {closed}" for closed in sorted({*hidden.values()} - {_TMP})]
    lines += [f"mount -t tmpfs -o mode=1777 tmpfs {_TMP}"]
    for number, path in enumerate(needed):
        if path in hidden:
            lines += [f"mkdir -p {path}", f"mount --bind {_MOUNTED}/made-of/{number} {path}"]
    return lines
