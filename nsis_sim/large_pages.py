"""What the start has made is moved into large pages, where Linux has them.

A login touches some thousand objects that lie scattered over the heap. With pages of 4 kB the processor has forgotten most of their
addresses when the next login comes, and in a virtual machine looking one up again takes two walks instead of one.
"""

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LARGE: Final = 2 * 1024 * 1024
"""Octets of a large page, on x86-64 and on most of arm64."""

_COLLAPSE: Final = 25
"""MADV_COLLAPSE, since Linux 6.1: copies at once, and needs no setting of the machine's."""

_FULL: Final = 0.75
"""Which part of a mapping must be in use: the rest of a large page is memory taken for nothing. Our choice."""

_MAPPINGS: Final = re.compile(
    r"^(\w+)-(\w+) rw-p \w+ 00:00 0 +(?:\[heap\])?\n(?:[^-\n]*\n)*?Rss: +(\d+) kB$", re.MULTILINE
)


def use_large_pages() -> None:
    """Move the heap of this process. Where the system cannot, all stays as it is; nothing else depends on it."""
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, length in full_mappings(Path("/proc/self/smaps").read_text("ascii", "replace")):
        madvise(start, length, _COLLAPSE)


def full_mappings(smaps: str) -> Iterator[tuple[int, int]]:
    """Give address and length of what is private, writable, of no file, mostly in use and long enough."""
    for first, end, resident in _MAPPINGS.findall(smaps):
        start = int(first, 16)
        length = int(end, 16) - start
        if length >= _LARGE and int(resident) * 1024 >= _FULL * length:
            yield start, length
