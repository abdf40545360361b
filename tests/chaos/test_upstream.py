"""An attribute service that misbehaves on the wire: bounded time, a page that says who failed, and nobody else is disturbed (plan U).

Five kinds of fault here, all of them by `make chaos`; each kind by itself, with short times, in the tests of the adapter.
"""

from pathlib import Path

from scripts.chaos.upstream import upstream_run
from scripts.chaos.wire import Fault

FAULTS = (Fault.REFUSE, Fault.SOAP_FAULT, Fault.WRONG, Fault.FLAPPING, Fault.HALF_OPEN)
PEOPLE = 6
"""One more than it takes to open a breaker."""


def test_a_service_that_misbehaves_disturbs_only_its_own_municipality(tmp_path: Path) -> None:
    with upstream_run(tmp_path) as run:
        seen = run.run(FAULTS, PEOPLE)
    assert seen.wrong == []
    assert list(seen.outcomes) == [fault.value for fault in FAULTS]
    assert seen.opened > 0, "no breaker opened"
    assert seen.others > 0
    assert seen.tokens >= len(FAULTS), "it was well again after each"
