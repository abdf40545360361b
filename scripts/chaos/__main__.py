"""`make chaos`: every fault on purpose in full. Each kind is bounded, and written to docs/assurance/<kind>.json with what did not hold."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scripts.assurance import DOCUMENT, Figure, assurance_document, write_record
from scripts.chaos import races
from scripts.chaos.back_channel import logout_run
from scripts.chaos.brokers import open_site, workers
from scripts.chaos.changes import ChangeRun
from scripts.chaos.clock import JUMPS, clock_run
from scripts.chaos.disk import HELD_UP_SECONDS, disk_run
from scripts.chaos.drain import DRAIN_SECONDS, drain_in_turn
from scripts.chaos.kill_points import POINTS
from scripts.chaos.kills import kill_run
from scripts.chaos.metadata_source import metadata_run
from scripts.chaos.upstream import upstream_run
from scripts.chaos.wire import Fault

KILLS_AT_EACH_POINT: Final = 25
KILLS_AT_RANDOM: Final = 50
KILL_RATE: Final = 5.0
WORKERS: Final = 4
ROUNDS: Final = 100
TAB_ROUNDS: Final = 200
LOGOUT_ROUNDS: Final = 500
CHANGES: Final = 200
LOCKED_SECONDS: Final = 10.0
DISK_ROUNDS: Final = 3
UPSTREAM_LOGINS: Final = 20
UPSTREAM_LOGOUTS: Final = 10
ENDS: Final = 20
DRAIN_RATE: Final = 10.0

Result = tuple[Mapping[str, Figure], list[str]]


def kills(directory: Path, share: float) -> Result:
    """Kill at each point and at random moments, in an order that is the same each time."""
    plan = [point for point in POINTS for _ in range(_of(KILLS_AT_EACH_POINT, share))]
    whole = [*plan, *([None] * _of(KILLS_AT_RANDOM, share))]
    order = random.Random(4)  # noqa: S311 - the same order each time
    order.shuffle(whole)
    with kill_run(directory, seed=4, rate=KILL_RATE) as run:
        seen = run.run(whole)
    return seen.figures(), seen.wrong


def every_race(directory: Path, share: float) -> Result:
    """Run every race at four workers on one store."""
    with open_site(directory) as site, workers(site, WORKERS) as brokers:
        ports = [broker.port for broker in brokers]
        once = races.one_answer_many_times(site, ports, _of(ROUNDS, share))
        tabs = races.crossed_tabs(site, ports, _of(TAB_ROUNDS, share))
        logouts = races.logout_while_logging_in(site, ports, _of(LOGOUT_ROUNDS, share))
        changes = ChangeRun(site, ports).run(_of(CHANGES, share))
        report = site.audit()
    wrong = [*once.wrong, *tabs.wrong, *logouts.wrong, *changes.wrong]
    if not report.conserved:
        wrong.append(f"not conserved: {report}")
    return {
        "workers": WORKERS,
        "rounds_of_one_answer_fifty_fold": once.rounds,
        "accepted": once.outcomes["accepted"],
        "refused_as_replays": once.outcomes["refused as replays"],
        "rounds_of_crossed_tabs": tabs.rounds,
        "rounds_of_logout_while_logging_in": logouts.rounds,
        "changes_under_way": changes.changes,
        "tokens_meanwhile": changes.tokens,
        "refusals_meanwhile": changes.refusals,
        "slowest_effect_seconds": round(changes.slowest, 2),
    }, wrong


def disk(directory: Path, share: float) -> Result:
    """Hold every fault of the store for ten seconds."""
    seen = disk_run(directory, held_seconds=LOCKED_SECONDS * min(1.0, share), rounds=_of(DISK_ROUNDS, share))
    return {
        "requests_refused_with_503": seen.refused,
        "torn_last_frames": seen.torn,
        "slowest_answer_seconds": round(seen.slowest, 2),
        "lost": seen.lost,
    }, [*seen.wrong, *_beyond(HELD_UP_SECONDS, seen.slowest, "an answer")]


def clock(directory: Path, share: float) -> Result:
    """Make every jump in each of the three scenes."""
    with clock_run(directory) as run:
        seen = run.run(JUMPS[: _of(len(JUMPS), share)])
    return {
        "runs": seen.runs,
        "answers_by_status": {str(status): number for status, number in sorted(seen.statuses.items())},
        "replays_refused": seen.replays_refused,
    }, seen.wrong


def upstream(directory: Path, share: float) -> Result:
    """Put every fault on the wire to the attribute service, to a member's metadata, and to a system's back channel for logout."""
    faults = [fault for fault in Fault if fault is not Fault.NONE]
    with upstream_run(directory / "attributes") as run:
        rights = run.run(faults, _of(UPSTREAM_LOGINS, share))
    with metadata_run(directory / "metadata") as other:
        metadata = other.run(faults)
    with logout_run(directory / "logouts") as third:
        logouts = third.run(faults, _of(UPSTREAM_LOGOUTS, share))
    parts = (rights, metadata, logouts)
    return {
        "kinds_of_fault": len(rights.outcomes),
        "logins_under_a_fault": rights.under_a_fault,
        "fetches_of_metadata_under_a_fault": metadata.under_a_fault,
        "logouts_under_a_fault": logouts.under_a_fault,
        "slowest_answer_seconds": round(max(each.slowest for each in parts), 2),
        "kinds_that_opened_the_breaker": rights.opened,
        "logins_of_others_meanwhile": sum(each.others for each in parts),
        "their_p95_seconds": round(max(each.others_p95 for each in parts), 3),
    }, [wrong for each in parts for wrong in each.wrong]


def drain(directory: Path, share: float) -> Result:
    """End a worker twenty times under load."""
    seen = drain_in_turn(directory, ends=_of(ENDS, share), rate=DRAIN_RATE)
    return {
        "ends": seen.ends,
        "slowest_end_seconds": round(seen.slowest, 2),
        "logins": seen.completed,
        "turned_away": seen.turned_away,
        "kept_connections_closed_while_idle": seen.closed_while_idle,
    }, [
        *seen.wrong,
        *([f"{seen.turned_away} turned away"] if seen.turned_away else []),
        *_beyond(DRAIN_SECONDS, seen.slowest, "an end"),
    ]


KINDS: Final[Mapping[str, Callable[[Path, float], Result]]] = {
    "disk": disk,
    "drain": drain,
    "clock": clock,
    "upstream": upstream,
    "races": every_race,
    "kills": kills,
}


def main() -> None:
    """Run what was asked for, and exit 1 if anything does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], help="All, if none is named.")
    parser.add_argument("--share", type=float, default=1.0, help="Of the full numbers.")
    asked = parser.parse_args()
    failed = False
    for kind in asked.kinds or KINDS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as name:
            figures, wrong = KINDS[kind](Path(name), asked.share)
        took = round(time.monotonic() - began)
        print(f"{kind}: {took} s, {len(wrong)} findings", *wrong[:10], sep="\n  ")
        print(write_record(kind, {**figures, "findings": len(wrong), "seconds": took}))
        sys.stdout.flush()
        failed = failed or bool(wrong)
    DOCUMENT.write_text(assurance_document(), "utf-8")
    sys.exit(1 if failed else 0)


def _beyond(bound: float, seconds: float, what: str) -> list[str]:
    return [f"{what} took {seconds:.1f} s, expected at most {bound:g}"] if seconds > bound else []


def _of(number: int, share: float) -> int:
    return max(1, round(number * share))


if __name__ == "__main__":
    main()
