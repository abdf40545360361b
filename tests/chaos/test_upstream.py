"""Others that misbehave on the wire (plan U): bounded time, a page that says who it was, and nobody else is disturbed.

Five kinds of fault here, all of them by `make chaos`; each kind by itself, with short times, in the tests of the adapter.
"""

from pathlib import Path

from scripts.chaos.back_channel import EVERYBODY, WITHOUT_IT, logout_run
from scripts.chaos.upstream import upstream_run
from scripts.chaos.wire import Fault

FAULTS = (Fault.REFUSE, Fault.SOAP_FAULT, Fault.WRONG, Fault.FLAPPING, Fault.HALF_OPEN)
PEOPLE = 6
"""One more than it takes to open a breaker."""

PATIENCE, REST_SECONDS = 10.0, 20.0
"""The broker waits twice as long as in earnest, and the rest of a login or logout may take long: the machine may be busy with other tests.
Whoever waited for the service itself would wait for forty seconds."""


def test_a_service_that_misbehaves_disturbs_only_its_own_municipality(tmp_path: Path) -> None:
    with upstream_run(tmp_path, patience=PATIENCE, rest_seconds=REST_SECONDS) as run:
        seen = run.run(FAULTS, PEOPLE)
    assert seen.wrong == []
    assert list(seen.outcomes) == [fault.value for fault in FAULTS]
    assert seen.opened > 0, "no breaker opened"
    assert seen.others > 0
    assert seen.tokens >= len(FAULTS), "it was well again after each"


def test_a_back_channel_that_misbehaves_leaves_only_its_own_system_logged_in(tmp_path: Path) -> None:
    with logout_run(tmp_path, patience=PATIENCE, rest_seconds=REST_SECONDS) as run:
        seen = run.run(FAULTS, 2)
    assert seen.wrong == []
    assert list(seen.outcomes) == [fault.value for fault in FAULTS]
    assert seen.outcomes[Fault.HALF_OPEN.value] == {WITHOUT_IT: 2}
    assert set(seen.outcomes[Fault.FLAPPING.value]) == {EVERYBODY, WITHOUT_IT}
    assert seen.others > 0
