"""`nsis matrix`: try every cell of the matrix at a running simulator."""

import os

import typer

from nsis_sim.options import BaseUrl, broker_url
from nsis_sim.terminal import REFUSED, fail, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="matrix")(matrix)


def matrix(base_url: BaseUrl = None) -> None:
    """Try every kind of IdP against every kind of system in every movement, and print the table. Exits 1 if a cell deviates."""
    from nsis_sim.api_client import Api, ApiUnreachableError
    from nsis_sim.browser import Browser, UnreachableError
    from nsis_sim.launcher import LaunchError, topology_at
    from nsis_sim.matrix.cells import cells
    from nsis_sim.matrix.report import table
    from nsis_sim.matrix.trial import Trial
    from nsis_sim.settings import SettingsError, load_settings

    url = broker_url(base_url)
    try:
        world, topology = topology_at(load_settings(os.environ), url)
        entity_ids = {idp.id: str(idp.entity_id) for idp in world.idps}
        with Api(url) as api:
            trial = Trial(topology, api, lambda headers: Browser(headers=dict(headers)), entity_ids)
            outcomes = [trial.of(cell) for cell in cells()]
    except (ApiUnreachableError, UnreachableError, LaunchError, SettingsError) as error:
        fail(str(error))
    say(table({outcome.cell: outcome.said for outcome in outcomes}))
    problems = [outcome for outcome in outcomes if outcome.problem]
    for outcome in problems:
        cell = outcome.cell
        say(f"{cell.row.idp} at {cell.column.system}, {cell.movement}: {outcome.problem}")
    say(f"{len(outcomes)} cells, {len(problems)} deviate.")
    if problems:
        raise typer.Exit(REFUSED)
