"""`make fuzz`: mutants, comparisons with libxmlsec, coverage-guided fuzzing and the model, each as long as asked for.

Writes docs/assurance/metamorphic.json, differential.json, fuzz.json and model.json. Every run has a fresh seed, which the record names.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from scripts.assurance import ROOT, write_record
from scripts.fuzz.findings import FOUND, SEEDS
from tests.oracles import differential, metamorphic, model
from tests.oracles.entries import ENTRIES, honest

_UNITS: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_LENGTH: Final = 100
_BATCH: Final = settings(
    max_examples=20, stateful_step_count=_LENGTH, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
_SHOWN: Final = 20
"""Findings printed in full; the record counts them all."""

_LONGEST: Final = 400_000
"""Octets of an input: beyond what any entry lets in but metadata, so that the longest messages are tried, too."""


def main() -> int:
    """Run what was asked for; give 1 if anything was found."""
    warnings.simplefilter("ignore")
    kinds = {"metamorphic": _metamorphic, "differential": _differential, "fuzz": _guided, "model": _model}
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--only", choices=list(kinds), action="append")
    parser.add_argument("--mutants", type=int, default=100_000)
    parser.add_argument("--comparisons", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10, help="of coverage-guided fuzzing, all entries together")
    parser.add_argument("--examples", type=int, default=5_000, help="of the model, within as many minutes")
    parser.add_argument("--seed", default=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    arguments = parser.parse_args()
    found = sum(kinds[kind](arguments) for kind in arguments.only or kinds)
    return 1 if found else 0


def _metamorphic(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    tally = metamorphic.run(metamorphic.make_mutant(arguments.seed, number) for number in range(arguments.mutants))
    outcomes = dict(tally.outcomes.most_common())
    write_record(
        "metamorphic",
        {
            "seed": arguments.seed, "mutants": tally.mutants, "accepted_unchanged_in_meaning": outcomes.pop(metamorphic.ACCEPTED, 0),
            "refused": sum(outcomes.values()) - len(tally.findings), "findings": len(tally.findings),
            "seconds": round(time.monotonic() - began), "refused_by_code": {k: n for k, n in outcomes.items() if k != "finding"},
            "accepted_by_message": dict(tally.accepted_by_message.most_common()),
        },
    )  # fmt: skip
    return _show(tally.findings)


def _differential(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    tally = differential.run(arguments.seed, range(arguments.comparisons))
    write_record(
        "differential",
        {
            "seed": arguments.seed, "runs": tally.runs, "both_accept": tally.both_accept, "both_refuse": tally.both_refuse,
            "ours_stricter": tally.stricter.total(), "findings": len(tally.findings),
            "seconds": round(time.monotonic() - began), "stricter_by_code": {k: n for k, n in tally.stricter.most_common() if n},
        },
    )  # fmt: skip
    return _show(tally.findings)


def _guided(arguments: argparse.Namespace) -> int:
    if importlib.util.find_spec("atheris") is None:
        print("no coverage-guided fuzzing: atheris has no wheel for this Python and system", flush=True)
        return 0
    seconds = max(1, round(60 * arguments.minutes / len(ENTRIES)))
    began, executed, findings = time.monotonic(), Counter[str](), list[str]()
    for entry in ENTRIES:
        output = _fuzz(entry, seconds)
        executed[entry] = sum(map(int, _UNITS.findall(output)))
        findings += [line for line in output.splitlines() if line.startswith(FOUND)]
    write_record(
        "fuzz",
        {
            "entries": len(ENTRIES), "seconds": round(time.monotonic() - began), "inputs": executed.total(),
            "findings": len(findings), "inputs_by_entry": dict(executed),
        },
    )  # fmt: skip
    return _show(findings)


def _model(arguments: argparse.Namespace) -> int:
    began, findings = time.monotonic(), list[str]()
    end = began + 60 * arguments.minutes
    while model.STEPS["examples"] < arguments.examples and time.monotonic() < end and not findings:
        try:
            run_state_machine_as_test(model.Federation, settings=_BATCH)
        except Exception:  # noqa: BLE001 - whatever a step raised, Hypothesis has shrunk the steps to it
            findings.append(traceback.format_exc())
    what = dict(model.STEPS.most_common())
    write_record(
        "model",
        {
            "examples": what.pop("examples", 0), "longest_example": _LENGTH, "steps": what.pop("steps", 0),
            "logins_accepted": what.pop("accepted", 0), "answered_by_a_session": what.pop("answered by a session", 0),
            "refused": sum(what.values()), "findings": len(findings),
            "seconds": round(time.monotonic() - began), "refused_by_code": what,
        },
    )  # fmt: skip
    return _show(findings)


def _fuzz(entry: str, seconds: int) -> str:
    corpus, seeds = ROOT / "var" / "fuzz" / entry, SEEDS / entry
    corpus.mkdir(parents=True, exist_ok=True)
    for number, octets in enumerate(honest(entry)):
        (corpus / f"honest-{number}").write_bytes(octets)
    command = [
        sys.executable, "-m", "scripts.fuzz.guided", entry, str(corpus), *([str(seeds)] if seeds.is_dir() else []),
        f"-max_total_time={seconds}", f"-max_len={_LONGEST}", "-print_final_stats=1", f"-artifact_prefix={corpus.parent}/",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    output = done.stdout + done.stderr
    if done.returncode:
        output += f"\n{FOUND}{entry}: the fuzzer ended with {done.returncode}: {done.stderr[-600:]!r}"
    return output


def _show(findings: list[str]) -> int:
    for finding in findings[:_SHOWN]:
        print(finding, flush=True)
    return len(findings)


if __name__ == "__main__":
    sys.exit(main())
