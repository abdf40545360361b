"""The line at the start about a file that was edited after the store was filled from it."""

from dataclasses import replace
from pathlib import Path

from federation.load import load_world
from nsis_sim.file_and_store import what_the_store_has_otherwise
from tests.processes import FEDERATION, clean_environment, simulator

FILE = Path("own.yaml")
WORLD = load_world(FEDERATION)
ANE, BO, *_ = WORLD.people
ROLE, *OTHER_ROLES = WORLD.job_function_roles


def told(registered):
    return what_the_store_has_otherwise(FILE, WORLD, registered)


def test_nothing_is_said_where_the_store_has_all_of_the_file():
    newcomer = replace(ANE, id="ny")
    assert told(WORLD) is None
    assert told(replace(WORLD, people=(*reversed(WORLD.people), newcomer))) is None


def test_who_is_missing_or_registered_otherwise_is_named_with_the_mend():
    registered = replace(
        WORLD,
        people=tuple(each for each in WORLD.people if each != BO),
        job_function_roles=(replace(ROLE, assignments=()), *OTHER_ROLES),
    )
    assert told(registered) == (
        f"own.yaml differs from what is registered, which counts: people {BO.id}; job function roles {ROLE.entity_id}."
        " To register the file's: nsis apply own.yaml"
    )


def test_of_many_a_few_are_named():
    line = told(replace(WORLD, people=()))
    assert (f", {WORLD.people[4].id} and {len(WORLD.people) - 5} more." in line, WORLD.people[5].id in line) == (
        True,
        False,
    )


def test_a_start_on_a_filled_store_says_it_in_one_line_and_lists_who_is_registered(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(FEDERATION.read_text("utf-8"), "utf-8")
    environment = clean_environment(NSIS_FEDERATION=str(own))
    with simulator(tmp_path, environment=environment) as running:
        assert "differs from what is registered" not in running.log.read_text("utf-8")
    own.write_text(own.read_text("utf-8").replace("name: Ane Holm", "name: Ane Holst"), "utf-8")
    with simulator(tmp_path, environment=environment, first_start=True) as running:
        (line,) = (each for each in running.log.read_text("utf-8").splitlines() if "differs" in each)
        assert line.endswith(f"which counts: people ane-holm. To register the file's: nsis apply {own}")
        assert ("Ane Holm" in (log := running.log.read_text("utf-8")), "Ane Holst" in log) == (True, False)
