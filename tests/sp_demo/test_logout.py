"""Single logout at both demo systems with their own stacks: begun here, asked by the Context Handler, told to fail, forged.

The Context Handler is a scripted one made of the core: it signs and opens, and knows no session.
"""

import base64
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from oiosaml.bindings.redirect import write_redirect
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId
from oiosaml.logout_openings import (
    open_logout_request_redirect,
    open_logout_response_post,
    open_logout_response_redirect,
    open_logout_response_soap,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import LogoutRequest, LogoutResponse, write_logout_request
from oiosaml.messages.response import Status
from oiosaml.name_id import NameId
from oiosaml.rules.logout import LOGOUT_REQUEST_RULES, LogoutRequestExpectations
from oiosaml.rules.rule import enforce
from oiosaml.sealed import relay_state_of
from oiosaml.uris import (
    NAMEID_TRANSIENT,
    STATUS_PARTIAL_LOGOUT,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
    STATUS_SUCCESS,
)
from sp_demo.system import StackName
from tests.sp_demo.houses import BROKER, SSO, result_of

SIGNOFF = "http://localhost:8000/runtime/saml2/signoff.idp"
REQUEST_ID = MessageId("_1f2e3d4c5b6a79880716253443526170")
BINDINGS = ("redirect", "post", "soap")


@pytest.fixture
def ane(house):
    """A name of her own for each test: the houses, and what they remember, last the whole session."""
    name_id = NameId(
        f"https://ane.test/{datetime.now(UTC).timestamp()}", NAMEID_TRANSIENT, BROKER, house.system.entity_id
    )
    subject = replace(house.issuer.subject("_"), name_id=name_id)
    return Ane(house, subject)


class Ane:
    """Ane, logged in, and the Context Handler that did it."""

    def __init__(self, house, subject):
        self.house, self.name_id = house, subject.name_id
        self.visitor = house.visitor()
        self.log_in(self.visitor)

    def log_in(self, visitor):
        visitor.begin(self.house.login)
        subject = replace(self.house.issuer.subject(visitor.request_id), name_id=self.name_id)
        answer = visitor.post(self.house.acs, self.house.issuer.answer(visitor.request_id, subject=subject))
        assert answer.status_code == 303, answer.text

    @property
    def is_logged_in(self) -> bool:
        return result_of(self.house, self.visitor).status_code == 200

    def press(self, path, **fields):
        page = result_of(self.house, self.visitor).text
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        data = {"form_token": token[1] if token else "", **fields}
        return self.visitor.send("POST", f"{self.house.system.urls.base_url}{path}", data=data)

    def request(self, by="redirect", **changes) -> LogoutRequest:
        now, urls = datetime.now(UTC), self.house.system.urls
        valid = LogoutRequest(
            id=MessageId(f"_{now.timestamp()}"),
            issue_instant=now,
            issuer=BROKER,
            destination=urls.slo_soap_url if by == "soap" else urls.slo_url,
            name_id=self.name_id,
            session_indexes=("_session-1",),
            not_on_or_after=now + timedelta(minutes=5),
        )
        return replace(valid, **changes)

    def asked(self, request, by="redirect", key=None):
        """The Context Handler sends a logout request, or an answer; over SOAP without Ane's browser."""
        urls, signing = self.house.system.urls, (key or self.house.issuer.broker).signing
        if by == "redirect":
            query = logout_redirect(request, signing, relay_state="rs-1").partition("?")[2]
            return self.visitor.get(f"{urls.slo_url}?{query}")
        if by == "post":
            return self.visitor.send(
                "POST", urls.slo_url, data=dict(logout_form(request, signing, relay_state="rs-1").fields)
            )
        return self.house.visitor().send("POST", urls.slo_soap_url, content=logout_envelope(request, signing))

    def answer(self, response, by="redirect") -> LogoutResponse:
        """Open the system's answer as the Context Handler does."""
        keys = (self.house.issuer.recipient.verification,)
        if by == "redirect":
            assert response.headers["location"].startswith(f"{SIGNOFF}?"), response.text
            opened = open_logout_response_redirect(response.headers["location"].partition("?")[2].encode())
        elif by == "post":
            assert f'action="{SIGNOFF}"' in response.text
            opened = open_logout_response_post(urlencode(hidden(response)).encode())
        else:
            assert response.status_code == 200, response.text
            opened = open_logout_response_soap(response.content)
        assert by == "soap" or relay_state_of(opened) == "rs-1"
        verified = vouch_for_logout_response(opened, keys).value
        assert verified.issuer == self.house.system.entity_id
        assert by == "soap" or verified.destination == SIGNOFF
        return verified


def hidden(page):
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {html.unescape(name): html.unescape(value) for name, value in found}


def speaks(house, by):
    return by == "redirect" or house.system.stack is StackName.PYSAML2


def code(response):
    assert 400 <= response.status_code < 500, response.text
    found = re.search(r"<dt>Code</dt><dd>([a-z0-9.-]+)</dd>", response.text)
    return found[1] if found else re.search(r"<faultstring>([a-z0-9.-]+):", response.text)[1]


# --- asked by the Context Handler


@pytest.mark.parametrize("by", BINDINGS)
def test_the_session_ends_and_the_answer_says_so(house, ane, by):
    if not speaks(house, by):
        assert code(ane.asked(ane.request(by), by)) == "req.binding"
        assert ane.is_logged_in
        return
    request = ane.request(by)
    answer = ane.answer(ane.asked(request, by), by)
    assert (answer.status.code, answer.in_response_to) == (STATUS_SUCCESS, request.id)
    assert answer.everybody_is_logged_out
    assert not ane.is_logged_in


def test_a_session_that_is_gone_already_is_a_success(house, ane):
    ane.press("/end")
    assert ane.answer(ane.asked(ane.request())).everybody_is_logged_out


def test_every_browser_of_the_session_is_logged_out_without_session_index(house, ane):
    other = house.visitor()
    ane.log_in(other)
    assert ane.answer(ane.asked(ane.request(session_indexes=()))).everybody_is_logged_out
    assert not ane.is_logged_in
    assert result_of(house, other).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"session_indexes": ("_other",)},
        {"name_id": NameId("https://bo.test/", NAMEID_TRANSIENT)},
    ],
)
def test_slo_05_another_session_or_subject_ends_nothing_of_hers(house, ane, change):
    assert ane.answer(ane.asked(ane.request(**change))).everybody_is_logged_out
    assert ane.is_logged_in


