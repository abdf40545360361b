"""A logout that ends nothing: its event tells a session that is gone from a name that nobody has, which its answer does not."""

from dataclasses import replace
from typing import Any

from oiosaml.uris import BINDING_SOAP
from tests import builders
from tests.builders import IDP
from tests.context_handler.logout_rig import BYGGESAG, SOAP_URL, WHOLE, YDELSER, Street

MISTYPED = replace(builders.ANE_HOLM, value=builders.ANE_HOLM.value.replace("Ane", "Anne"))
NOBODY = "nobody has a session, or had one of late, under the NameID "
HERE = "; this browser has one with the sender under the NameID "


def said_of_sessions(street: Street, end: Any) -> str:
    """What the vendor reads in the flow: the event of the step that looked for sessions."""
    events = street.rig.record.events_of(street.rig.ports.workspace, end.logout.flow)
    (event,) = (event for event in events if event.step == "find_sessions_to_end")
    assert event.detail is not None
    return event.detail


def test_a_session_that_is_gone_is_called_so(street: Street) -> None:
    street.log_in(BYGGESAG)
    request = street.request(IDP)
    street.everybody_answers(street.click())
    assert said_of_sessions(street, street.send(request)) == "the session is gone already"


def test_sessions_that_end_are_counted(street: Street) -> None:
    street.log_in(BYGGESAG)
    end = street.everybody_answers(street.send(street.request(IDP)))
    assert said_of_sessions(street, end) == "1 sessions"


def test_a_name_that_nobody_has_is_called_so_beside_the_name_of_this_browsers_session(street: Street) -> None:
    street.log_in(BYGGESAG)
    end = street.send(street.request(IDP, name_id=MISTYPED))
    assert street.told(end, IDP).status == WHOLE
    detail = said_of_sessions(street, end)
    assert detail.startswith(f"{NOBODY}{MISTYPED.value!r}")
    assert f"{HERE}{builders.ANE_HOLM.value!r}" in detail
    assert street.is_logged_in(), "it is told, and ends nothing"


def test_a_systems_name_that_nobody_has_is_called_so_too(street: Street) -> None:
    street.log_in(BYGGESAG)
    honest = street.request(BYGGESAG, session_indexes=())
    mistyped = replace(honest.name_id, value=honest.name_id.value + "x")
    end = street.send(replace(honest, name_id=mistyped))
    assert street.told(end, BYGGESAG).status == WHOLE
    detail = said_of_sessions(street, end)
    assert detail.startswith(f"{NOBODY}{mistyped.value!r}")
    assert f"{HERE}{honest.name_id.value!r}" in detail
    assert street.is_logged_in()


def test_another_browsers_session_is_not_told_of(street: Street) -> None:
    street.log_in(BYGGESAG)
    detail = said_of_sessions(street, street.send(street.request(IDP, name_id=MISTYPED), browser="another browser"))
    assert detail.startswith(NOBODY)
    assert HERE not in detail


def test_a_session_that_the_sender_takes_no_part_in_is_not_told_of(street: Street) -> None:
    """Ydelser learns nothing of a person who is logged in at Byggesag alone."""
    street.log_in(YDELSER)
    mistyped = street.request(YDELSER, session_indexes=())
    mistyped = replace(mistyped, name_id=replace(mistyped.name_id, value="_nobody"))
    street.everybody_answers(street.click())
    street.rig.session = None
    street.log_in(BYGGESAG)
    detail = said_of_sessions(street, street.send(mistyped))
    assert detail.startswith(f"{NOBODY}'_nobody'")
    assert HERE not in detail


def test_by_the_back_channel_no_browser_is_looked_at(street: Street) -> None:
    street.log_in(BYGGESAG)
    honest = street.request(BYGGESAG, session_indexes=(), destination=SOAP_URL)
    mistyped = replace(honest, name_id=replace(honest.name_id, value="_nobody"))
    detail = said_of_sessions(street, street.send(mistyped, binding=BINDING_SOAP))
    assert detail.startswith(NOBODY)
    assert HERE not in detail
