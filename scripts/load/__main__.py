"""`make load`: whole logins through every house, the broker alone, logins under attack; what does not hold is said, and written down."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from scripts.assurance import write_record
from scripts.load.hostile import under_siege
from scripts.load.runs import BROKER_RATE, GROWTH, P95_SECONDS, WHOLE_RATE, Run, broker_alone, whole_logins

LONGEST_SECONDS = 3600.0
HELD = 0.99
"""Of the rate that was asked for: the last logins end after the time is up."""

SLOWER = 2.0
"""How many times longer an honest login may take at half the rate while hostile inputs come."""

FILES = 16
"""Connections that come and go: as many as people log in at a time."""


def main() -> None:
    """Run both, and exit 1 if anything does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=WHOLE_RATE)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--broker-rate", type=float, default=BROKER_RATE)
    parser.add_argument("--broker-seconds", type=float, default=60.0)
    parser.add_argument("--attack-seconds", type=float, default=120.0)
    parser.add_argument("--write", action="store_true", help="Write docs/assurance/load.json.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole = whole_logins(Path(name), rate=asked.rate, seconds=min(asked.seconds, LONGEST_SECONDS))
    _say("whole logins", whole.figures())
    with tempfile.TemporaryDirectory() as name:
        seconds = min(asked.broker_seconds, LONGEST_SECONDS)
        broker = broker_alone(Path(name), rate=asked.broker_rate, seconds=seconds)
    _say("broker alone", broker.figures())
    with tempfile.TemporaryDirectory() as name:
        seconds = min(asked.attack_seconds, LONGEST_SECONDS)
        siege = under_siege(Path(name), rate=asked.rate / 2, seconds=seconds)
    _say("under attack", siege.figures())
    wrong = [*(f"whole: {each}" for each in _not_held(whole)), *(f"broker: {each}" for each in _not_held(broker))]
    wrong += [f"under attack: {each}" for each in siege.wrong()]
    if siege.honest.percentile(0.95) > SLOWER * whole.pace.percentile(0.95):
        wrong.append(f"under attack: p95 is more than {SLOWER:g} times that of whole logins")
    for each in wrong:
        print(f"does not hold: {each}")
    if asked.write:
        lost = sum(run.begun - run.report.counts.completed for run in (whole, broker))
        figures = {"whole_logins": whole.figures(), "broker_alone": broker.figures(), "under_attack": siege.figures()}
        print(write_record("load", {**figures, "does_not_hold": "; ".join(wrong) or "none", "lost": lost}))
    sys.exit(1 if wrong else 0)


def _not_held(run: Run) -> list[str]:
    told = run.wrong()
    if run.pace.rate < HELD * run.pace.asked_rate:
        told.append(f"{run.pace.rate:.1f} a second, asked for {run.pace.asked_rate:g}")
    if run.pace.percentile(0.95) > P95_SECONDS:
        told.append(f"p95 is {run.pace.percentile(0.95):.2f} s")
    if run.watch.growth > GROWTH:
        told.append(f"memory grew by {run.watch.growth:.1%}")
    if run.watch.more_files > FILES:
        told.append(f"{run.watch.more_files} more files were open at the end")
    return told


def _say(what: str, figures: Mapping[str, float | str]) -> None:
    print(what)
    for name, value in figures.items():
        print(f"  {name}: {value}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