@pytest.mark.parametrize("part", ["format", "name_qualifier", "sp_name_qualifier"])
def test_slo_05_the_name_id_must_be_the_same_in_every_part(house, ane, part):
    ane.answer(ane.asked(ane.request(name_id=replace(ane.name_id, **{part: "urn:x"}))))
    assert ane.is_logged_in


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_06_a_session_told_to_refuse_refuses(house, ane, by):
    if not speaks(house, by):
        return
    ane.press("/logout-behaviour", behaviour="refuse")
    answer = ane.answer(ane.asked(ane.request(by), by), by)
    expected = STATUS_REQUEST_DENIED if house.system.stack is StackName.PYSAML2 else None
    assert (answer.status.code, answer.status.second_code) == (STATUS_RESPONDER, expected)
    assert ane.is_logged_in


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_06_a_session_told_to_be_silent_sends_nothing(house, ane, by):
    if not speaks(house, by):
        return
    ane.press("/logout-behaviour", behaviour="silent")
    response = ane.asked(ane.request(by), by)
    assert response.status_code == (503 if by == "soap" else 200)
    assert "SAMLResponse" not in response.text
    assert by == "soap" or "This system does not answer" in response.text
    assert ane.is_logged_in


def test_another_behaviour_is_none(house, ane):
    assert code(ane.press("/logout-behaviour", behaviour="sulk")) == "web.form"


# --- forged, stale, misaddressed


@pytest.mark.parametrize("by", BINDINGS)
def test_slo_02_a_stranger_ends_nothing(house, ane, stranger, by):
    if not speaks(house, by):
        return
    assert code(ane.asked(ane.request(by), by, key=stranger)) in {"sig.value", "sig.key"}
    assert ane.is_logged_in


