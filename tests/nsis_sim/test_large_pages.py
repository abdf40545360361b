"""What the start has made is moved into large pages: which mappings are, and that nothing in them changes."""

from pathlib import Path

import pytest

from nsis_sim.large_pages import full_mappings, use_large_pages

MAPPING = "7f0000000000-7f0000400000 rw-p 00000000 00:00 0 \nSize: 4096 kB\nRss: 4000 kB\nVmFlags: rd wr\n"
SMAPS = Path("/proc/self/smaps")


def test_a_heap_in_use_is_moved() -> None:
    heap = MAPPING.replace("00:00 0 ", "00:00 0                  [heap]")
    assert list(full_mappings(MAPPING + heap)) == [(0x7F0000000000, 0x400000)] * 2


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("Rss: 4000", "Rss: 3000"),
        ("7f0000400000", "7f0000100000"),
        ("rw-p", "r--p"),
        ("rw-p", "rw-s"),
        ("00:00 0 ", "fe:00 17        /usr/lib/libc.so.6"),
        ("00:00 0 ", "00:00 0         [stack]"),
    ],
    ids=["hardly used", "short", "read only", "shared", "a file", "a stack"],
)
def test_nothing_else_is(said: str, instead: str) -> None:
    assert said in MAPPING
    assert list(full_mappings(MAPPING.replace(said, instead) + MAPPING)) == [(0x7F0000000000, 0x400000)]


def test_reads_what_this_kernel_says() -> None:
    if not SMAPS.exists():
        return  # another system: nothing is moved there
    kept = [bytearray(4096) for _ in range(8192)]
    found = sum(length for _, length in full_mappings(SMAPS.read_text("ascii", "replace")))
    assert found >= sum(map(len, kept)) // 2


def test_what_was_moved_is_as_it_was() -> None:
    kept = {number: str(number) for number in range(200_000)}
    use_large_pages()
    assert all(text == str(number) for number, text in kept.items())
