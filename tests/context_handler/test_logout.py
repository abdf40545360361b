"""Single logout as it goes well and as it goes on when something does not: from a system, from the IdP, from the person."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from context_handler.asking import PostTo, RedirectTo
from context_handler.audit import audit
from context_handler.logout_answering import LoggedOut, RefusedLogout
from context_handler.logout_state import LegState, Logout, LogoutState, PartyKind
from context_handler.session import ENDED_REMEMBERED
from oiosaml.ids import EntityId
from oiosaml.messages.metadata import Endpoint
from oiosaml.messages.response import Status
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    STATUS_REQUEST_DENIED,
    STATUS_RESPONDER,
)
from tests.builders import IDP, NOW
from tests.conftest import make_member
from tests.context_handler.logout_rig import (
    ARKIV,
    BYGGESAG,
    PARTIAL,
    SLO,
    SOAP_URL,
    WHOLE,
    YDELSER,
    Street,
    minutes,
)
from tests.context_handler.rig import BROWSER, straight


def parties(legs: Any) -> set[Any]:
    return {leg.party for leg in legs}


def change_services(street: Street, party: Any, *services: Endpoint) -> None:
    registry = street.rig.registry
    for number, system in enumerate(registry.system_list):
        if system.registration.entity_id == party:
            assert system.metadata.sp is not None
            role = replace(system.metadata.sp, single_logout_services=services)
            registry.system_list[number] = replace(system, metadata=replace(system.metadata, sp=role))


def conserved(street: Street) -> bool:
    return audit(street.rig.record, street.rig.ports.workspace, NOW).conserved


# --- from a system


def test_everybody_is_told_in_order_and_the_initiator_last(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    outcome = street.send(street.request(BYGGESAG), relay_state="back")
    assert street.lines.asked == ["https://arkiv.sim.test/slo/soap"]
    assert isinstance(outcome, PostTo), "Ydelser takes POST"
    assert street.whom(outcome) == YDELSER
    outcome = street.answer(outcome)
    assert street.whom(outcome) == IDP
    outcome = street.answer(outcome)
    assert isinstance(outcome, LoggedOut)
    assert outcome.logout.state is LogoutState.COMPLETED
    answer = street.told(outcome, BYGGESAG)
    assert answer.status == WHOLE
    assert isinstance(outcome.answer, RedirectTo)
    assert "RelayState=back" in outcome.answer.url
    assert not street.is_logged_in()
    assert conserved(street)


def test_each_participant_is_named_by_what_it_was_told(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    asked = street.asked(street.send(street.request(BYGGESAG)))
    subject, statement = street.tokens[YDELSER].subject, street.tokens[YDELSER].authn_statements[0]
    assert subject is not None
    assert (asked.name_id, asked.session_indexes) == (subject.name_id, (statement.session_index,))
    assert asked.not_on_or_after == NOW + minutes(5)


def test_every_step_is_one_event(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert street.steps(end.logout.flow) == [
        "open_logout_request", "vouch_for_participant", "check_logout_request", "find_sessions_to_end", "end_sessions",
        "ask_by_back_channel", "ask_back_channels", "ask_participant",
        "resume_logout", "take_answer", "ask_participant",
        "resume_logout", "take_answer", "answer_initiator",
    ]  # fmt: skip


NEW_HOME = Endpoint(BINDING_REDIRECT, "https://new.sim.test/slo")


def moves_while_arkiv_is_asked(street: Street, party: EntityId) -> None:
    """A participant takes its logout messages elsewhere from then on: the next view of the registry is another one."""
    rig, url = street.rig, SLO[ARKIV][0].location
    answer = street.lines.ends[url]
    views = [rig.registry]
    object.__setattr__(rig.ports, "registry", lambda: views[-1])

    def move_and_answer(envelope: bytes) -> bytes:
        rig.registry = replace(rig.registry, system_list=list(rig.registry.system_list))
        change_services(street, party, NEW_HOME)
        views.append(rig.registry)
        return answer(envelope)

    street.lines.ends[url] = move_and_answer


def test_a_participant_is_not_asked_where_it_was_before_the_back_channels_were(street: Street) -> None:
    """A question names the person, and must not go to an address that was given up."""
    street.log_in(BYGGESAG, YDELSER, ARKIV)
    moves_while_arkiv_is_asked(street, YDELSER)
    assert street.asked(street.send(street.request(BYGGESAG))).destination == NEW_HOME.location


def test_the_initiator_is_not_answered_where_it_was_before_the_back_channels_were_asked(street: Street) -> None:
    street.log_in(BYGGESAG, ARKIV)
    idp = street.rig.registry.idp_list[0]
    assert idp.metadata.idp is not None
    silent = replace(idp.metadata, idp=replace(idp.metadata.idp, single_logout_services=()))
    street.rig.registry.idp_list[0] = replace(idp, metadata=silent)
    moves_while_arkiv_is_asked(street, BYGGESAG)
    assert street.told(street.send(street.request(BYGGESAG)), BYGGESAG).destination == NEW_HOME.location


@pytest.mark.parametrize("system", [BYGGESAG, YDELSER], ids=["redirect", "post"])
def test_the_record_has_a_question_by_browser_as_it_goes_over_the_wire(street: Street, system: EntityId) -> None:
    street.log_in(system)
    asked = street.click()
    assert street.whom(asked) == system
    flow = street.everybody_answers(asked).logout.flow
    events = street.rig.record.events_of(street.rig.ports.workspace, flow)
    octets = next(event.octets_out for event in events if (event.step, event.party) == ("ask_participant", system))
    sent = asked.url if isinstance(asked, RedirectTo) else urlencode(asked.form.fields)
    assert octets == sent.encode()


@pytest.mark.parametrize("binding", [BINDING_REDIRECT, BINDING_POST])
def test_a_system_begins_by_redirect_or_post_and_is_answered_at_its_response_location(
    street: Street, binding: str
) -> None:
    street.log_in(YDELSER)
    end = street.everybody_answers(street.send(street.request(YDELSER), binding=binding))
    assert street.told(end, YDELSER).destination == "https://ydelser.sim.test/slo/answer"


def test_by_the_back_channel_only_back_channels_are_reached_and_the_rest_is_partial(street: Street) -> None:
    street.log_in(BYGGESAG, ARKIV)
    end = street.send(street.request(BYGGESAG, destination=SOAP_URL), binding=BINDING_SOAP)
    assert street.told(end, BYGGESAG).status == PARTIAL
    assert parties(end.logout.still_logged_in) == {IDP}
    assert not street.is_logged_in()


def test_the_session_ends_first_whatever_becomes_of_the_rest(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.send(street.request(BYGGESAG))
    assert not street.is_logged_in()


# --- from the IdP and from the person


def test_the_idp_begins_and_is_answered_after_the_systems(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.send(street.request(IDP))
    assert street.whom(outcome) == BYGGESAG
    end = street.everybody_answers(outcome)
    assert street.told(end, IDP).status == WHOLE
    assert street.told(end, IDP).issuer == street.rig.ports.entity_id_towards_idps
    assert not street.is_logged_in()


def test_the_person_logs_out_on_our_own_page(street: Street) -> None:
    street.log_in(BYGGESAG, ARKIV)
    end = street.everybody_answers(street.click())
    assert (end.logout.state, end.answer) == (LogoutState.COMPLETED, None)
    assert parties(end.logout.legs) == {BYGGESAG, ARKIV, IDP}
    assert not street.is_logged_in()


def test_a_person_without_a_session_is_logged_out_at_once(street: Street) -> None:
    end = street.click()
    assert isinstance(end, LoggedOut)
    assert end.logout.state is LogoutState.COMPLETED


# --- SLO-06: one participant does not do as it should; the logout goes on


def test_slo_06_a_participant_that_refuses_is_named(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.answer(
        street.send(street.request(BYGGESAG)), status=Status(STATUS_RESPONDER, STATUS_REQUEST_DENIED)
    )
    end = street.everybody_answers(outcome)
    assert parties(end.logout.still_logged_in) == {YDELSER}
    assert street.told(end, BYGGESAG).status == PARTIAL
    assert end.logout.state is LogoutState.PARTIAL
    assert conserved(street)


def test_slo_06_a_partial_answer_is_no_whole_one(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    end = street.everybody_answers(street.answer(street.send(street.request(BYGGESAG)), status=PARTIAL))
    assert parties(end.logout.still_logged_in) == {YDELSER}


def test_slo_06_a_wrong_signature_is_not_believed_and_the_logout_goes_on(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    outcome = street.answer(street.send(street.request(BYGGESAG)), signer=make_member("nobody"))
    assert street.whom(outcome) == IDP
    end = street.everybody_answers(outcome)
    assert parties(end.logout.still_logged_in) == {YDELSER}
    codes = [event.code for event in street.rig.record.events_of(street.rig.ports.workspace, end.logout.flow)]
    assert "sig.key" in codes or "sig.value" in codes


@pytest.mark.parametrize("what", ["down", "forged", "fault"])
def test_slo_06_a_back_channel_that_fails_is_named(street: Street, what: str) -> None:
    street.log_in(BYGGESAG, ARKIV)
    if what == "down":
        street.lines.ends.clear()
    elif what == "forged":
        street.answers_by_soap(ARKIV, signer=make_member("nobody"))
    else:
        street.lines.ends["https://arkiv.sim.test/slo/soap"] = lambda _: b"<a/>"
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert parties(end.logout.still_logged_in) == {ARKIV}


def test_slo_06_a_participant_without_any_endpoint_is_named(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    change_services(street, YDELSER)
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert parties(end.logout.still_logged_in) == {YDELSER}


def test_slo_06_a_participant_taken_out_of_the_registry_is_named(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    del street.rig.registry.system_list[1]
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert parties(end.logout.still_logged_in) == {YDELSER}


def test_slo_06_the_person_goes_on_without_a_participant_that_never_sent_the_browser_back(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    stranded = street.send(street.request(BYGGESAG))
    (logout,) = street.rig.ports.logouts.under_way(street.rig.ports.workspace, BROWSER)
    assert logout.asked is not None
    assert logout.asked.party == YDELSER
    outcome = street.without(logout.flow)
    assert street.whom(outcome) == IDP
    end = street.everybody_answers(outcome)
    assert parties(end.logout.still_logged_in) == {YDELSER}
    late = street.answer(stranded)
    assert isinstance(late, RefusedLogout)
    assert late.error.code == "slo.unsolicited"


def test_another_browser_cannot_go_on_with_it(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.send(street.request(BYGGESAG))
    (logout,) = street.rig.ports.logouts.under_way(street.rig.ports.workspace, BROWSER)
    refused = street.without(logout.flow, browser="somebody else's")
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "flow.unknown" and refused.error.detail.endswith(
        "cookie it was given with our first answer, which a client must keep and send"
    )


def test_a_logout_that_takes_too_long_ends_as_partial(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.send(street.request(BYGGESAG))
    logouts, workspace = street.rig.ports.logouts, street.rig.ports.workspace
    assert logouts.expire(workspace, NOW + minutes(9)) == 0
    assert logouts.expire(workspace, NOW + minutes(10)) == 1
    counts = street.rig.record.logout_counts(workspace)
    assert (counts.partial, counts.under_way, counts.conserved) == (1, 0, True)


# --- the sender's own session under another name: it goes on, so no success


@pytest.mark.parametrize(
    "changes",
    [{"sp_name_qualifier": None}, {"name_qualifier": None}, {"format": None}, {"value": "somebody"}],
    ids=["no SPNameQualifier", "no NameQualifier", "no Format", "another value"],
)
def test_a_session_under_another_name_than_it_has_there_is_refused(street: Street, changes: dict[str, Any]) -> None:
    street.log_in(BYGGESAG, YDELSER)
    request = street.request(BYGGESAG)
    outcome = street.send(replace(request, name_id=replace(request.name_id, **changes)))
    assert isinstance(outcome, RefusedLogout)
    assert outcome.error.code == "slo.denied"
    got, expected = outcome.error.detail.split(", expected ")
    (name, value), *_ = changes.items()
    assert repr(value) in got
    assert repr(getattr(request.name_id, name)) in expected
    assert street.is_logged_in()
    end = street.everybody_answers(street.send(street.request(BYGGESAG)))
    assert street.told(end, BYGGESAG).status == WHOLE
    assert conserved(street)


def test_nor_does_an_older_name_do_once_the_system_was_given_one_of_another_format(street: Street) -> None:
    street.log_in(BYGGESAG)
    before = street.request(BYGGESAG)
    street.give_x509_names(BYGGESAG)
    street.log_in(BYGGESAG)
    refused = street.send(before)
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "slo.denied"
    assert street.is_logged_in()
    assert street.told(street.everybody_answers(street.send(street.request(BYGGESAG))), BYGGESAG).status == WHOLE


def test_a_second_session_index_under_another_name_ends_neither_session(street: Street) -> None:
    """One NameID for two sessions that have two: half of it would be done, and said to be whole."""
    street.log_in(BYGGESAG)
    first = street.request(BYGGESAG)
    street.rig.session = None
    street.give_x509_names(BYGGESAG)
    street.log_in(BYGGESAG)
    second = street.request(BYGGESAG)
    assert second.name_id != first.name_id
    refused = street.send(replace(second, session_indexes=(*first.session_indexes, *second.session_indexes)))
    assert isinstance(refused, RefusedLogout)
    assert refused.error.code == "slo.denied"
    assert street.is_logged_in()


def test_an_idps_small_session_index_serves_many_people(street: Street) -> None:
    """SAML Core 2.7.2 has it so: the index of somebody else's open session is no mistake in a late logout."""
    street.idp_session = "1"
    street.log_in(BYGGESAG)
    end = street.send(street.request(IDP, name_id=replace(street.request(IDP).name_id, value="long gone")))
    assert (street.told(end, IDP).status, end.logout.legs) == (WHOLE, ())
    assert street.is_logged_in()


