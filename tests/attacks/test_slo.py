"""SLO: whoever can forge, replay or misdirect a logout can end sessions at will. Nothing ends here but what the sender takes part in."""

import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from context_handler.logout_answering import RefusedLogout
from oiosaml.ids import EntityId
from oiosaml.logout_openings import open_logout_response_soap, vouch_for_logout_response
from oiosaml.logout_sending import logout_redirect
from oiosaml.name_id import NameId
from oiosaml.refusals import REFUSALS
from oiosaml.uris import BINDING_REDIRECT, BINDING_SOAP, STATUS_REQUEST_DENIED, STATUS_REQUESTER
from tests import builders
from tests.builders import IDP, NOW
from tests.conftest import make_member
from tests.context_handler.logout_rig import (
    ARKIV,
    BYGGESAG,
    IDP_ASKS,
    SIGNOFF,
    SOAP_URL,
    YDELSER,
    Street,
    make_street,
    minutes,
)
from tests.context_handler.rig import BROWSER, make_rig


@pytest.fixture
def street(tmp_path: Any) -> Street:
    """Byggesag and Ydelser in one session of one browser."""
    made = make_street(make_rig(tmp_path))
    made.log_in(BYGGESAG, YDELSER)
    return made


def assert_nothing_ended(street: Street, outcome: Any, code: str) -> RefusedLogout:
    """The refusal has its code, both sentences and a status of its own; the session answers as before; the honest logout still works."""
    assert isinstance(outcome, RefusedLogout), outcome
    assert outcome.error.code == code
    assert outcome.error.sentence("da")
    assert outcome.error.sentence("en")
    assert 400 <= REFUSALS[code].http_status < 500
    events = street.rig.record.events_of(street.rig.ports.workspace, outcome.flow)
    assert [event.code for event in events if event.code] == [code]
    assert street.is_logged_in()
    counts = street.rig.record.logout_counts(street.rig.ports.workspace)
    assert counts.refused == 1
    assert counts.conserved
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert end.logout.still_logged_in == ()
    return outcome


def test_slo_01_tampered(street: Street) -> None:
    url = logout_redirect(street.request(BYGGESAG), street.members[BYGGESAG].signing)
    query = parse_qs(urlsplit(url).query)
    xml = zlib.decompress(b64decode(query["SAMLRequest"][0]), -zlib.MAX_WBITS)
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    changed = compressor.compress(xml.replace(b"SessionIndex>_", b"SessionIndex>x")) + compressor.flush()
    query["SAMLRequest"] = [b64encode(changed).decode()]
    octets = urlencode({name: values[0] for name, values in query.items()}).encode()
    assert_nothing_ended(street, street.send_octets(octets, BINDING_REDIRECT, BYGGESAG), "sig.value")


def test_slo_02_a_system_that_takes_no_part(street: Street) -> None:
    """Arkiv is a member and has nothing to do with this session: it names what Byggesag was told."""
    arkiv = EntityId("https://saml.arkiv.sim.test")
    assert_nothing_ended(street, street.send(replace(street.request(BYGGESAG), issuer=arkiv)), "slo.denied")


def test_slo_02_a_system_on_the_face_of_the_idps(street: Street) -> None:
    """A system cannot speak as an IdP: on that face nobody knows it."""
    from context_handler.logout import begin_logout
    from context_handler.logout_inbound import LogoutByParty
    from context_handler.logout_state import PartyKind
    from tests.context_handler.rig import straight

    request = street.request(BYGGESAG, destination=IDP_ASKS)
    octets = urlsplit(logout_redirect(request, street.members[BYGGESAG].signing)).query.encode()
    inbound = LogoutByParty(PartyKind.HOME_IDP, BINDING_REDIRECT, octets, BROWSER)
    outcome = straight(begin_logout(inbound, NOW, street.rig.ports))
    assert_nothing_ended(street, outcome, "fed.unknown-issuer")


