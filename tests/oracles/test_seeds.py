"""What fuzzing has found, and what honest senders send, put to the entries once more: a value or SamlError, within a second of CPU."""

from pathlib import Path

import pytest

from tests.cpu_time import cpu_seconds_of
from tests.oracles.entries import ENTRIES, honest

SEEDS = Path(__file__).parent / "seeds"
CASES = [
    *[(entry, path.name, path.read_bytes()) for entry in ENTRIES for path in sorted((SEEDS / entry).glob("*"))],
    *[(entry, f"honest-{number}", octets) for entry in ENTRIES for number, octets in enumerate(honest(entry))],
]

# A mutant of a certificate may have a serial number of zero, which the library warns of and we do not care about.
pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")


@pytest.mark.parametrize(("entry", "name", "octets"), CASES, ids=[f"{entry}-{name}" for entry, name, _ in CASES])
def test_entry_stands(entry: str, name: str, octets: bytes) -> None:
    assert cpu_seconds_of(lambda: ENTRIES[entry](octets)) < 1


def test_every_seed_belongs_to_an_entry() -> None:
    assert {path.name for path in SEEDS.iterdir()} <= set(ENTRIES)


def test_every_entry_has_an_honest_beginning() -> None:
    assert all(honest(entry) for entry in ENTRIES)
