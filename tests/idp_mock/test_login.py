"""Whole visits to the mock IdP: what it shows, what it answers, what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from oiosaml.attributes import LOA, PRIVILEGES_INTERMEDIATE
from oiosaml.ids import EntityId
from oiosaml.messages.response import Status
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import (
    STATUS_AUTHN_FAILED,
    STATUS_NO_AUTHN_CONTEXT,
    STATUS_NO_PASSIVE,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
)
from tests.builders import NOW, SYSTEM, requested_level
from tests.conftest import Member
from tests.idp_mock.house import KORSBAEKS_IDP, WORLD, House, broker_request, hidden_fields, make_house

ENGLISH = {"accept-language": "en"}


def test_one_click_on_a_person_logs_them_in(house: House):
    answer = house.open(house.choose(house.ask(), persona="ane-holm"))
    assert answer.envelope.status.is_success
    assert answer.envelope_signer is None
    assert answer.assertion is not None
    assert answer.assertion.value.subject.name_id.value.startswith("C=DK,O=91000013,CN=Ane Holm,Serial=")


def test_relay_state_comes_back(house: House):
    page = house.choose(house.ask(relay_state="a&b=<c>"), persona="ane-holm")
    assert hidden_fields(page)["RelayState"] == "a&b=<c>"


def test_no_relay_state_none_comes_back(house: House):
    assert "RelayState" not in hidden_fields(house.choose(house.ask(relay_state=None), persona="ane-holm"))


def test_a_request_by_post_is_answered_too(house: House):
    page = house.ask_by_post()
    assert page.status_code == 200
    assert house.open(house.choose(page, persona="ane-holm")).envelope.status.is_success


def test_user_name_and_password_log_in(house: House):
    answer = house.open(house.choose(house.ask(), username="bo-lindgaard", password="hemmelig"))
    assert answer.assertion.value.values_of(LOA) == ("Low",)


@pytest.mark.parametrize(
    ("username", "password"),
    [("bo-lindgaard", "demo"), ("bo-lindgaard", ""), ("nobody", "demo"), ("nobody", ""), ("ib-noehr", "demo")],
)
def test_a_wrong_password_loses_nothing(house: House, username: str, password: str):
    page = house.choose(house.ask(), username=username, password=password)
    assert page.status_code == 422
    assert "Brugernavnet eller adgangskoden er forkert." in page.text
    assert f'value="{username}"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert house.open(house.choose(page, username="bo-lindgaard", password="hemmelig")).envelope.status.is_success


@pytest.mark.parametrize(
    ("refusal", "second_code"),
    [
        ("cancel", STATUS_REQUEST_DENIED),
        ("cannot-reach-level", STATUS_NO_AUTHN_CONTEXT),
        ("fail", STATUS_AUTHN_FAILED),
    ],
)
def test_a_refusal_is_a_signed_status_without_assertion(house: House, refusal: str, second_code: str):
    answer = house.open(house.choose(house.ask(), refusal=refusal))
    assert (answer.envelope.status.code, answer.envelope.status.second_code) == (STATUS_RESPONDER, second_code)
    assert answer.envelope_signer == house.idp.verification.fingerprint
    assert answer.assertion is None


def test_a_passive_request_is_answered_with_no_passive(house: House):
    answer = house.open(house.ask(broker_request(is_passive=True)))
    assert answer.envelope.status == Status(
        STATUS_RESPONDER, STATUS_NO_PASSIVE, "No session here, and the user must not be asked"
    )
    assert answer.envelope_signer is not None


def test_a_person_too_low_is_sent_with_their_true_level(house: House):
    page = house.ask()
    assert page.text.count("Kan ikke nå det niveau, der bedes om.") == 1
    answer = house.open(house.choose(page, persona="bo-lindgaard"))
    assert answer.assertion.value.values_of(LOA) == ("Low",)


def test_a_person_above_the_registration_is_sent_with_their_true_level(house: House):
    page = house.ask()
    assert page.text.count("Højere, end dette login er registreret til.") == 1
    answer = house.open(house.choose(page, persona="finn-ry"))
    assert answer.assertion.value.values_of(LOA) == ("High",)


# --- without a page


def test_a_persona_in_the_query_answers_at_once(house: House):
    assert house.open(house.ask(more="&persona=ane-holm")).envelope.status.is_success


def test_a_persona_in_the_header_answers_at_once(house: House):
    assert house.open(house.ask(headers={"X-NSIS-Persona": "ane-holm"})).envelope.status.is_success


def test_a_persona_answers_a_request_by_post(house: House):
    assert house.open(house.ask_by_post(query="?persona=ane-holm")).envelope.status.is_success


def test_a_persona_answers_a_passive_request(house: House):
    assert house.open(house.ask(broker_request(is_passive=True), more="&persona=ane-holm")).envelope.status.is_success


@pytest.mark.parametrize("persona", ["nobody", "ib-noehr", "", "ANE-HOLM"])
def test_an_unknown_persona_is_refused_with_a_list_of_known_ones(house: House, persona: str):
    page = house.ask(more=f"&persona={persona}", headers=ENGLISH)
    assert page.status_code == 400
    assert "ane-holm, bo-lindgaard, cilla-moeberg, finn-ry" in page.text
    assert "There is no user called" in page.text
    assert "SAMLResponse" not in page.text


def test_two_different_personas_are_refused(house: House):
    page = house.ask(more="&persona=ane-holm", headers={"X-NSIS-Persona": "bo-lindgaard"})
    assert (page.status_code, "bind.params" in page.text) == (400, True)


# --- what the page shows


def test_the_page_says_what_was_asked_in_danish(house: House):
    page = house.ask().text
    assert '<html lang="da">' in page
    assert "Betydelig eller højere" in page
    assert "Byggesag" in page
    assert SYSTEM in page
    assert "Nej: en eksisterende session må gerne bruges" in page
    assert "Nej: personen må gerne spørges" in page
    assert "Formålet med ane-holm" in page
    assert "Byggesagsbehandler" in page
    assert "Sikringsniveau: Lav" in page


def test_the_page_says_what_was_asked_in_english(house: House):
    page = house.ask(broker_request(force_authn=True), headers=ENGLISH).text
    assert '<html lang="en">' in page
    assert "Substantial or higher" in page
    assert "Yes: an existing session must not be used" in page
    assert "The purpose of ane-holm" in page
    assert '<span lang="da">Byggesagsbehandler</span>' in page


def test_the_page_is_in_one_language_and_its_forms_bring_it_back(house: House):
    page = house.ask().text
    assert 'formaction="' in page and "?again=1&amp;lang=en" in page
    assert "Vælg, hvem du er" in page
    assert "Choose who you are" not in page


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison.EXACT, "exactly Substantial"),
        (Comparison.MINIMUM, "Substantial or higher"),
        (Comparison.MAXIMUM, "Substantial or lower"),
        (Comparison.BETTER, "higher than Substantial"),
    ],
)
def test_every_comparison_has_words(house: House, comparison: Comparison, words: str):
    context = requested_level(AssuranceLevel.SUBSTANTIAL, comparison)
    assert words in house.ask(broker_request(requested_authn_context=context), headers=ENGLISH).text


def test_without_a_level_nobody_is_too_low(house: House):
    page = house.ask(broker_request(requested_authn_context=None), headers=ENGLISH).text
    assert "any level" in page
    assert "Cannot reach the level asked for." not in page


def test_a_requester_nobody_knows_is_shown_by_its_entity_id(house: House):
    scoping = replace(broker_request().scoping, requester_ids=(EntityId("https://saml.other.sim.test"),))
    assert "https://saml.other.sim.test" in house.ask(broker_request(scoping=scoping)).text


def test_no_requester_is_said_so(house: House):
    page = house.ask(broker_request(scoping=None), headers=ENGLISH).text
    assert "does not say which system" in page


def test_only_people_of_the_idps_own_organisations_are_shown(house: House):
    page = house.ask().text
    assert "Ane Holm" in page
    assert "Ib Nøhr" not in page


def test_an_idp_without_people_says_so(idp: Member, broker: Member):
    empty = make_house(idp, broker, world=replace(WORLD, people=()))
    assert "No people are registered at this login." in empty.ask(headers=ENGLISH).text


def test_the_raw_request_stands_in_a_folded_part(house: House):
    page = house.ask().text
    assert "<details" in page
    assert "AuthnRequest" in page.partition("<details")[2]


def test_markup_from_the_request_is_text(house: House):
    scoping = replace(broker_request().scoping, requester_ids=(EntityId("urn:x:<script>alert(1)</script>"),))
    page = house.ask(broker_request(scoping=scoping), relay_state='"><script>alert(2)</script>').text
    assert "<script>alert" not in page


def test_the_page_may_send_its_forms_only_here(house: House):
    policy = house.ask().headers["content-security-policy"]
    assert "form-action 'self'" in policy


# --- refused requests: our own page, nothing sent


def assert_refused(page, code: str, status: int = 403) -> None:
    assert page.status_code == status, page.text
    assert f"<dd>{code}</dd>" in page.text
    assert "SAMLResponse" not in page.text
    assert 'name="persona"' not in page.text


def test_refuses_an_unsigned_request(house: House):
    assert_refused(house.ask(signed=False), "req.signature")


def test_refuses_an_unsigned_request_by_post(house: House):
    assert_refused(house.ask_by_post(signed=False), "req.signature")


def test_refuses_a_request_signed_by_a_stranger(house: House, stranger: Member):
    assert_refused(house.ask(key=stranger.signing), "req.signature")


def test_refuses_another_issuer_whoever_signed(house: House):
    assert_refused(house.ask(broker_request(issuer=EntityId("https://saml.other.test"))), "req.unknown-sp")


def test_refuses_a_request_for_another_idp(house: House):
    assert_refused(house.ask(broker_request(destination="https://sim.test/idp/skovrup/sso")), "proto.destination")


def test_refuses_a_stale_request(house: House):
    assert_refused(house.ask(broker_request(issue_instant=NOW - timedelta(minutes=11))), "req.stale")


def test_refuses_a_request_from_the_future(house: House):
    assert_refused(house.ask(broker_request(issue_instant=NOW + timedelta(minutes=6))), "proto.not-yet-valid")


@pytest.mark.parametrize(
    "url", ["https://ch.sim.test.evil.test/acs", "http://ch.sim.test/runtime/saml2auth/consume.idp"]
)
def test_refuses_an_answer_address_that_is_not_registered(house: House, url: str):
    assert_refused(house.ask(broker_request(assertion_consumer_service_url=url)), "req.acs")


def test_refuses_forced_and_passive_together(house: House):
    assert_refused(house.ask(broker_request(force_authn=True, is_passive=True)), "req.conflict")


@pytest.mark.parametrize("query", ["", "?SAMLRequest=PHg%2B", "?SAMLRequest=%FF"])
def test_refuses_what_is_no_request(house: House, query: str):
    page = house.visit("GET", f"https://sim.test/sso{query}")
    assert 400 <= page.status_code < 500
    assert "Traceback" not in page.text


def test_refuses_a_form_that_is_too_large(house: House):
    page = house.visit("POST", "https://sim.test/sso", content=b"SAMLRequest=" + b"A" * 70_000)
    assert_refused(page, "size", 413)


def test_a_bad_request_is_laid_at_the_context_handlers_door(house: House):
    page = house.ask(signed=False, headers=ENGLISH).text
    assert "Those who run this simulator have to mend it." in page


# --- the login form


def test_a_form_whose_request_was_tampered_with_is_refused(house: House):
    fields = hidden_fields(house.ask())
    fields["message"] = fields["message"].replace("RelayState=rs-1", "RelayState=rs-2")
    assert_refused(house.submit(fields | {"persona": "ane-holm"}), "req.signature")


def test_a_person_may_take_their_time(house: House):
    page = house.ask()
    house.clock.advance(minutes=59)
    assert house.open(house.choose(page, persona="ane-holm")).envelope.status.is_success


def test_a_login_page_does_not_live_for_ever(house: House):
    page = house.ask()
    house.clock.advance(minutes=61)
    assert_refused(house.choose(page, persona="ane-holm"), "flow.expired")


def test_another_sites_form_is_refused(house: House):
    fields = hidden_fields(house.ask()) | {"persona": "ane-holm"}
    assert_refused(house.submit(fields, origin="https://evil.test"), "web.csrf")
    assert_refused(house.submit(fields, **{"sec-fetch-site": "cross-site"}), "web.csrf")


def test_our_own_page_is_known_by_its_token_where_the_browser_says_nothing(house: House):
    fields = hidden_fields(house.ask()) | {"persona": "ane-holm"}
    assert house.submit(fields, origin="null").status_code == 200
    assert_refused(house.submit(fields | {"form_token": "x"}, origin="null"), "web.csrf")


@pytest.mark.parametrize(
    "change",
    [
        {"binding": "carrier-pigeon", "persona": "ane-holm"},
        {"message": "\u20ac", "persona": "ane-holm"},
        {"refusal": "sulk"},
        {"username": "ane-holm"},
        {},
    ],
)
def test_a_form_that_is_not_the_login_pages_is_refused(house: House, change: dict[str, str]):
    assert_refused(house.submit(hidden_fields(house.ask()) | change), "web.form", 400)


def test_an_unknown_person_in_the_form_is_refused(house: House):
    assert_refused(house.choose(house.ask(), persona="ib-noehr"), "web.form", 400)


def test_a_passive_request_cannot_be_smuggled_through_the_form_of_another(
    house: House, member: Callable[[str], Member]
):
    other = make_house(member("skovrups-idp"), house.broker)
    fields = hidden_fields(other.ask()) | {"persona": "ane-holm"}
    fields["message"] = fields["message"].replace("SAMLRequest=", "SAMLRequest=x&SAMLRequest=")
    assert_refused(house.submit(fields), "bind.params", 400)


# --- the other doors


def test_health(house: House):
    response = house.visit("GET", "https://sim.test/healthz")
    assert response.json() == {"status": "ok", "service": "idp_mock", "id": "korsbaek"}


def test_an_unknown_path_is_a_page(house: House):
    page = house.visit("GET", "https://sim.test/nothing")
    assert (page.status_code, "web.not-found" in page.text) == (404, True)


@pytest.mark.parametrize(("method", "path"), [("PUT", "/sso"), ("GET", "/login"), ("POST", "/metadata")])
def test_other_methods_are_refused(house: House, method: str, path: str):
    assert house.visit(method, f"https://sim.test{path}").status_code == 405


def test_an_idp_that_does_not_know_roles_sends_none(idp: Member, broker: Member):
    house = make_house(idp, broker, registration=replace(KORSBAEKS_IDP, knows_roles=False))
    answer = house.open(house.ask(more="&persona=ane-holm"))
    assert answer.assertion.value.values_of(PRIVILEGES_INTERMEDIATE) == ()
