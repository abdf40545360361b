"""Single logout at the mock IdP: asked by the Context Handler by every binding, or by the person; refused, silent, forged."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.keys import SigningKey
from oiosaml.logout_openings import open_logout_request_redirect, open_logout_response_soap, vouch_for_logout_request
from oiosaml.logout_sending import logout_form, logout_redirect
from oiosaml.messages.logout import LogoutRequest
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.uris import (
    STATUS_NO_PASSIVE,
    STATUS_PARTIAL_LOGOUT,
    STATUS_REQUEST_DENIED,
    STATUS_REQUESTER,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
    STATUS_UNKNOWN_PRINCIPAL,
)
from tests.builders import (
    CH_SLO_REQUEST_FROM_IDPS,
    CH_SP_FACE,
    LOGOUT_REQUEST_ID,
    NOW,
    logout_response,
)
from tests.conftest import Member
from tests.idp_mock.house import URLS, House, broker_logout, broker_request, make_house

ENGLISH = {"accept-language": "en"}
BINDINGS = ("redirect", "post", "soap")


def is_logged_in(house: House) -> bool:
    answer = house.open(house.ask(broker_request(is_passive=True)))
    assert answer.envelope.status.is_success or answer.envelope.status.second_code == STATUS_NO_PASSIVE
    return answer.envelope.status.is_success


def destination(by: str) -> str:
    return URLS.slo_soap_url if by == "soap" else URLS.slo_url


def assert_refused(answer: httpx.Response, code: str) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert code in answer.text
    assert "LogoutResponse" not in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize("by", BINDINGS)
def test_the_session_ends_and_the_answer_says_so(house: House, by: str):
    request = broker_logout(house.session_of(), destination=destination(by))
    answer = house.logout_answer(house.log_out(request, by), by)
    assert (answer.status, answer.in_response_to) == (Status(STATUS_SUCCESS), LOGOUT_REQUEST_ID)
    assert not is_logged_in(house)


def test_the_back_channel_ends_the_session_without_its_browser(house: House):
    request = broker_logout(house.session_of(), destination=URLS.slo_soap_url)
    kept = httpx.Cookies(house.cookies)
    house.cookies.clear()
    assert house.logout_answer(house.log_out(request, "soap"), "soap").everybody_is_logged_out
    house.cookies = kept
    assert not is_logged_in(house)


def test_a_session_that_is_gone_already_is_a_success(house: House):
    request = broker_logout(house.session_of())
    house.press("/end")
    assert house.logout_answer(house.log_out(request)).everybody_is_logged_out


def test_slo_05_another_session_index_ends_nothing(house: House):
    request = broker_logout(house.session_of(), session_indexes=("_other",))
    assert house.logout_answer(house.log_out(request)).everybody_is_logged_out
    assert is_logged_in(house)


def test_without_session_index_every_session_of_the_person_ends(house: House):
    first = house.session_of()
    kept, house.cookies = house.cookies, httpx.Cookies()
    house.session_of()
    house.logout_answer(house.log_out(broker_logout(first, session_indexes=())))
    assert not is_logged_in(house)
    house.cookies = kept
    assert not is_logged_in(house)


def test_with_session_index_the_other_browsers_session_stays(house: House):
    first = house.session_of()
    house.cookies = httpx.Cookies()
    house.session_of()
    house.logout_answer(house.log_out(broker_logout(first)))
    assert is_logged_in(house)


@pytest.mark.parametrize("change", [{"value": "nobody"}, {"format": None}, {"name_qualifier": "x"}])
def test_slo_05_another_subject_is_answered_with_a_refusal(house: House, change: dict[str, str | None]):
    session = house.session_of()
    name_id: NameId = replace(session.subject.name_id, **change)
    answer = house.logout_answer(house.log_out(broker_logout(session, name_id=name_id)))
    assert (answer.status.code, answer.status.second_code) == (STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL)
    assert is_logged_in(house)


# --- told to fail


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_06_a_session_told_to_refuse_refuses(house: House, by: str):
    request = broker_logout(house.session_of(), destination=destination(by))
    house.press("/logout-behaviour", behaviour="refuse")
    answer = house.logout_answer(house.log_out(request, by), by)
    assert (answer.status.code, answer.status.second_code) == (STATUS_RESPONDER, STATUS_REQUEST_DENIED)
    assert is_logged_in(house)


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_06_a_session_told_to_be_silent_sends_nothing(house: House, by: str):
    request = broker_logout(house.session_of(), destination=destination(by))
    house.press("/logout-behaviour", behaviour="silent")
    answer = house.log_out(request, by)
    assert answer.status_code == (503 if by == "soap" else 200)
    assert "SAMLResponse" not in answer.text
    assert by == "soap" or "svarer ikke" in answer.text
    assert is_logged_in(house)


def test_the_page_says_how_the_session_behaves_and_takes_no_other_word(house: House):
    house.session_of()
    house.press("/logout-behaviour", behaviour="refuse")
    page = house.visit("GET", URLS.home_url, headers=ENGLISH).text
    assert "<dd>Keep the session and refuse</dd>" in page
    assert_refused(house.press("/logout-behaviour", behaviour="sulk"), "web.form")


def test_the_behaviour_is_this_sessions_alone(house: House):
    house.session_of()
    house.press("/logout-behaviour", behaviour="silent")
    house.cookies = httpx.Cookies()
    assert house.logout_answer(house.log_out(broker_logout(house.session_of()))).everybody_is_logged_out


# --- forged, stale, misaddressed


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_02_a_request_by_a_stranger_ends_nothing(house: House, by: str, stranger: Member):
    request = broker_logout(house.session_of(), destination=destination(by))
    assert_refused(house.log_out(request, by, key=stranger.signing), "sig.")
    renamed = replace(request, issuer=EntityId("https://saml.other.test"))
    assert_refused(house.log_out(renamed, by, key=stranger.signing), "fed.unknown-issuer")
    assert is_logged_in(house)


def test_slo_01_an_unsigned_request_ends_nothing(house: House):
    url = logout_redirect(broker_logout(house.session_of()), house.broker.signing)
    assert_refused(house.visit("GET", url.partition("&SigAlg")[0]), "sig.missing")
    assert is_logged_in(house)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"destination": "https://sim.test/idp/skovrup/slo"}, "proto.destination"),
        ({"issue_instant": NOW - timedelta(minutes=11)}, "proto.stale"),
        ({"not_on_or_after": NOW - timedelta(minutes=6)}, "proto.expired"),
    ],
)
def test_slo_03_stale_and_misaddressed_requests_end_nothing(house: House, change: dict[str, object], code: str):
    assert_refused(house.log_out(broker_logout(house.session_of(), **change)), code)
    assert is_logged_in(house)


def test_slo_03_a_recorded_request_does_not_end_the_next_session(house: House):
    request = broker_logout(house.session_of(), session_indexes=())
    house.logout_answer(house.log_out(request))
    house.session_of()
    assert_refused(house.log_out(request), "proto.replay")
    assert is_logged_in(house)


def test_what_is_no_soap_is_answered_with_a_fault(house: House):
    answer = house.visit("POST", URLS.slo_soap_url, content=b"<x/>")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/xml; charset=utf-8")
    with pytest.raises(SamlError) as fault:
        open_logout_response_soap(answer.content)
    assert fault.value.code == "slo.fault"


# --- begun here


def begun(house: House) -> LogoutRequest:
    """Press the button, and open what the IdP sends as the Context Handler does."""
    answer = house.press("/logout")
    # Another origin's redirect, as the answer to a form, is stopped by form-action in Chromium: a page goes on by itself.
    assert (answer.status_code, answer.headers.get("location")) == (200, None)
    onward = answer.headers["refresh"].removeprefix("0;url=")
    assert onward.startswith(f"{CH_SLO_REQUEST_FROM_IDPS}?")
    opened = open_logout_request_redirect(onward.partition("?")[2].encode())
    return vouch_for_logout_request(opened, (house.idp.verification,)).value


def answered(house: House, request_id: str, key: SigningKey | None = None, by: str = "redirect", **changes):
    valid = logout_response(
        issuer=CH_SP_FACE, destination=URLS.slo_url, in_response_to=request_id, issue_instant=house.clock()
    )
    message, signing = replace(valid, **changes), key or house.broker.signing
    if by == "redirect":
        query = logout_redirect(message, signing).partition("?")[2]
        return house.visit("GET", f"{URLS.slo_url}?{query}", headers=ENGLISH)
    form = logout_form(message, signing)
    return house.visit("POST", form.action, data=dict(form.fields), headers=ENGLISH)


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_the_button_logs_out_everywhere_and_shows_how_it_went(house: House, by: str):
    session = house.session_of()
    request = begun(house)
    assert request.name_id == session.subject.name_id
    assert request.session_indexes == (session.authn_statements[0].session_index,)
    assert request.not_on_or_after == NOW + timedelta(minutes=5)
    assert not is_logged_in(house)
    page = answered(house, request.id, by=by)
    assert page.status_code == 200
    assert ">You are logged out</h1>" in page.text
    assert "everywhere" not in page.text, "of other logins in the browser it knows nothing"
    assert "Simuleret Context Handler says that every system that this login was used for" in page.text
    assert "Ane Holm is logged out at the login of Korsbæk Kommune." in page.text


def test_slo_06_partial_logout_is_said_in_plain_words(house: House):
    house.session_of()
    status = Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT, "Byggesag did not answer")
    page = answered(house, begun(house).id, status=status).text
    assert "You are not logged out everywhere" in page
    assert '<dd lang="en">Byggesag did not answer</dd>' in page
    assert "Du er ikke logget ud alle steder" in page


def test_slo_04_an_answer_nobody_asked_for_shows_nothing(house: House):
    assert_refused(answered(house, "_other"), "slo.unsolicited")
    house.session_of()
    request = begun(house)
    assert answered(house, request.id).status_code == 200
    assert_refused(answered(house, request.id), "slo.unsolicited")


def test_an_answer_that_fails_leaves_the_logout_open(house: House, stranger: Member):
    house.session_of()
    request = begun(house)
    assert_refused(answered(house, request.id, stranger.signing), "sig.")
    assert_refused(answered(house, request.id, destination=URLS.sso_url), "proto.destination")
    assert answered(house, request.id).status_code == 200


def test_nobody_logged_in_has_nothing_to_log_out(house: House):
    assert house.press("/logout", nothing="1").headers["location"] == URLS.home_url


def test_crossed_logouts_end_in_two_successes(house: House):
    session = house.session_of()
    request = begun(house)
    assert house.logout_answer(house.log_out(broker_logout(session))).everybody_is_logged_out
    assert answered(house, request.id).status_code == 200


def test_both_messages_at_once_are_refused(house: House):
    query = urlencode({"SAMLRequest": "eA==", "SAMLResponse": "eA=="})
    assert_refused(house.visit("GET", f"{URLS.slo_url}?{query}"), "bind.params")


def test_a_broker_without_logout_is_told_apart(idp: Member, broker: Member):
    house = make_house(idp, broker, slo=())
    house.session_of()
    assert_refused(house.press("/logout"), "md.endpoint")
