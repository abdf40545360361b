"""Six seconds of honest logins while hostile inputs come at twenty a second; `make load` does it for minutes, at half the whole rate.

That honest logins are not slowed is seen in CPU time: all of it together takes less than one core of the machine of the published figures,
so that half of that machine of two is always left.
"""

from pathlib import Path

from scripts.chaos.brokers import UNHURRIED
from scripts.load.hostile import HOSTILE_RATE, under_siege
from tests.processes import shipped_keys

RATE, SECONDS = 2, 6
LATE_SECONDS = 120.0
"""A machine that is too busy for the rate takes this much longer, and nothing is left out."""


def test_honest_logins_are_held_while_hostile_inputs_are_refused_xml_04_xml_10_xml_14_sig_15_web_13(
    tmp_path: Path,
) -> None:
    shipped_keys(tmp_path / "certs")
    siege = under_siege(tmp_path, rate=RATE, seconds=SECONDS, late_seconds=LATE_SECONDS, patience=UNHURRIED)
    assert siege.wrong() == []
    assert siege.honest.done == RATE * SECONDS
    assert siege.hostile.done == HOSTILE_RATE * SECONDS
    assert siege.cpu_seconds / siege.hostile.done < siege.slowness / HOSTILE_RATE
