"""One process of coverage-guided fuzzing of one entry, by atheris; `scripts.fuzz` starts it with libFuzzer's own arguments.

A finding is an exception other than SamlError, or more than a second of CPU; the search goes on after it.
"""

import sys
import time
import warnings
from typing import Final

import atheris

from scripts.fuzz.findings import note, place_of

SLOW: Final = 1.0
"""Seconds of CPU that no input may cost."""


def main(entry: str, arguments: list[str]) -> None:
    """Fuzz until libFuzzer's own limits; never returns."""
    with atheris.instrument_imports(include=["oiosaml", "context_handler.metadata_refresh"]):
        from tests.oracles.entries import ENTRIES
    warnings.simplefilter("ignore")
    read, seen = ENTRIES[entry], set[str]()

    def try_one(octets: bytes) -> None:
        began = time.process_time()
        try:
            read(octets)
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            note(entry, octets, place_of(error), seen)
        if time.process_time() - began > SLOW:
            note(entry, octets, "slow", seen)

    atheris.Setup([sys.argv[0], *arguments], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
