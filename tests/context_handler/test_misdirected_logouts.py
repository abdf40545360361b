"""Logout messages at an address that is not theirs: nothing ends, and the sender reads where the message belongs."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from context_handler.logout import begin_logout, continue_logout
from context_handler.logout_answering import RefusedLogout
from context_handler.logout_inbound import LogoutAnswer, LogoutByParty
from context_handler.logout_state import PartyKind
from oiosaml.errors import Party
from oiosaml.ids import EntityId
from oiosaml.logout_openings import open_logout_response_soap, vouch_for_logout_response
from oiosaml.logout_sending import logout_envelope, logout_form, logout_redirect
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP
from saml_web.error_pages import Mend, who_mends
from tests import builders
from tests.builders import CH_SSO, IDP, NOW
from tests.conftest import Member
from tests.context_handler.logout_rig import BYGGESAG, IDP_ANSWERS, IDP_ASKS, SIGNOFF, SOAP_URL, Street, kind_of
from tests.context_handler.rig import BROWSER

STRANGER = EntityId("https://saml.stranger.sim.test")


def request_at(
    street: Street, face: PartyKind, issuer: EntityId, *, signer: Member, binding: str = BINDING_REDIRECT
) -> Any:
    """A LogoutRequest of `issuer` at the address of one kind of party."""
    to = SOAP_URL if binding == BINDING_SOAP else IDP_ASKS if face is PartyKind.HOME_IDP else CH_SSO
    subject = issuer if issuer in street.tokens or issuer == IDP else BYGGESAG
    request = street.request(subject, issuer=issuer, destination=to)
    if binding == BINDING_SOAP:
        octets = logout_envelope(request, signer.signing)
    else:
        octets = urlsplit(logout_redirect(request, signer.signing)).query.encode()
    inbound = LogoutByParty(face, binding, octets, "" if binding == BINDING_SOAP else BROWSER)
    return asyncio.run(begin_logout(inbound, NOW, street.rig.ports))


@pytest.fixture
def logged_in(street: Street) -> Street:
    street.log_in(BYGGESAG)
    return street


# --- a request on the face of the other kind of party


def test_an_idp_at_the_address_for_systems_reads_where_idps_log_out(logged_in: Street) -> None:
    refused = request_at(logged_in, PartyKind.SYSTEM, IDP, signer=logged_in.members[IDP])
    assert isinstance(refused, RefusedLogout)
    assert refused.error.refusal.key == "fed.unknown-issuer:idp-among-systems"
    assert refused.error.code == "fed.unknown-issuer"
    assert refused.error.detail == f"got the issuer {IDP!r}, an IdP, at {CH_SSO}, expected it at {IDP_ASKS}"
    assert who_mends(refused.error) is Mend.HOME_IDP
    assert logged_in.is_logged_in()


def test_a_system_at_the_address_for_idps_reads_where_systems_log_out(logged_in: Street) -> None:
    refused = request_at(logged_in, PartyKind.HOME_IDP, BYGGESAG, signer=logged_in.members[BYGGESAG])
    assert isinstance(refused, RefusedLogout)
    assert refused.error.refusal.key == "fed.unknown-issuer:system-among-idps"
    assert refused.error.code == "fed.unknown-issuer"
    assert refused.error.detail == (
        f"got the issuer {BYGGESAG!r}, a system, at {IDP_ASKS}, expected it at {CH_SSO} or {SOAP_URL}"
    )
    assert who_mends(refused.error) is Mend.SYSTEM
    assert logged_in.is_logged_in()


def test_an_idp_at_the_back_channel_for_systems_is_answered_with_a_signed_refusal(logged_in: Street) -> None:
    refused = request_at(logged_in, PartyKind.SYSTEM, IDP, signer=logged_in.members[IDP], binding=BINDING_SOAP)
    assert isinstance(refused, RefusedLogout)
    assert f"at {SOAP_URL}, expected it at {IDP_ASKS}" in refused.error.detail
    assert refused.answer is not None
    broker = (logged_in.rig.broker.verification,)
    status = vouch_for_logout_response(open_logout_response_soap(refused.answer), broker).value.status
    assert status.message == (
        "fed.unknown-issuer: The sender is registered as an IdP, but sent its logout message to the address for systems."
    )
    assert logged_in.is_logged_in()


@pytest.mark.parametrize(("face", "party"), [(PartyKind.SYSTEM, Party.SYSTEM), (PartyKind.HOME_IDP, Party.HOME_IDP)])
def test_who_is_registered_on_neither_face_is_a_stranger_as_before(
    logged_in: Street, face: PartyKind, party: Party
) -> None:
    refused = request_at(logged_in, face, STRANGER, signer=logged_in.members[BYGGESAG])
    assert isinstance(refused, RefusedLogout)
    assert refused.error.refusal.key == "fed.unknown-issuer"
    assert refused.error.detail == f"got the issuer {STRANGER!r}, expected a registered party"
    assert refused.error.party is party


@pytest.mark.parametrize(("face", "issuer"), [(PartyKind.SYSTEM, IDP), (PartyKind.HOME_IDP, BYGGESAG)])
def test_what_it_is_told_does_not_rest_on_a_signature_and_vouches_for_nothing(
    logged_in: Street, face: PartyKind, issuer: EntityId
) -> None:
    other = BYGGESAG if issuer == IDP else IDP
    refused = request_at(logged_in, face, issuer, signer=logged_in.members[other])
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "fed.unknown-issuer"
    steps = logged_in.steps(refused.flow)
    assert steps == ["open_logout_request", "vouch_for_participant"]
    assert logged_in.is_logged_in()


@pytest.mark.parametrize(("issuer", "face"), [(IDP, PartyKind.HOME_IDP), (BYGGESAG, PartyKind.SYSTEM)])
def test_at_its_own_address_each_of_them_logs_out(logged_in: Street, issuer: EntityId, face: PartyKind) -> None:
    begun = request_at(logged_in, face, issuer, signer=logged_in.members[issuer])
    assert logged_in.everybody_answers(begun).logout.still_logged_in == ()
    assert not logged_in.is_logged_in()


# --- an answer where requests go, and a request where answers go


def carried(message: Any, signer: Member, binding: str) -> bytes:
    if binding == BINDING_POST:
        return urlencode(logout_form(message, signer.signing).fields).encode()
    return urlsplit(logout_redirect(message, signer.signing)).query.encode()


def answer_to(street: Street, asked: Any, party: EntityId, destination: str) -> Any:
    return builders.logout_response(
        id=street.rig.ports.ids.message_id(),
        issuer=party,
        destination=destination,
        in_response_to=street.asked(asked).id,
    )


def asked_of(street: Street, party: EntityId) -> Any:
    """A logout under way that stands at `party`."""
    street.log_in(BYGGESAG)
    asked = street.send(street.request(BYGGESAG if party == IDP else IDP))
    assert street.whom(asked) == party
    return asked


FACES = [(BYGGESAG, CH_SSO, SIGNOFF, Mend.SYSTEM), (IDP, IDP_ASKS, IDP_ANSWERS, Mend.HOME_IDP)]


@pytest.mark.parametrize("binding", [BINDING_REDIRECT, BINDING_POST])
@pytest.mark.parametrize(("party", "requests", "answers", "mend"), FACES)
def test_an_answer_at_our_location_reads_where_answers_go_and_changes_nothing(
    street: Street, party: EntityId, requests: str, answers: str, mend: Mend, binding: str
) -> None:
    asked = asked_of(street, party)
    strayed = answer_to(street, asked, party, requests)
    inbound = LogoutByParty(kind_of(party), binding, carried(strayed, street.members[party], binding), BROWSER)
    refused = asyncio.run(begin_logout(inbound, NOW, street.rig.ports))
    assert isinstance(refused, RefusedLogout)
    assert (refused.error.refusal.key, refused.error.code) == ("bind.params:logout-response", "bind.params")
    assert refused.error.detail == (
        f"got a LogoutResponse at {requests}, expected a LogoutRequest; "
        f"a LogoutResponse belongs at {answers}, the ResponseLocation of our metadata"
    )
    assert who_mends(refused.error) is mend
    (event,) = street.rig.record.events_of(street.rig.ports.workspace, refused.flow)
    assert (event.step, event.party, event.message_id) == ("open_logout_request", party, strayed.id)
    # the logout stands where it stood, and the same answer counts at its own address
    honest = street.send_response(replace(strayed, destination=answers), party, signer=street.members[party])
    assert street.everybody_answers(honest).logout.still_logged_in == ()


@pytest.mark.parametrize("binding", [BINDING_REDIRECT, BINDING_POST])
@pytest.mark.parametrize(("party", "requests", "answers", "mend"), FACES)
def test_a_request_at_our_response_location_reads_where_requests_go_and_ends_nothing(
    logged_in: Street, party: EntityId, requests: str, answers: str, mend: Mend, binding: str
) -> None:
    strayed = logged_in.request(party, destination=answers)
    octets = carried(strayed, logged_in.members[party], binding)
    inbound = LogoutAnswer(kind_of(party), binding, octets, BROWSER)
    refused = asyncio.run(continue_logout(inbound, NOW, logged_in.rig.ports))
    assert isinstance(refused, RefusedLogout)
    assert (refused.error.refusal.key, refused.error.code) == ("bind.params:logout-request", "bind.params")
    assert refused.error.detail == (
        f"got a LogoutRequest at {answers}, expected a LogoutResponse; "
        f"a LogoutRequest belongs at {requests}, the Location of our metadata"
    )
    assert who_mends(refused.error) is mend
    assert logged_in.is_logged_in()
    begun = logged_in.send(replace(strayed, destination=requests), binding=binding)
    assert logged_in.everybody_answers(begun).logout.still_logged_in == ()


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"SAMLResponse=rubbish", "bind.params"),
        (b"SAMLResponse=PGEvPg%3D%3D", "bind.params"),
        (b"SAMLRequest=PGEvPg%3D%3D", "xml.root"),
        (b"", "bind.params"),
    ],
    ids=["no base64", "another message", "another request", "nothing"],
)
def test_what_is_no_logout_answer_is_not_called_one(street: Street, octets: bytes, key: str) -> None:
    inbound = LogoutByParty(PartyKind.HOME_IDP, BINDING_POST, octets, BROWSER)
    refused = asyncio.run(begin_logout(inbound, NOW, street.rig.ports))
    assert isinstance(refused, RefusedLogout)
    assert refused.error.refusal.key == key
    assert "belongs at" not in refused.error.detail


def test_an_answer_on_the_other_kinds_face_reads_where_it_is_expected(street: Street) -> None:
    asked = asked_of(street, IDP)
    octets = carried(answer_to(street, asked, IDP, SIGNOFF), street.members[IDP], BINDING_REDIRECT)
    inbound = LogoutAnswer(PartyKind.SYSTEM, BINDING_REDIRECT, octets, BROWSER)
    refused = asyncio.run(continue_logout(inbound, NOW, street.rig.ports))
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "slo.unsolicited"
    assert refused.error.detail == f"got an answer to our question to {IDP} at {SIGNOFF}, expected it at {IDP_ANSWERS}"
    assert street.everybody_answers(street.answer(asked)).logout.still_logged_in == ()


@pytest.mark.parametrize(("party", "mend"), [(BYGGESAG, Mend.SYSTEM), (IDP, Mend.HOME_IDP)])
def test_an_answer_nobody_asked_for_is_its_senders_to_mend(street: Street, party: EntityId, mend: Mend) -> None:
    to = IDP_ANSWERS if party == IDP else SIGNOFF
    response = builders.logout_response(id=street.rig.ports.ids.message_id(), issuer=party, destination=to)
    refused = street.send_response(response, party, signer=street.members[party])
    assert isinstance(refused, RefusedLogout)
    assert (refused.error.code, who_mends(refused.error)) == ("slo.unsolicited", mend)
