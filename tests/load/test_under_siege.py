"""Six seconds of honest logins while hostile inputs come at twenty a second; `make load` does it for minutes, at half the whole rate.

That honest logins are not slowed is seen in CPU time, which other work on the machine does not change: all of it together takes less than
one core, so that half of a machine of two is always left.
"""

from pathlib import Path

from scripts.load.hostile import HOSTILE_RATE, hostile_inputs, under_siege
from tests.processes import shipped_keys

SECONDS = 6


def test_honest_logins_are_held_while_hostile_inputs_are_refused_xml_04_xml_10_xml_14_sig_15_web_13(
    tmp_path: Path,
) -> None:
    shipped_keys(tmp_path / "certs")
    siege = under_siege(tmp_path, rate=2, seconds=SECONDS)
    assert siege.wrong() == []
    assert siege.honest.done > 0
    assert siege.hostile.done >= 3 * len(hostile_inputs())
    assert siege.cpu_seconds / siege.hostile.done < 1 / HOSTILE_RATE
