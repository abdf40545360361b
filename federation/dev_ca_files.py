"""Files of keys and certificates: names, whole writes, and one writer at a time."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def key_path(directory: Path, holder_id: str) -> Path:
    """Give where a private key lies."""
    return directory / f"{holder_id}.key.pem"


def certificate_path(directory: Path, holder_id: str) -> Path:
    """Give where a certificate lies."""
    return directory / f"{holder_id}.crt.pem"


def read_if_there(path: Path) -> bytes | None:
    """Give the octets of a file, None if there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_whole(path: Path, octets: bytes, *, mode: int) -> None:
    """Write a file so that a reader sees the old octets or the new ones, never a part, and durably so.

    A private key is never readable for others, not even while it is written.
    """
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


@contextmanager
def only_one_process(directory: Path) -> Iterator[None]:
    """Wait until no other process writes in `directory`. The lock is the kernel's: it goes with the process, even by kill -9."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