def test_slo_01_an_unsigned_request_ends_nothing(house, ane):
    url = logout_redirect(ane.request(), house.issuer.broker.signing)
    assert code(ane.visitor.get(url.partition("&SigAlg")[0])) == "sig.missing"
    form = logout_form(ane.request("post"), house.issuer.broker.signing)
    unsigned = re.sub(rb"<ds:Signature.*</ds:Signature>", b"", base64.b64decode(dict(form.fields)["SAMLRequest"]))
    fields = {"SAMLRequest": base64.b64encode(unsigned).decode()}
    assert code(ane.visitor.send("POST", house.system.urls.slo_url, data=fields)) == "sig.missing"
    assert ane.is_logged_in


def test_sig_03_a_changed_relay_state_is_noticed(house, ane):
    url = logout_redirect(ane.request(), house.issuer.broker.signing, relay_state="rs-1")
    assert code(ane.visitor.get(url.replace("RelayState=rs-1", "RelayState=rs-2"))) == "sig.value"
    assert ane.is_logged_in


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"destination": None}, "proto.destination"),
        ({"destination": "longer"}, "proto.destination"),
        ({"issue_instant": timedelta(minutes=-11)}, "proto.stale"),
        ({"issue_instant": timedelta(minutes=6)}, "proto.not-yet-valid"),
        ({"not_on_or_after": timedelta(minutes=-6)}, "proto.expired"),
        ({"issuer": EntityId("https://saml.other.test")}, "fed.issuer-mismatch"),
        ({"version": "1.1"}, "proto.version"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_slo_03_what_the_stacks_let_through_ends_nothing(house, ane, change, expected):
    slo = house.system.urls.slo_url
    changes = {
        name: f"{slo}/more"
        if value == "longer"
        else datetime.now(UTC) + value
        if isinstance(value, timedelta)
        else value
        for name, value in change.items()
    }
    request = ane.request(**changes)
    url = logout_redirect(replace(request, destination=request.destination or slo), house.issuer.broker.signing)
    if request.destination is None:
        octets = serialise(write_logout_request(request))
        url = write_redirect(slo, octets, relay_state=None, key=house.issuer.broker.signing)
    got = code(ane.visitor.get(f"{slo}?{url.partition('?')[2]}"))
    assert got == expected or (expected, got) == ("proto.version", "xml.schema")
    assert ane.is_logged_in


def test_slo_03_a_recorded_request_does_not_end_the_next_session(house, ane):
    request = ane.request(session_indexes=())
    ane.answer(ane.asked(request))
    ane.log_in(ane.visitor)
    assert code(ane.asked(request)) == "proto.replay"
    assert ane.is_logged_in


@pytest.mark.parametrize("octets", [b"<x/>", b"<!DOCTYPE x><x/>", b"no XML"])
def test_what_is_no_soap_is_answered_with_a_fault(house, octets):
    answer = house.visitor().send("POST", house.system.urls.slo_soap_url, content=octets)
    assert 400 <= answer.status_code < 500
    with pytest.raises(SamlError) as fault:
        open_logout_response_soap(answer.content)
    assert fault.value.code == "slo.fault"


@pytest.mark.parametrize("query", ["", "SAMLRequest=%21", "SAMLRequest=eA%3D%3D", "SAMLRequest=x&SAMLRequest=x"])
def test_what_is_no_message_is_refused(house, query):
    assert code(house.visitor().get(f"{house.system.urls.slo_url}?{query}")).startswith("bind.")


# --- begun here


def begun(ane) -> tuple[LogoutRequest, str | None]:
    """Press the button, and open what the system sends as the Context Handler does."""
    response = ane.press("/logout")
    assert response.headers["location"].startswith(f"{SSO}?"), response.text
    opened = open_logout_request_redirect(response.headers["location"].partition("?")[2].encode())
    return vouch_for_logout_request(opened, (ane.house.issuer.recipient.verification,)).value, relay_state_of(opened)


def answered(ane, request, relay_state, by="redirect", key=None, **changes):
    urls, signing = ane.house.system.urls, (key or ane.house.issuer.broker).signing
    valid = LogoutResponse(
        MessageId("_answer"), datetime.now(UTC), BROKER, urls.slo_url, request.id, Status(STATUS_SUCCESS)
    )
    message = replace(valid, **changes)
    if by == "redirect":
        query = logout_redirect(message, signing, relay_state=relay_state).partition("?")[2]
        return ane.visitor.get(f"{urls.slo_url}?{query}")
    form = logout_form(message, signing, relay_state=relay_state)
    return ane.visitor.send("POST", urls.slo_url, data=dict(form.fields))


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_the_button_logs_out_everywhere_and_shows_how_it_went(house, ane, by):
    request, relay_state = begun(ane)
    findings = enforce(
        LOGOUT_REQUEST_RULES, request, LogoutRequestExpectations(datetime.now(UTC), house.system.entity_id, SSO)
    )
    # python3-saml's template has no NotOnOrAfter
    expected = set() if house.system.stack is StackName.PYSAML2 else {"LOQ-09"}
    assert {finding.rule_id for finding in findings} == expected
    assert (request.name_id, request.session_indexes) == (ane.name_id, ("_session-1",))
    assert not ane.is_logged_in
    page = answered(ane, request, relay_state, by if speaks(house, by) else "redirect")
    assert page.status_code == 200, page.text
    assert ">You are logged out</h1>" in page.text
    assert "everywhere" not in page.text, "of other logins in the browser it knows nothing"
    assert f"Ane Holm is logged out of {house.system.name}." in page.text


def test_slo_06_partial_logout_is_said_in_plain_words(house, ane):
    request, relay_state = begun(ane)
    status = Status(STATUS_SUCCESS, STATUS_PARTIAL_LOGOUT, "Still logged in at Arkiv")
    page = answered(ane, request, relay_state, status=status).text
    assert "You are not logged out everywhere" in page
    assert '<dd lang="en">Still logged in at Arkiv</dd>' in page
    assert "Du er ikke logget ud alle steder" in page


def test_slo_04_an_answer_nobody_asked_for_shows_nothing(house, ane):
    request, relay_state = begun(ane)
    assert code(answered(ane, replace(request, id=REQUEST_ID), relay_state)) == "slo.unsolicited"
    assert answered(ane, request, relay_state).status_code == 200
    assert code(answered(ane, request, relay_state)) == "slo.unsolicited"


def test_an_answer_that_fails_leaves_the_logout_open(house, ane, stranger):
    request, relay_state = begun(ane)
    assert code(answered(ane, request, relay_state, key=stranger)) == "sig.value"
    assert code(answered(ane, request, "another")) == "bind.params"
    assert code(answered(ane, request, relay_state, destination=house.acs)) == "proto.destination"
    assert code(answered(ane, request, relay_state, issuer=EntityId("https://x.test"))) == "fed.issuer-mismatch"
    assert answered(ane, request, relay_state).status_code == 200


def test_slo_01_an_unsigned_answer_is_refused(house, ane):
    request, relay_state = begun(ane)
    message = LogoutResponse(
        MessageId("_a"), datetime.now(UTC), BROKER, house.system.urls.slo_url, request.id, Status(STATUS_SUCCESS)
    )
    url = logout_redirect(message, house.issuer.broker.signing, relay_state=relay_state)
    assert code(ane.visitor.get(url.partition("&SigAlg")[0])) == "sig.missing"


def test_nobody_logged_in_has_nothing_to_log_out(house):
    response = house.visitor().send("POST", f"{house.system.urls.base_url}/logout", data={"x": "1"})
    assert response.headers["location"] == house.system.urls.home_url


def test_another_sites_form_logs_nobody_out(house, ane):
    for path in ("/logout", "/logout-behaviour"):
        url = f"{house.system.urls.base_url}{path}"
        refused = ane.visitor.send("POST", url, data={"behaviour": "silent"}, headers={"origin": "null"})
        assert code(refused) == "web.csrf"
    assert ane.is_logged_in


def test_crossed_logouts_end_in_two_successes(house, ane):
    request, relay_state = begun(ane)
    assert ane.answer(ane.asked(ane.request())).everybody_is_logged_out
    assert answered(ane, request, relay_state).status_code == 200


def test_the_page_offers_ways_to_try_the_session(house, ane):
    page = result_of(house, ane.visitor).text
    assert "level=High" in page
    assert "force=1" in page
    assert "passive=1" in page
    assert "remembers you until" in page
