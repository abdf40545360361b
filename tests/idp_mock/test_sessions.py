"""Who is logged in at the mock IdP: single sign-on, a new login when asked for, step-up, and an end."""

from dataclasses import replace

from oiosaml.attributes import LOA, PRIVILEGES_INTERMEDIATE
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import STATUS_NO_PASSIVE
from tests.builders import NOW, requested_level
from tests.idp_mock.house import ANE, BO, House, broker_request

ENGLISH = {"accept-language": "en"}
LOW = {"requested_authn_context": requested_level(AssuranceLevel.LOW)}


def test_whoever_is_logged_in_is_not_asked_again(house: House):
    first = house.open(house.choose(house.ask(), persona="ane-holm")).assertion.value
    house.clock.advance(minutes=4)
    second = house.open(house.ask(broker_request(issue_instant=house.clock()))).assertion.value
    assert second.id != first.id
    assert second.subject.name_id == first.subject.name_id
    assert second.authn_statements == first.authn_statements
    assert second.authn_statements[0].authn_instant == NOW


def test_a_passive_request_is_answered_from_the_session(house: House):
    house.session_of()
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.is_success


def test_another_browser_has_no_session(house: House):
    house.session_of()
    house.cookies.clear()
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.second_code == STATUS_NO_PASSIVE


def test_force_authn_asks_again_and_says_who_is_logged_in(house: House):
    before = house.session_of().authn_statements[0]
    house.clock.advance(minutes=1)
    page = house.ask(broker_request(force_authn=True), headers=ENGLISH)
    assert "Ane Holm is logged in here at level Substantial." in page.text
    assert "Simuleret Context Handler asks for a new login, so you are asked once more." in page.text
    after = house.open(house.choose(page, persona="ane-holm")).assertion.value.authn_statements[0]
    assert after.authn_instant == house.clock()
    assert after.session_index == before.session_index, "what the Context Handler knows still names the session"


def test_a_level_above_the_sessions_asks_again(house: House):
    page = house.ask(broker_request(**LOW))
    said = house.open(house.choose(page, persona="ane-holm", level="Low")).assertion.value
    assert said.values_of(LOA) == ("Low",)
    assert house.open(house.ask(broker_request(**LOW))).assertion.value.values_of(LOA) == ("Low",)
    page = house.ask(headers=ENGLISH)
    assert "Simuleret Context Handler asks for another level, so you are asked once more." in page.text
    stepped = house.open(house.choose(page, persona="ane-holm")).assertion.value
    assert stepped.values_of(LOA) == ("Substantial",)
    assert stepped.authn_statements[0].session_index == said.authn_statements[0].session_index


def test_a_passive_request_for_a_higher_level_is_no_passive(house: House):
    house.open(house.choose(house.ask(broker_request(**LOW)), persona="ane-holm", level="Low"))
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.second_code == STATUS_NO_PASSIVE


def test_nobody_logs_in_above_the_level_they_can_reach(house: House):
    answer = house.open(house.choose(house.ask(), persona="bo-lindgaard", level="High"))
    assert answer.assertion.value.values_of(LOA) == ("Low",)


def test_a_level_may_be_named_without_a_page(house: House):
    low = house.open(house.ask(more="&persona=ane-holm&at-level=Low")).assertion.value
    assert low.values_of(LOA) == ("Low",)
    house.cookies.clear()
    high = house.open(house.ask(headers={"X-NSIS-Persona": "finn-ry", "X-NSIS-Level": "High"})).assertion.value
    assert high.values_of(LOA) == ("High",)


def test_a_level_that_is_none_is_refused(house: House):
    page = house.ask(more="&persona=ane-holm&at-level=3")
    assert (page.status_code, "web.form" in page.text) == (400, True)


def test_a_named_person_has_a_session_from_then_on(house: House):
    first, second = house.session_of(), house.session_of()
    assert first.authn_statements == second.authn_statements
    other = house.session_of("bo-lindgaard")
    assert other.authn_statements[0].session_index != first.authn_statements[0].session_index
    assert other.subject.name_id != first.subject.name_id


def test_every_login_has_a_new_handle_web_03(house: House):
    """A handle planted before cannot be upgraded."""
    house.session_of()
    (before,) = [cookie.value for cookie in house.cookies.jar if "nsis_idp" in cookie.name]
    house.open(house.choose(house.ask(broker_request(force_authn=True)), persona="ane-holm"))
    (after,) = [cookie.value for cookie in house.cookies.jar if "nsis_idp" in cookie.name]
    assert before != after


def test_a_session_ends_after_a_working_day(house: House):
    house.session_of()
    house.clock.advance(hours=8)
    passive = broker_request(is_passive=True, issue_instant=house.clock())
    assert house.open(house.ask(passive)).envelope.status.second_code == STATUS_NO_PASSIVE


def test_the_session_page_says_who_and_until_when(house: House):
    assert "Nobody is logged in here" in house.visit("GET", "https://sim.test/", headers=ENGLISH).text
    session = house.session_of()
    page = house.visit("GET", "https://sim.test/", headers=ENGLISH).text
    assert "Ane Holm is logged in" in page
    assert "2025-03-04 16:15:30 UTC" in page
    assert session.authn_statements[0].session_index in page
    assert "Ane Holm er logget ind" in house.visit("GET", "https://sim.test/").text


def test_ending_it_here_tells_nobody(house: House):
    house.session_of()
    response = house.press("/end")
    assert response.headers["location"] == "https://sim.test/idp/korsbaek/"
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.second_code == STATUS_NO_PASSIVE


def test_another_sites_form_ends_nothing(house: House):
    house.session_of()
    for path in ("/end", "/logout", "/logout-behaviour"):
        refused = house.visit(
            "POST", f"https://sim.test{path}", data={"behaviour": "refuse"}, headers={"origin": "null"}
        )
        assert (refused.status_code, "web.csrf" in refused.text) == (403, True)
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.is_success


def test_a_session_tells_the_roles_that_its_person_has_now(house: House):
    (before,) = house.session_of().values_of(PRIVILEGES_INTERMEDIATE)
    house.world = replace(house.world, people=(replace(ANE, job_function_roles=()), BO))
    (after,) = house.session_of().values_of(PRIVILEGES_INTERMEDIATE)
    (empty,) = house.session_of("bo-lindgaard").values_of(PRIVILEGES_INTERMEDIATE)
    assert (before != after, after == empty) == (True, not BO.job_function_roles)


def test_a_session_of_somebody_who_is_registered_as_another_answers_nothing(house: House):
    house.session_of()
    house.world = replace(house.world, people=(replace(ANE, uuid="99999999-1d4e-4c3c-9a77-3c6c2a9b5e04"),))
    assert house.open(house.ask(broker_request(is_passive=True))).envelope.status.second_code == STATUS_NO_PASSIVE
