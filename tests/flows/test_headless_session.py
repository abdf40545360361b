"""One person over several systems without a window, as the other tests and trainers' scripts use it."""

import pytest

from nsis_sim.headless_login import PERSONA_HEADER
from nsis_sim.headless_session import HeadlessSession, NotOnPageError
from tests.flows.street import entity_id, heading

KORSBAEK = "korsbaek"


@pytest.fixture
def ane(street):
    with street.browser(**{PERSONA_HEADER: "ane-holm"}) as browser:
        yield HeadlessSession(browser, street.topology, entity_id(street, "idps", KORSBAEK))


def test_logs_in_at_one_and_goes_on_to_the_next(ane):
    assert heading(ane.log_in("byggesag")) == "Du er logget ind"
    assert heading(ane.log_in("ydelser")) == "Du er logget ind"
    assert ane.is_logged_in("byggesag")
    assert ane.is_logged_in("ydelser")
    assert ane.is_logged_in_at_idp(KORSBAEK)


def test_whoever_is_not_logged_in_has_nothing_to_press(ane):
    assert not ane.is_logged_in("byggesag")
    with pytest.raises(NotOnPageError, match="/logout: nobody is logged in there"):
        ane.log_out("byggesag")