def test_slo_03_a_recorded_request_does_not_end_the_next_session(street: Street) -> None:
    recorded = street.request(BYGGESAG)
    street.everybody_answers(street.send(recorded))
    street.rig.session = None
    street.log_in(BYGGESAG, YDELSER)
    again = street.send(recorded)
    # the SessionIndex is another one by now, and the ID was used: either would be enough
    assert isinstance(again, RefusedLogout)
    assert again.error.code in ("proto.replay", "slo.denied")
    assert street.is_logged_in()


def test_slo_03_a_recorded_request_without_a_session_index_is_a_replay(street: Street) -> None:
    recorded = street.request(BYGGESAG, session_indexes=())
    street.everybody_answers(street.send(recorded))
    street.rig.session = None
    street.log_in(BYGGESAG, YDELSER)
    again = street.send(recorded)
    assert isinstance(again, RefusedLogout)
    assert again.error.code == "proto.replay"
    assert street.is_logged_in()


def response(street: Street, **changes: Any) -> Any:
    valid = builders.logout_response(id=street.rig.ports.ids.message_id(), issuer=YDELSER, destination=SIGNOFF)
    return street.send_response(replace(valid, **changes), YDELSER, signer=street.members[YDELSER])


def test_slo_04_an_answer_nobody_asked_for(street: Street) -> None:
    assert_nothing_ended(street, response(street), "slo.unsolicited")


def test_slo_04_an_answer_to_nothing(street: Street) -> None:
    assert_nothing_ended(street, response(street, in_response_to=None), "slo.unsolicited")


def test_slo_04_an_answer_in_another_browser_leaves_the_logout_open(street: Street) -> None:
    asked = street.send(street.request(BYGGESAG))
    stolen = street.answer(asked, browser="another browser")
    assert isinstance(stolen, RefusedLogout)
    assert stolen.error.code == "slo.unsolicited"
    assert street.everybody_answers(street.answer(asked)).logout.still_logged_in == ()


def test_slo_04_an_answer_twice(street: Street) -> None:
    asked = street.send(street.request(BYGGESAG))
    street.answer(asked)
    again = street.answer(asked)
    assert isinstance(again, RefusedLogout)
    assert again.error.code == "slo.unsolicited"


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": BYGGESAG},
        {"destination": "https://another.sim.test/signoff"},
        {"issue_instant": NOW - minutes(11)},
    ],
    ids=["issuer", "destination", "stale"],
)
def test_slo_04_a_wrong_answer_does_not_count(street: Street, changes: dict[str, Any]) -> None:
    """The logout goes on, and the participant is named as still logged in: nothing it said was believed."""
    asked = street.send(street.request(BYGGESAG))
    end = street.everybody_answers(street.answer(asked, **changes))
    assert [leg.party for leg in end.logout.still_logged_in] == [YDELSER]


def test_slo_05_an_ended_session_index_of_another_party(street: Street) -> None:
    """That a session has ended is a success to those who took part in it, and to nobody else."""
    ended = street.request(YDELSER).session_indexes
    street.everybody_answers(street.click())
    street.rig.session = None
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.send(street.request(BYGGESAG, session_indexes=ended))
    assert_nothing_ended(street, outcome, "slo.denied")


def test_slo_05_the_name_another_system_was_given(street: Street) -> None:
    theirs = street.tokens[YDELSER].subject
    assert theirs is not None
    assert theirs.name_id is not None
    assert_nothing_ended(street, street.send(street.request(BYGGESAG, name_id=theirs.name_id)), "slo.denied")


@pytest.fixture
def named_alike(tmp_path: Any) -> Street:
    """Byggesag and Ydelser in one session, both told the home IdP's own name; Arkiv would be told it, too."""
    made = make_street(make_rig(tmp_path))
    made.give_x509_names(BYGGESAG, YDELSER, ARKIV)
    made.log_in(BYGGESAG, YDELSER)
    return made


