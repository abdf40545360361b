"""Four worker processes on one store: races that exactly one wins, and changes that count on all of them at once (plans R1, R2, R4, R5).

`make chaos` runs more rounds of each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts.chaos import races
from scripts.chaos.brokers import UNHURRIED, Site, open_site, workers
from scripts.chaos.changes import ChangeRun, changes_of

WORKERS = 4


@dataclass(frozen=True, slots=True)
class Street:
    site: Site
    ports: tuple[int, ...]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Whatever raced on it: nothing was lost."""
    directory = tmp_path_factory.mktemp("races")
    with open_site(directory, patience=UNHURRIED) as site, workers(site, WORKERS) as brokers:
        assert len({broker.process.pid for broker in brokers}) == WORKERS
        yield Street(site, tuple(broker.port for broker in brokers))
        report = site.audit()
        assert report.conserved, report


def test_one_answer_posted_fifty_fold_is_accepted_once_in_each_of_a_hundred_rounds(street: Street) -> None:
    race = races.one_answer_many_times(street.site, street.ports, rounds=100)
    assert race.wrong == []
    assert race.outcomes == {"accepted": 100, "refused as replays": 100 * (races.FOLD - 1)}


def test_two_tabs_whose_answers_cross_get_each_its_own_token(street: Street) -> None:
    race = races.crossed_tabs(street.site, street.ports, rounds=25)
    assert (race.wrong, race.outcomes) == ([], {"own token": 50})


def test_no_session_outlives_a_logout_that_meets_a_login(street: Street) -> None:
    race = races.logout_while_logging_in(street.site, street.ports, rounds=25)
    assert race.wrong == []
    assert sum(race.outcomes.values()) == 25


def test_a_confirmed_change_counts_at_every_worker_at_once(street: Street) -> None:
    seen = ChangeRun(street.site, street.ports).run(number=len(changes_of(street.site)))
    assert seen.wrong == []
    assert seen.tokens > 0
    assert seen.refusals > 0
