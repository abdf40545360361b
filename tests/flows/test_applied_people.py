"""Who and which roles are registered while everything runs counts at the next request, at every house that runs beside the broker."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from federation.load import export_world
from federation.model import World
from federation.person import Person
from federation.roles import JobFunctionRole
from nsis_sim.api_keys import simulated_api_key
from tests.flows.street import Street, log_in

A_RIGHT = "http://byggesag.sim.test/roles/usersystemrole/"
NOBODY_YET = "99999999-6a1f-4f7e-9d57-0c1f0a4f1d11"


@pytest.fixture
def own(new_street: Callable[[], Street]) -> Street:
    return new_street()


def apply(street: Street, **registrations: Any) -> None:
    text = export_world(World(**registrations))
    applied = street.post("/_sim/api/apply", content=text.encode(), headers={"Content-Type": "application/yaml"})
    assert applied.status_code == 200, applied.text


def person(street: Street, person_id: str) -> Person:
    return next(each for each in street.world.people if each.id == person_id)


def roles_without_rights(street: Street, cvr: str) -> tuple[JobFunctionRole, ...]:
    return tuple(replace(each, assignments=()) for each in street.world.job_function_roles if each.cvr == cvr)


@pytest.mark.parametrize(
    ("idp", "like"), [("korsbaek", "ane-holm"), ("skovrup", "ib-noehr")], ids=["token", "attribute-service"]
)
def test_who_is_applied_can_log_in_and_stands_on_the_front_page(own: Street, idp: str, like: str) -> None:
    newcomer = replace(person(own, like), id="ny-nyboe", name="Ny Nyboe", uuid=NOBODY_YET)
    assert "Ny Nyboe" not in own.get("/").text
    apply(own, people=(newcomer,))
    page = log_in(own, "byggesag", idp, "ny-nyboe")
    assert page.url.endswith("/result") and "Ny Nyboe" in page.text
    assert "Ny Nyboe" in own.get("/").text


@pytest.mark.parametrize(
    ("idp", "persona"), [("korsbaek", "ane-holm"), ("skovrup", "ib-noehr")], ids=["token", "attribute-service"]
)
def test_roles_taken_from_a_person_are_gone_at_the_next_login(own: Street, idp: str, persona: str) -> None:
    assert A_RIGHT in log_in(own, "byggesag", idp, persona).text
    apply(own, people=(replace(person(own, persona), job_function_roles=()),))
    page = log_in(own, "byggesag", idp, persona)
    assert (page.url.endswith("/result"), A_RIGHT in page.text) == (True, False)


def test_what_a_role_brings_along_is_read_anew_too(own: Street) -> None:
    """The attribute service leaves out what leads nowhere in the system that is asked for."""
    ib = person(own, "ib-noehr")

    def told() -> Mapping[str, str]:
        path = f"/attributes/skovrup/api/user/{ib.uuid}/roles?system=https://saml.byggesag.sim.test"
        answer: Mapping[str, str] = own.get(path, headers={"ApiKey": simulated_api_key(own.keys, "skovrup")}).json()
        return answer

    before = told()["oioBPP"]
    apply(own, job_function_roles=roles_without_rights(own, ib.cvr))
    assert told()["oioBPP"] != before


def test_a_house_that_runs_without_the_broker_has_its_file(own: Street, tmp_path, certs) -> None:
    from federation.load import load_world
    from nsis_sim.houses import Houses
    from nsis_sim.settings import Settings

    settings = Settings(data_dir=tmp_path, certs_dir=certs)
    houses = Houses(settings, load_world(settings.federation), own.topology, own.keys)
    apply(own, people=(replace(person(own, "ane-holm"), id="ny-nyboe", uuid=NOBODY_YET),))
    assert "ny-nyboe" not in {each.id for each in houses.present_world().people}
