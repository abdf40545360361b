"""Logouts that cross, and logouts of a session that has ended already: none is whole while somebody is not known to be logged out."""

from dataclasses import replace

import pytest

from context_handler.logout_answering import RefusedLogout
from context_handler.logout_state import LegState, Logout, LogoutState
from context_handler.ports import Ports
from context_handler.session import ENDED_REMEMBERED
from oiosaml.ids import EntityId
from oiosaml.uris import (
    BINDING_SOAP,
)
from tests.builders import IDP, NOW
from tests.context_handler.logout_rig import (
    ARKIV,
    BYGGESAG,
    PARTIAL,
    REFUSED,
    SLO,
    SOAP_URL,
    WHOLE,
    YDELSER,
    Street,
    minutes,
)
from tests.context_handler.rig import BROWSER


def down(street: Street, party: EntityId) -> None:
    del street.lines.ends[SLO[party][0].location]


def under_way(street: Street) -> Logout:
    (logout,) = street.rig.ports.logouts.under_way(street.rig.ports.workspace, BROWSER)
    return logout


def still_in(logout: Logout) -> list[EntityId]:
    return [leg.party for leg in logout.still_logged_in]


# --- two logouts at once


def test_two_systems_begin_at_once_and_both_end_well(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    first = street.send(street.request(BYGGESAG))
    assert street.whom(first) == YDELSER
    crossed = street.send(street.request(YDELSER))
    assert street.whom(crossed) == IDP, "who has not been told yet is told"
    end = street.everybody_answers(crossed)
    assert street.told(end, YDELSER).status == WHOLE
    end = street.answer(first)
    assert street.told(end, BYGGESAG).status == WHOLE, "the IdP was told in the other tab"
    assert "cross_off" in street.steps(end.logout.flow)


def test_a_system_that_had_to_be_asked_may_have_said_so_itself(street: Street) -> None:
    """It logs out by itself while our question is on its way, and then does not know the session any more."""
    street.log_in(BYGGESAG, YDELSER)
    first = street.send(street.request(BYGGESAG))
    street.everybody_answers(street.send(street.request(YDELSER)))
    assert street.told(street.answer(first, status=REFUSED), BYGGESAG).status == WHOLE


def test_a_system_and_the_idp_begin_at_once_and_both_end_well(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    first = street.send(street.request(BYGGESAG))
    crossed = street.send(street.request(IDP))
    assert street.whom(crossed) == YDELSER, "which has not answered the first"
    end = street.everybody_answers(crossed)
    assert street.told(end, IDP).status == WHOLE
    end = street.everybody_answers(street.answer(first))
    assert end.logout.state is LogoutState.COMPLETED
    assert [leg.state for leg in end.logout.legs] == [LegState.LOGGED_OUT] * 2


def test_crossed_logouts_are_partial_while_a_third_is_still_logged_in(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    down(street, ARKIV)
    assert street.whom(street.send(street.request(BYGGESAG))) == YDELSER
    crossed = street.send(street.request(YDELSER))
    assert street.whom(crossed) == IDP
    end = street.everybody_answers(crossed)
    assert (street.told(end, YDELSER).status, still_in(end.logout)) == (PARTIAL, [ARKIV])
    first = street.without(under_way(street).flow)
    assert (street.told(first, BYGGESAG).status, still_in(first.logout)) == (PARTIAL, [ARKIV])


def test_a_logout_that_crosses_from_another_browser_tells_those_not_told_yet(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    first = street.send(street.request(BYGGESAG))
    crossed = street.send(street.request(YDELSER), browser="another")
    end = street.answer(crossed, browser="another")
    assert street.told(end, YDELSER).status == WHOLE
    assert street.told(street.answer(first), BYGGESAG).status == WHOLE


def test_a_crossed_logout_that_nobody_goes_on_with_ends_as_it_stands(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.send(street.request(BYGGESAG))
    first = under_way(street)
    street.everybody_answers(street.send(street.request(YDELSER)))
    logouts, workspace = street.rig.ports.logouts, street.rig.ports.workspace
    assert logouts.expire(workspace, NOW + minutes(10)) == 1
    ended = logouts.by_flow(workspace, first.flow)
    assert ended is not None
    assert (ended.state, still_in(ended)) == (LogoutState.COMPLETED, [])


# --- a logout that stands still


def test_the_person_goes_on_where_nobody_is_asked(street: Street) -> None:
    """The process ended after the session did, and before the browser was sent anywhere."""
    street.log_in(BYGGESAG, YDELSER, ARKIV)

    def end_of_the_process(_: bytes) -> bytes:
        raise KeyboardInterrupt

    street.lines.ends[SLO[ARKIV][0].location] = end_of_the_process
    with pytest.raises(KeyboardInterrupt):
        street.send(street.request(BYGGESAG))
    logout = under_way(street)
    assert (logout.asked, still_in(logout)) == (None, [ARKIV, YDELSER, IDP])
    refused = street.without(logout.flow, browser="another")
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "flow.unknown"
    street.answers_by_soap(ARKIV)
    outcome = street.without(logout.flow)
    assert street.whom(outcome) == YDELSER
    assert street.told(street.everybody_answers(outcome), BYGGESAG).status == WHOLE
    refused = street.without(logout.flow)
    assert isinstance(refused, RefusedLogout), "it has ended"
    assert refused.error.code == "flow.unknown"


# --- a session that a logout ended before


def late_after_a_partial_logout(street: Street) -> None:
    """Byggesag has logged out; Ydelser refused, Arkiv is down, the IdP said yes."""
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    down(street, ARKIV)
    outcome = street.answer(street.send(street.request(BYGGESAG)), status=REFUSED)
    end = street.everybody_answers(outcome)
    assert still_in(end.logout) == [ARKIV, YDELSER]


def test_a_late_logout_is_partial_while_somebody_is_still_logged_in(street: Street) -> None:
    late_after_a_partial_logout(street)
    end = street.send(street.request(YDELSER))
    assert (street.told(end, YDELSER).status, still_in(end.logout)) == (PARTIAL, [ARKIV])


def test_a_late_logout_tells_those_who_could_not_be_told_before(street: Street) -> None:
    late_after_a_partial_logout(street)
    street.answers_by_soap(ARKIV)
    end = street.send(street.request(YDELSER))
    assert (street.told(end, YDELSER).status, [leg.party for leg in end.logout.legs]) == (WHOLE, [ARKIV])
    again = street.send(street.request(BYGGESAG))
    assert (street.told(again, BYGGESAG).status, again.logout.legs) == (WHOLE, ())


def test_a_late_logout_by_the_back_channel_reaches_no_browser(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.everybody_answers(street.answer(street.send(street.request(IDP)), status=REFUSED))
    end = street.send(street.request(YDELSER, destination=SOAP_URL), binding=BINDING_SOAP)
    assert (street.told(end, YDELSER).status, still_in(end.logout)) == (PARTIAL, [BYGGESAG])


def test_a_late_logout_without_a_session_index_is_of_every_session_that_ended(street: Street) -> None:
    late_after_a_partial_logout(street)
    end = street.send(street.request(YDELSER, session_indexes=()))
    assert still_in(end.logout) == [ARKIV]


def test_an_idp_that_gave_no_session_index_is_told_too(street: Street) -> None:
    street.idp_session = None  # type: ignore[assignment]
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.answer(street.send(street.request(BYGGESAG)))
    assert street.whom(outcome) == IDP
    end = street.answer(outcome, status=REFUSED)
    assert still_in(end.logout) == [IDP]
    outcome = street.send(street.request(YDELSER))
    assert (street.whom(outcome), street.asked(outcome).session_indexes) == (IDP, ())
    assert street.told(street.answer(outcome), YDELSER).status == WHOLE
    assert street.send(street.request(BYGGESAG)).logout.legs == ()


def test_a_yes_that_was_held_back_is_none_about_a_session_that_ended_after_the_question(street: Street) -> None:
    street.idp_session = None  # type: ignore[assignment]
    street.log_in(BYGGESAG)
    held_back = street.send(street.request(BYGGESAG))
    assert street.whom(held_back) == IDP
    street.rig.session = None
    street.log_in(BYGGESAG, YDELSER, at=NOW + minutes(1))
    second = street.send(street.request(BYGGESAG), at=NOW + minutes(2))
    assert street.told(street.answer(held_back), BYGGESAG).status == WHOLE, "of the session that it was asked about"
    outcome = street.answer(second, at=NOW + minutes(2))
    assert street.whom(outcome) == IDP, "it has not been asked about the second"
    end = street.answer(outcome, at=NOW + minutes(2), status=REFUSED)
    assert (street.told(end, BYGGESAG).status, still_in(end.logout)) == (PARTIAL, [IDP])


def test_a_yes_counts_for_every_session_that_had_ended_when_it_was_asked(street: Street) -> None:
    street.idp_session = None  # type: ignore[assignment]
    street.log_in(BYGGESAG)
    first = street.request(BYGGESAG)
    street.answer(street.send(first), status=REFUSED)
    street.rig.session = None
    street.log_in(YDELSER, at=NOW + minutes(1))
    street.everybody_answers(street.send(street.request(YDELSER), at=NOW + minutes(2)))
    again = street.send(replace(first, id=street.rig.ports.ids.message_id()), at=NOW + minutes(3))
    assert (street.told(again, BYGGESAG).status, again.logout.legs) == (WHOLE, ())


@pytest.mark.parametrize("indexed", [True, False])
def test_a_late_logout_is_honest_also_where_the_name_is_the_same_at_every_system(
    street: Street, *, indexed: bool
) -> None:
    street.give_x509_names(BYGGESAG, YDELSER)
    street.log_in(BYGGESAG, YDELSER)
    late = street.request(YDELSER) if indexed else street.request(YDELSER, session_indexes=())
    street.everybody_answers(street.answer(street.send(street.request(BYGGESAG)), status=REFUSED))
    street.rig.session = None
    street.log_in(BYGGESAG)
    assert late.name_id == street.request(BYGGESAG).name_id
    end = street.send(late)
    assert street.told(end, YDELSER).status == WHOLE
    assert street.is_logged_in(), "in another session, of which Ydelser is no part"


def test_a_logout_later_than_is_remembered_is_a_success_with_such_a_name(street: Street) -> None:
    street.give_x509_names(BYGGESAG, YDELSER)
    street.log_in(BYGGESAG, YDELSER)
    late = street.request(YDELSER)
    street.everybody_answers(street.send(street.request(BYGGESAG)))
    street.rig.ports.sessions.forget(street.rig.ports.workspace, NOW + ENDED_REMEMBERED)
    street.rig.session = None
    street.log_in(BYGGESAG)
    assert street.told(street.send(late), YDELSER).status == WHOLE
    assert street.is_logged_in()


# --- a session that ended by its age


def grow_old(ports: Ports) -> None:
    assert ports.sessions.forget(ports.workspace, NOW + minutes(9 * 60)) == 1


@pytest.mark.parametrize(("party", "others"), [(BYGGESAG, [ARKIV, YDELSER, IDP]), (IDP, [ARKIV, BYGGESAG, YDELSER])])
def test_the_others_of_a_session_that_ended_by_its_age_are_told(
    street: Street, party: EntityId, others: list[EntityId]
) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    request = street.request(party)
    grow_old(street.rig.ports)
    outcome = street.send(request)
    assert street.lines.asked == [SLO[ARKIV][0].location]
    end = street.everybody_answers(outcome)
    assert [leg.party for leg in end.logout.legs] == others
    assert street.told(end, party).status == WHOLE
    assert not street.is_logged_in()


def test_they_are_named_by_what_they_were_told_and_another_browsers_session_stays(street: Street) -> None:
    rig = street.rig
    street.log_in(BYGGESAG, YDELSER)
    request, theirs = street.request(BYGGESAG), street.request(YDELSER)
    grow_old(rig.ports)
    rig.session = None
    street.idp_session = "_another-browsers"
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.send(request)
    asked = street.asked(outcome)
    assert (asked.name_id, asked.session_indexes) == (theirs.name_id, theirs.session_indexes)
    assert asked.session_indexes != street.request(YDELSER).session_indexes
    outcome = street.answer(outcome)
    assert street.asked(outcome).session_indexes == ("_session-1",)
    assert street.told(street.answer(outcome), BYGGESAG).status == WHOLE
    assert street.is_logged_in()


def test_one_of_them_that_refuses_is_named(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    request = street.request(BYGGESAG)
    grow_old(street.rig.ports)
    end = street.everybody_answers(street.answer(street.send(request), status=REFUSED))
    assert (street.told(end, BYGGESAG).status, still_in(end.logout)) == (PARTIAL, [YDELSER])


def test_a_system_that_never_took_part_ends_nothing_of_it(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    stolen = street.request(BYGGESAG, issuer=ARKIV)
    grow_old(street.rig.ports)
    outcome = street.send(stolen)
    assert outcome.logout.legs == ()
    (logout,) = street.rig.ports.logouts.ended_sessions(
        street.rig.ports.workspace, outcome.logout.initiator.kind, BYGGESAG, stolen.name_id, stolen.session_indexes
    )
    assert {name.party for name in logout.still_logged_in} == {BYGGESAG, YDELSER, IDP}
