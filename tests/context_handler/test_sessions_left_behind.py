"""Sessions that a browser left behind to another person: it logs out of them, and no more. An overwritten tab's is not among them."""

from collections.abc import Sequence

import pytest

from oiosaml.ids import EntityId
from tests.builders import ANE_HOLM, IDP, NOW
from tests.context_handler.logout_rig import ARKIV, BYGGESAG, YDELSER, Street, make_street, minutes
from tests.context_handler.rig import Rig
from tests.context_handler.session_rig import SOMEBODY_ELSE


@pytest.fixture
def street(rig: Rig) -> Street:
    return make_street(rig)


def shown(street: Street, handle: str | None = None) -> Sequence[tuple[bool, list[EntityId]]]:
    """What the page shows to a browser: which sessions were left behind, and their systems."""
    rig = street.rig
    found = rig.ports.logouts.sessions_of_browser(rig.ports.workspace, handle or rig.session or "")
    return sorted((each.left_behind, [participant.system for participant in each.participants]) for each in found)


def change_of_person(street: Street) -> None:
    """Ane Holm at Byggesag; then, in the same browser, somebody else at Ydelser."""
    street.log_in(BYGGESAG)
    street.person, street.idp_session = SOMEBODY_ELSE, "_session-2"
    street.log_in(YDELSER, forced=True)


def two_tabs(street: Street) -> tuple[str, str]:
    """Both are sent to the IdP before either comes back; the second cookie takes the first one's place. The handles of both."""
    rig = street.rig
    first, second = street.begin(BYGGESAG), street.begin(YDELSER)
    street.finish(BYGGESAG, first)
    first_handle, rig.session = rig.session, None
    street.idp_session = "_session-2"
    street.finish(YDELSER, second)
    assert first_handle
    assert rig.session
    return first_handle, rig.session


def test_the_page_shows_the_session_of_the_person_before(street: Street) -> None:
    change_of_person(street)
    assert shown(street) == [(False, [YDELSER]), (True, [BYGGESAG])]


def test_one_click_ends_it_and_tells_everybody(street: Street) -> None:
    change_of_person(street)
    first, second = street.tokens[BYGGESAG].subject, street.tokens[YDELSER].subject
    assert first is not None
    assert second is not None
    end = street.everybody_answers(street.click())
    assert {(leg.party, leg.name_id) for leg in end.logout.legs} == {
        (BYGGESAG, first.name_id),
        (YDELSER, second.name_id),
        (IDP, ANE_HOLM),
        (IDP, SOMEBODY_ELSE),
    }
    assert not end.logout.still_logged_in
    assert shown(street) == []
    again = street.send(street.request(BYGGESAG))
    assert again.logout.legs == ()


def test_it_never_answers_a_login_again(street: Street) -> None:
    change_of_person(street)
    (session,) = street.rig.ports.sessions.in_browser(street.rig.ports.workspace, street.rig.session or "")
    assert session.name_id == SOMEBODY_ELSE
    street.everybody_answers(street.send(street.request(YDELSER)))
    assert shown(street) == [(True, [BYGGESAG])], "Ydelser's logout is not about it"
    assert not street.is_logged_in()


def test_it_stays_with_the_browser_when_the_cookie_changes(street: Street) -> None:
    change_of_person(street)
    before = street.rig.session
    street.log_in(YDELSER, forced=True)
    assert street.rig.session != before
    assert shown(street) == [(False, [YDELSER]), (True, [BYGGESAG])]
    assert shown(street, before) == []


def test_who_comes_back_has_a_session_of_their_own_beside_it(street: Street) -> None:
    change_of_person(street)
    street.person, street.idp_session = ANE_HOLM, "_session-3"
    street.log_in(ARKIV, forced=True)
    assert shown(street) == [(False, [ARKIV]), (True, [BYGGESAG]), (True, [YDELSER])]


def test_another_browser_sees_none_of_it(street: Street) -> None:
    change_of_person(street)
    street.rig.session = None
    street.person = ANE_HOLM
    street.log_in(BYGGESAG, at=NOW + minutes(1))
    assert shown(street) == [(False, [BYGGESAG])]


def test_the_session_of_a_tab_whose_cookie_was_overwritten_ends_by_its_systems_own_logout(street: Street) -> None:
    first, _ = two_tabs(street)
    end = street.everybody_answers(street.click())
    assert {leg.party for leg in end.logout.legs} == {YDELSER, IDP}
    assert shown(street, first) == [(False, [BYGGESAG])]
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert [leg.session_indexes for leg in end.logout.legs] == [("_session-1",)]
    assert shown(street, first) == []


def test_neither_of_two_tabs_sees_the_others_session(street: Street) -> None:
    first, second = two_tabs(street)
    assert (shown(street, first), shown(street, second)) == ([(False, [BYGGESAG])], [(False, [YDELSER])])


def test_whoever_shares_the_transaction_cookie_sees_nobody_elses_session_web_03(street: Street) -> None:
    """The cookie is planted or copied; the victim logs in while a login of the attacker's, begun before, waits for its end."""
    rig = street.rig
    waiting = street.begin(BYGGESAG)
    street.log_in(YDELSER, at=NOW + minutes(1))
    victim, rig.session = rig.session, None
    street.person, street.idp_session = SOMEBODY_ELSE, "_session-2"
    street.finish(BYGGESAG, waiting, NOW + minutes(2))
    assert shown(street) == [(False, [BYGGESAG])]
    end = street.everybody_answers(street.click(at=NOW + minutes(3)))
    assert [(leg.party, leg.name_id) for leg in end.logout.legs if leg.party == IDP] == [(IDP, SOMEBODY_ELSE)]
    assert shown(street, victim) == [(False, [YDELSER])]
