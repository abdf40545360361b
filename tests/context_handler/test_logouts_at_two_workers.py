"""Two workers on one store: a logout that the other moves in between breaks neither one that crosses it nor a round of housekeeping."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from context_handler.events import Event
from context_handler.logout_state import Logout, LogoutState
from context_handler.store.database import Database
from context_handler.store.sqlite_logouts import SqliteLogouts
from oiosaml.ids import WorkspaceId
from tests.builders import IDP, NOW
from tests.context_handler.logout_rig import BYGGESAG, WHOLE, YDELSER, Street, minutes
from tests.context_handler.rig import BROWSER, Rig


class Meanwhile(SqliteLogouts):
    """The second worker's store: something happens at the first one just before this one writes how a logout goes on."""

    def __init__(self, database: Database, happens: Callable[[], object]) -> None:
        super().__init__(database)
        self._happens = [happens]

    def save(self, workspace: WorkspaceId, before: Logout, after: Logout, events: Sequence[Event]) -> None:
        while self._happens:
            with ThreadPoolExecutor(1) as elsewhere:  # where no loop runs
                elsewhere.submit(self._happens.pop()).result()
        super().save(workspace, before, after, events)


@pytest.fixture
def second(rig: Rig, tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "nsis.sqlite")
    with database.reading() as connection:
        assert connection.execute("SELECT COUNT(*) FROM logouts").fetchone() == (0,)
    yield database
    database.close()


def test_a_logout_that_crosses_while_the_other_goes_on_ends_well(street: Street, second: Database) -> None:
    street.log_in(BYGGESAG, YDELSER)
    first = street.send(street.request(BYGGESAG))
    moved: list[Any] = []
    logouts = Meanwhile(second, lambda: moved.append(street.answer(first)))
    rig = replace(street.rig, ports=replace(street.rig.ports, logouts=logouts))
    crossing = replace(street, rig=rig)
    crossed = crossing.send(street.request(YDELSER))
    assert [street.whom(each) for each in (*moved, crossed)] == [IDP, IDP], "each asks, and twice does no harm"
    assert street.told(crossing.answer(crossed), YDELSER).status == WHOLE
    assert street.told(street.answer(moved[0]), BYGGESAG).status == WHOLE


def test_a_logout_that_ends_at_the_other_is_left_to_it_and_the_rest_expire(street: Street, second: Database) -> None:
    rig, at = street.rig, NOW + minutes(10)
    logouts, workspace = rig.ports.logouts, rig.ports.workspace
    asked = []
    for number in range(3):
        rig.session, street.idp_session = None, f"_session-{number}"
        street.log_in(BYGGESAG, YDELSER)
        asked.append(street.answer(street.send(street.request(BYGGESAG))))
    flows = [each.flow for each in reversed(logouts.under_way(workspace, BROWSER))]
    assert Meanwhile(second, lambda: street.answer(asked[1])).expire(workspace, at) == 2
    ended = [logouts.by_flow(workspace, flow) for flow in flows]
    assert [each.state for each in ended if each is not None] == [
        LogoutState.PARTIAL,
        LogoutState.COMPLETED,
        LogoutState.PARTIAL,
    ]
    assert logouts.expire(workspace, at) == 0
