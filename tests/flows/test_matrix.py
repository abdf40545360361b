"""The matrix of issue 3: every cell works or is refused with the code that docs/matrix.md states, by whole logins and logouts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsis_sim.api_client import Api
from nsis_sim.browser import Browser
from nsis_sim.matrix import cells as matrix_cells
from nsis_sim.matrix.cells import COLUMNS, ROWS, Cell, Movement, Refusal, cells
from nsis_sim.matrix.report import table
from nsis_sim.matrix.trial import Trial
from scripts.generate_matrix import DOCUMENT, document
from tests.flows.street import BASE_URL, Street


def name_of(cell: Cell) -> str:
    return f"{cell.row.idp}-{cell.column.system}-{cell.movement.name.lower()}"


@pytest.fixture
def trial(street: Street) -> Iterator[Trial]:
    entity_ids = {idp.id: str(idp.entity_id) for idp in street.world.idps}
    with Api(BASE_URL, transport=street.transport) as api:
        yield Trial(street.topology, api, lambda headers: browser_of(street, headers), entity_ids)


def browser_of(street: Street, headers: Any) -> Browser:
    return street.browser(**headers)


@pytest.mark.parametrize("cell", list(cells()), ids=name_of)
def test_cell(trial: Trial, cell: Cell) -> None:
    outcome = trial.of(cell)
    assert outcome.problem is None


def test_every_combination_is_tried() -> None:
    assert len(list(cells())) == len(ROWS) * len(COLUMNS) * len(Movement) == 96


def test_a_cell_that_does_something_else_is_told(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(ROWS[0], COLUMNS[0], Movement.FIRST_LOGIN)
    monkeypatch.setattr(matrix_cells, "WRONG_GENERATION", {("korsbaek", "byggesag"): Refusal("fed.loa", "on purpose")})
    assert trial.of(cell).problem == "got a login, expected fed.loa"


def test_the_document_is_fresh() -> None:
    assert Path(DOCUMENT).read_text("utf-8") == document(), "run: make docs"


def test_the_table_has_a_line_for_each_movement_and_a_column_for_each_system() -> None:
    lines = table(dict.fromkeys(cells(), "x")).splitlines()
    assert sum(line.startswith(f"| {Movement.SSO} |") for line in lines) == len(ROWS)
    assert all(line.count("| x") == len(COLUMNS) for line in lines if line.startswith(f"| {Movement.SSO} |"))