def test_slo_05_a_session_of_another_system_under_a_name_that_is_the_same_everywhere(named_alike: Street) -> None:
    """Arkiv takes no part in it. That it could have been given the very same name does not help it."""
    outcome = named_alike.send(named_alike.request(BYGGESAG, issuer=ARKIV))
    assert_nothing_ended(named_alike, outcome, "slo.denied")


def test_slo_05_another_systems_session_index_under_ones_own_name(named_alike: Street) -> None:
    theirs = named_alike.request(YDELSER).session_indexes
    outcome = named_alike.send(named_alike.request(BYGGESAG, session_indexes=theirs))
    assert_nothing_ended(named_alike, outcome, "slo.denied")


@pytest.mark.parametrize("indexes", [(), ("_made-up",)])
def test_slo_05_a_name_that_is_the_same_everywhere_ends_nothing(named_alike: Street, indexes: tuple[str, ...]) -> None:
    """Whose it is cannot be told by it, so it is as a name nobody has; and no answer says whether the person is logged in."""

    def answer(**changes: Any) -> Any:
        names = {"issuer": ARKIV, "destination": SOAP_URL, "session_indexes": indexes}
        outcome = named_alike.send(named_alike.request(BYGGESAG, **(names | changes)), binding=BINDING_SOAP)
        assert outcome.logout.legs == ()
        return named_alike.told(outcome, ARKIV).status

    assert answer() == answer(name_id=NameId("nobody", "urn:x"))
    assert named_alike.is_logged_in()


@pytest.mark.parametrize("indexes", [(), ("_long-gone",)])
def test_slo_05_a_name_nobody_has_ends_nothing(street: Street, indexes: tuple[str, ...]) -> None:
    """It may be that of a session long gone, so it is a success; nobody's session ends by it."""
    outcome = street.send(street.request(BYGGESAG, name_id=NameId("nobody", "urn:x"), session_indexes=indexes))
    assert outcome.logout.legs == ()
    assert street.is_logged_in()


def test_slo_05_another_idps_person(street: Street) -> None:
    """Another registered IdP names Korsbæk's person, correctly signed with its own key."""
    other = street.rig.registry.idp_list[1].registration.entity_id
    request = street.request(IDP, issuer=other)
    from context_handler.logout import begin_logout
    from context_handler.logout_inbound import LogoutByParty
    from context_handler.logout_state import PartyKind
    from tests.context_handler.rig import straight

    octets = urlsplit(logout_redirect(request, make_member("other-idp").signing)).query.encode()
    inbound = LogoutByParty(PartyKind.HOME_IDP, BINDING_REDIRECT, octets, BROWSER)
    outcome = straight(begin_logout(inbound, NOW, street.rig.ports))
    # verified, and about nobody of its own: like a name nobody has, it is a success that ends nothing
    assert not isinstance(outcome, RefusedLogout), outcome.error
    assert outcome.logout.legs == ()
    assert (outcome.logout.initiator.party, outcome.logout.initiator.request_id) == (other, request.id)
    events = street.rig.record.events_of(street.rig.ports.workspace, outcome.logout.flow)
    assert [event.code for event in events if event.code] == []
    assert street.is_logged_in()


def test_slo_a_refusal_by_the_back_channel_is_signed_and_says_no_more_than_its_code(street: Street) -> None:
    request = street.request(BYGGESAG, destination=SOAP_URL, session_indexes=("_another",))
    refused = assert_nothing_ended(street, street.send(request, binding=BINDING_SOAP), "slo.denied")
    assert refused.answer is not None
    broker = (street.rig.broker.verification,)
    answer = vouch_for_logout_response(open_logout_response_soap(refused.answer), broker).value
    assert (answer.status.code, answer.status.second_code) == (STATUS_REQUESTER, STATUS_REQUEST_DENIED)
    assert answer.in_response_to == request.id
