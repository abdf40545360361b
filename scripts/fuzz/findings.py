"""How a fuzzer says what it found: a line of output, and the input among the seeds of its entry, which CI replays from then on."""

import hashlib
import traceback
from pathlib import Path
from typing import Final

SEEDS: Final = Path(__file__).parents[2] / "tests" / "oracles" / "seeds"
FOUND: Final = "FINDING "
"""Begins the line."""


def place_of(error: Exception) -> str:
    """Say what was raised and where."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {error!s:.120}"


def note(entry: str, octets: bytes, place: str, seen: set[str]) -> None:
    """Write the input down and print the line, once for each place."""
    kind = place.partition(": ")[0]
    if kind in seen:
        return
    seen.add(kind)
    path = SEEDS / entry / f"{hashlib.sha256(octets).hexdigest()[:16]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    print(f"{FOUND}{entry}: {place}: {path}", flush=True)
