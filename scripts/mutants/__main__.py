"""`make mutants`: try every mutant of the plan, or of the modules named, and say which survive.

What was tried stands in var/mutants/, a file for each module, and is not tried again while the module is the same: what was killed while
the tests that killed it are as they were, whatever tests have come beside them; what survived while no test has changed or come. So a run
can be stopped and taken up. A survivor needs a line in `survivors.json` that says why it may live.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from scripts.assurance import ROOT, write_record
from scripts.mutants.mutations import Mutant, mutants_of
from scripts.mutants.plan import PLAN
from scripts.mutants.trial import Bench

MINIMUM_KILLED: Final = 90
"""Per cent of all mutants of the modules begun: what was not tried was not killed."""

EXPLAINED: Final = Path(__file__).parent / "survivors.json"
_RESULTS: Final = ROOT / "var" / "mutants"


def main() -> int:
    """Run; give 1 if too few were killed or a survivor is not explained."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(PLAN), help="modules of the plan; all if none is named")
    parser.add_argument(
        "--leave-explained",
        action="store_true",
        help="leave what has a reason to live for another run: it takes longest",
    )
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    for module in arguments.modules:
        if time.monotonic() < end:
            _try_module(module, end, leave_explained=arguments.leave_explained)
    return _report()


def _try_module(module: str, end: float, *, leave_explained: bool) -> None:
    tests = PLAN[module]
    mutants = list(mutants_of(ROOT / module, ROOT))
    path, made_of = _results_of(module), _made_of(module)
    results = still_known(path, made_of)
    expected = json.loads(EXPLAINED.read_text("utf-8")).get(module, {})
    left = [m for m in mutants if m.key not in results and not (leave_explained and m.key in expected)]
    if left:
        bench = Bench(module, tests, ROOT)

        def try_each() -> None:
            for mutant in left:
                if time.monotonic() < end:
                    # what is said to live is tried the whole way at once: the quick way would not decide it
                    results[mutant.key] = bench.survives(mutant, quickly=mutant.key not in expected)
                    _keep(path, made_of | {"mutants": len(mutants), "survives": results})
                    _say(mutant, results)

        try:
            bench.run(try_each)
        except SystemExit:
            path.unlink(missing_ok=True)  # tests that fail without a mutant have not found any
            raise
    print(f"{module}: {len(results)} of {len(mutants)} tried, {sum(results.values())} survive", flush=True)


def still_known(path: Path, made_of: dict[str, Any]) -> dict[str, bool]:
    """Give what an earlier run found, of the same module, that must be so with the tests there are now."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else None
    if (
        known is None
        or known.get("module") != made_of["module"]
        or not known["tests"].items() <= made_of["tests"].items()
    ):
        return {}
    same = known["tests"] == made_of["tests"]
    return {key: lives for key, lives in known["survives"].items() if same or not lives}


def _keep(path: Path, result: dict[str, object]) -> None:
    """Write it whole or not at all: a run may be stopped at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(result, indent=1))
    draft.replace(path)


def _say(mutant: Mutant, results: dict[str, bool]) -> None:
    if results[mutant.key]:
        print(f"{mutant.module} survives: {mutant.key}", flush=True)


def _report() -> int:
    explained = json.loads(EXPLAINED.read_text("utf-8"))
    begun = made = tried = survived = 0
    unexplained = []
    for module in PLAN:
        path = _results_of(module)
        results = still_known(path, _made_of(module))
        if not results:
            continue
        begun += 1
        made += json.loads(path.read_text("utf-8"))["mutants"]
        tried += len(results)
        survivors = [key for key, lives in results.items() if lives]
        survived += len(survivors)
        unexplained += [f"{module}: {key}" for key in survivors if key not in explained.get(module, {})]
    killed = round(100 * (tried - survived) / made, 1) if made else 0.0
    path = write_record(
        "mutation",
        {
            "modules_in_plan": len(PLAN), "modules_begun": begun, "mutants_of_these": made,
            "tried": tried, "killed": tried - survived, "killed_per_cent": killed,
            "survivors_explained": survived - len(unexplained), "survivors_unexplained": len(unexplained),
        },
    )  # fmt: skip
    print(
        f"{tried} of {made} mutants tried, {killed} % killed, {len(unexplained)} survivors without a reason; see {path}"
    )
    return 1 if unexplained or killed < MINIMUM_KILLED else 0


def _results_of(module: str) -> Path:
    return _RESULTS / f"{module.removesuffix('.py').replace('/', '.')}.json"


def _made_of(module: str) -> dict[str, Any]:
    return {"module": _digest(ROOT / module), "tests": _digests(PLAN[module])}


def _digests(tests: Sequence[str]) -> dict[str, str]:
    paths = [ROOT / test for test in tests]
    files = {each for path in paths for each in (path.rglob("*.py") if path.is_dir() else [path])}
    return {file.relative_to(ROOT).as_posix(): _digest(file) for file in sorted(files)}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
