"""What is measured while a message is handled (invariants I5 and I6): the server's CPU and memory, and two canaries to be left alone."""

import ctypes
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.attacks.target import Target

CPU_SECONDS = 0.25
MEMORY_OCTETS = 50 * 1024 * 1024

_LIBC = ctypes.CDLL(None, use_errno=True)
_IN_ACCESS, _IN_OPEN, _IN_NONBLOCK = 0x1, 0x20, os.O_NONBLOCK


@dataclass
class Canaries:
    """A file that nobody may open, seen by the kernel whoever opens it, and a listener that nobody may call."""

    file: Path
    _watching: int
    _listening: socket.socket

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/canary"

    def require_untouched(self) -> None:
        try:
            os.read(self._watching, 4096)
        except BlockingIOError:
            pass
        else:
            raise AssertionError("the canary file was opened")
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return
        connection.close()
        raise AssertionError("somebody called the canary listener")


@contextmanager
def canaries(directory: Path) -> Iterator[Canaries]:
    """Set both up; the file lies in `directory`."""
    file = directory / "canary.txt"
    file.write_text("canary")
    watching = _LIBC.inotify_init1(_IN_NONBLOCK)
    assert watching >= 0, os.strerror(ctypes.get_errno())
    try:
        assert _LIBC.inotify_add_watch(watching, os.fsencode(file), _IN_OPEN | _IN_ACCESS) >= 0
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            yield Canaries(file, watching, listening)
    finally:
        os.close(watching)


@contextmanager
def bounded(target: Target, *, cpu: float = CPU_SECONDS, memory: int = MEMORY_OCTETS) -> Iterator[None]:
    """Assert that what happens inside costs the server no more than this."""
    target.forget_peak()
    before, used = target.peak_memory(), target.cpu_seconds()
    yield
    spent, more = target.cpu_seconds() - used, target.peak_memory() - before
    assert spent < cpu, f"took {spent * 1000:.0f} ms of CPU"
    assert more < memory, f"took {more / 2**20:.0f} MB more memory"