# --- sessions that are gone; those that somebody is still in stand in test_late_logouts.py


def test_a_session_that_has_expired_is_logged_out_all_the_same(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    at = NOW + minutes(90)
    request = street.request(BYGGESAG, issue_instant=at, not_on_or_after=at + minutes(5))
    assert street.whom(street.send(request, at=at)) == YDELSER


@pytest.mark.parametrize("party", [BYGGESAG, IDP])
def test_a_session_that_is_gone_is_a_success_and_another_browsers_session_stays(
    street: Street, party: EntityId
) -> None:
    rig = street.rig
    street.log_in(BYGGESAG)
    request = street.request(party)
    street.everybody_answers(street.click())
    rig.session = None
    street.idp_session = "_another-browsers"
    street.log_in(BYGGESAG)
    assert not set(request.session_indexes) & set(street.request(party).session_indexes)
    end = street.send(request)
    assert street.told(end, party).status == WHOLE
    assert end.logout.legs == ()
    assert street.is_logged_in()


def test_the_end_of_a_session_is_remembered_for_a_day(street: Street) -> None:
    rig = street.rig
    street.log_in(BYGGESAG)
    request = street.request(BYGGESAG)
    street.everybody_answers(street.click())
    rig.session = None
    street.log_in(BYGGESAG)
    rig.ports.sessions.forget(rig.ports.workspace, NOW + ENDED_REMEMBERED - minutes(1))
    logouts, where = rig.ports.logouts, (rig.ports.workspace, PartyKind.SYSTEM)
    names = (request.name_id, request.session_indexes)
    (ended,) = logouts.ended_sessions(*where, BYGGESAG, *names)
    assert (ended.session_indexes, ended.still_logged_in) == (request.session_indexes, ())
    assert ended in logouts.ended_sessions(*where, BYGGESAG, request.name_id, ())
    assert logouts.ended_sessions(*where, BYGGESAG, request.name_id, ("_never-was",)) == ()
    assert logouts.ended_sessions(*where, YDELSER, *names) == ()
    assert logouts.ended_sessions(where[0], PartyKind.HOME_IDP, BYGGESAG, *names) == ()
    rig.ports.sessions.forget(rig.ports.workspace, NOW + ENDED_REMEMBERED)
    assert logouts.ended_sessions(*where, BYGGESAG, *names) == ()


def test_the_same_page_loaded_again_goes_on_and_ends_nothing_twice(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    request = street.request(BYGGESAG)
    street.send(request)
    again = street.send(request)
    assert isinstance(again, RefusedLogout)
    assert (again.error.code, again.goes_on_as is not None) == ("proto.replay", True)
    elsewhere = street.send(request, browser="somebody else's")
    assert elsewhere.goes_on_as is None
    assert conserved(street)


# --- R4: logout while a login is under way


def test_no_session_outlives_a_logout_by_a_login_that_was_under_way(street: Street) -> None:
    street.log_in(BYGGESAG)
    rig = street.rig
    question = rig.question_in(rig.begin_with(rig.query_of(rig.request(force_authn=True))))  # type: ignore[arg-type]
    street.everybody_answers(street.send(street.request(BYGGESAG)))
    late = straight(rig.finish(rig.honest_answer(question)))
    assert not isinstance(late, PostTo | RedirectTo)
    assert not street.is_logged_in()
    assert rig.counts().conserved
    assert conserved(street)


def test_a_login_begun_after_the_logout_gets_a_session_of_its_own(street: Street) -> None:
    street.log_in(BYGGESAG)
    street.everybody_answers(street.click())
    street.log_in(BYGGESAG)
    assert street.is_logged_in()


def test_another_person_of_the_same_idp_is_not_logged_out_along(street: Street) -> None:
    """The first person's session lost its handle, and the systems of it can still be logged out of."""
    street.log_in(BYGGESAG)
    first = street.request(BYGGESAG)
    street.rig.session = None
    street.log_in(BYGGESAG)
    street.everybody_answers(street.send(first))
    assert street.is_logged_in()


def test_a_logout_comes_back_from_the_store_as_it_was(street: Street) -> None:
    street.log_in(BYGGESAG, YDELSER)
    street.send(street.request(BYGGESAG), relay_state="tilbage")
    (logout,) = street.rig.ports.logouts.under_way(street.rig.ports.workspace, BROWSER)
    assert isinstance(logout, Logout)
    assert logout.initiator.relay_state == "tilbage"
    assert [leg.state for leg in logout.legs] == [LegState.ASKED, LegState.WAITING]
