"""A home IdP that gives no SessionIndex: it can be asked about a person only, and ends every session that the person has there."""

from dataclasses import replace
from typing import Any

import pytest

from context_handler.logout_state import LegState
from oiosaml.messages.metadata import Endpoint
from oiosaml.messages.response import Status
from oiosaml.uris import (
    BINDING_SOAP,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
)
from tests.builders import ANE_HOLM, IDP, NOW
from tests.context_handler.logout_rig import BYGGESAG, PARTIAL, SLO, SOAP_URL, WHOLE, YDELSER, Street, minutes
from tests.context_handler.session_rig import SOMEBODY_ELSE


@pytest.fixture
def street(street: Street) -> Street:
    """Its IdP gives no SessionIndex."""
    street.idp_session = None  # type: ignore[assignment]
    return street


def old_session(street: Street) -> Any:
    """Byggesag's request about a session that has ended by its age."""
    street.log_in(BYGGESAG)
    request, ports = street.request(BYGGESAG), street.rig.ports
    assert ports.sessions.forget(ports.workspace, NOW + minutes(9 * 60)) == 1
    street.rig.session = None
    return request


def with_back_channel(street: Street, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the IdP take logouts by the back channel; where."""
    services = (Endpoint(BINDING_SOAP, "https://idp.korsbaek.test/soap"),)
    monkeypatch.setitem(SLO, IDP, services)
    idps = street.rig.registry.idp_list
    role = idps[0].metadata.idp
    assert role is not None
    idps[0] = replace(idps[0], metadata=replace(idps[0].metadata, idp=replace(role, single_logout_services=services)))
    street.answers_by_soap(IDP)
    return services[0].location


def test_it_is_not_asked_about_an_old_session_while_the_person_has_an_open_one(street: Street) -> None:
    request = old_session(street)
    street.log_in(YDELSER)
    end = street.send(request)
    assert street.told(end, BYGGESAG).status == PARTIAL
    assert [(leg.party, leg.state, leg.request_id) for leg in end.logout.legs] == [(IDP, LegState.FAILED, None)]
    assert street.is_logged_in()


def test_nor_by_the_back_channel(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    request = old_session(street)
    with_back_channel(street, monkeypatch)
    street.log_in(YDELSER)
    end = street.send(replace(request, destination=SOAP_URL), binding=BINDING_SOAP)
    assert (street.told(end, BYGGESAG).status, street.lines.asked) == (PARTIAL, [])


def test_it_is_asked_if_nobody_is_logged_in(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    request = old_session(street)
    location = with_back_channel(street, monkeypatch)
    end = street.send(replace(request, destination=SOAP_URL), binding=BINDING_SOAP)
    assert (street.told(end, BYGGESAG).status, street.lines.asked) == (WHOLE, [location])


def test_it_is_asked_if_somebody_else_is(street: Street) -> None:
    request = old_session(street)
    street.person = SOMEBODY_ELSE
    street.log_in(YDELSER)
    outcome = street.send(request)
    asked = street.asked(outcome)
    assert (street.whom(outcome), asked.name_id, asked.session_indexes) == (IDP, ANE_HOLM, ())
    assert street.told(street.answer(outcome), BYGGESAG).status == WHOLE


def with_and_without(street: Street) -> Any:
    """Two open sessions: at the first login the IdP gave no SessionIndex, at the second, in another browser, one. Both are to end."""
    street.log_in(BYGGESAG)
    street.rig.session, street.idp_session = None, "_session-2"
    street.log_in(BYGGESAG)
    return street.request(BYGGESAG, session_indexes=())


def test_it_is_asked_about_all_sessions_if_it_gave_an_index_for_some(street: Street) -> None:
    outcome = street.send(with_and_without(street))
    assert (street.whom(outcome), street.asked(outcome).session_indexes) == (IDP, ())
    end = street.answer(outcome)
    assert (street.told(end, BYGGESAG).status, len(end.logout.legs)) == (WHOLE, 1)
    again = street.send(street.request(BYGGESAG, session_indexes=()))
    assert (street.told(again, BYGGESAG).status, again.logout.legs) == (WHOLE, ())


def test_neither_counts_as_logged_out_if_it_refuses(street: Street) -> None:
    refused = Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED)
    end = street.answer(street.send(with_and_without(street)), status=refused)
    assert street.told(end, BYGGESAG).status == PARTIAL
    outcome = street.send(street.request(BYGGESAG))
    assert street.asked(outcome).session_indexes == ("_session-2",)
    assert street.told(street.answer(outcome), BYGGESAG).status == WHOLE
    outcome = street.send(street.request(BYGGESAG, session_indexes=()))
    assert street.asked(outcome).session_indexes == (), "about the first"


def test_it_is_asked_about_those_with_an_index_alone_while_another_session_is_open(street: Street) -> None:
    request, ports = with_and_without(street), street.rig.ports
    assert ports.sessions.forget(ports.workspace, NOW + minutes(9 * 60)) == 2
    street.rig.session, street.idp_session = None, "_session-3"
    street.log_in(YDELSER)
    outcome = street.send(request)
    assert street.asked(outcome).session_indexes == ("_session-2",)
    end = street.answer(outcome)
    assert street.told(end, BYGGESAG).status == PARTIAL
    assert [(leg.party, leg.session_indexes) for leg in end.logout.still_logged_in] == [(IDP, ())]
    assert street.is_logged_in()


def test_it_is_asked_once_if_the_open_session_ends_as_well(street: Street) -> None:
    request = old_session(street)
    street.log_in(BYGGESAG)
    outcome = street.send(replace(request, session_indexes=()))
    assert street.whom(outcome) == IDP
    end = street.answer(outcome)
    assert (street.told(end, BYGGESAG).status, len(end.logout.legs)) == (WHOLE, 1)


def test_it_is_asked_once_if_it_is_asked_about_an_open_session_anyway(street: Street) -> None:
    """Byggesag's own open session may end there, whatever else ends with it; that the old one is out as well is no secret then."""
    request = old_session(street)
    street.log_in(BYGGESAG)
    street.rig.session = None
    street.log_in(YDELSER)
    end = street.answer(street.send(replace(request, session_indexes=())))
    assert (street.told(end, BYGGESAG).status, [leg.session_indexes for leg in end.logout.legs]) == (WHOLE, [()])
