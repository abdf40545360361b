"""A home IdP that has more than one session of a person: what it says, and what it is asked, is about the SessionIndexes that are named."""

import pytest

from tests.builders import IDP
from tests.context_handler.logout_rig import BYGGESAG, PARTIAL, REFUSED, WHOLE, YDELSER, Street


def two_sessions_at_the_idp(street: Street) -> None:
    """One session of the broker, and two visits to the IdP, which began a session of its own at each."""
    street.log_in(BYGGESAG, YDELSER)
    street.idp_session = "_session-2"
    street.log_in(YDELSER, forced=True)


def test_an_idp_that_names_one_of_its_sessions_is_asked_about_the_other(street: Street) -> None:
    two_sessions_at_the_idp(street)
    end = street.everybody_answers(street.send(street.request(IDP, session_indexes=("_session-1",))))
    assert {leg.party for leg in end.logout.legs} == {BYGGESAG, YDELSER}
    outcome = street.send(street.request(BYGGESAG))
    assert (street.whom(outcome), street.asked(outcome).session_indexes) == (IDP, ("_session-2",))
    assert street.told(street.answer(outcome), BYGGESAG).status == WHOLE
    assert street.send(street.request(YDELSER)).logout.legs == ()


def test_it_counts_as_still_logged_in_there_if_it_refuses(street: Street) -> None:
    two_sessions_at_the_idp(street)
    first = street.send(street.request(BYGGESAG))
    street.everybody_answers(street.send(street.request(IDP, session_indexes=("_session-1",))))
    outcome = street.answer(first)
    assert (street.whom(outcome), street.asked(outcome).session_indexes) == (IDP, ("_session-1", "_session-2"))
    end = street.answer(outcome, status=REFUSED)
    assert (street.told(end, BYGGESAG).status, [leg.party for leg in end.logout.still_logged_in]) == (PARTIAL, [IDP])


@pytest.mark.parametrize("named", [(), ("_session-1", "_session-2")])
def test_an_idp_that_names_all_of_them_or_none_is_logged_out_of_all(street: Street, named: tuple[str, ...]) -> None:
    two_sessions_at_the_idp(street)
    street.everybody_answers(street.send(street.request(IDP, session_indexes=named)))
    end = street.send(street.request(BYGGESAG))
    assert (street.told(end, BYGGESAG).status, end.logout.legs) == (WHOLE, ())
