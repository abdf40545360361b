"""Logout messages at an address that is not theirs: nothing ends, and the sender reads where the message belongs."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from context_handler.logout import begin_logout
from context_handler.logout_answering import RefusedLogout
from context_handler.logout_inbound import LogoutByParty
from context_handler.logout_state import PartyKind
from oiosaml.errors import Party
from oiosaml.ids import EntityId
from oiosaml.logout_openings import open_logout_response_soap, vouch_for_logout_response
from oiosaml.logout_sending import logout_envelope, logout_redirect
from oiosaml.uris import BINDING_REDIRECT, BINDING_SOAP
from saml_web.error_pages import Mend, who_mends
from tests.builders import CH_SSO, IDP, NOW
from tests.conftest import Member
from tests.context_handler.logout_rig import BYGGESAG, IDP_ASKS, SOAP_URL, Street
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
