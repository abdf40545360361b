"""What a refusal becomes: what is written down, and whether the system is told (context-handler section 11, invariants I2 and I3)."""

from dataclasses import dataclass, replace
from datetime import datetime

from context_handler import issue
from context_handler.events import EventOutcome
from context_handler.login_state import LoginState, PendingLogin
from context_handler.ports import AnswerUsedError, Ports
from context_handler.session import (
    LOOP_ANSWERS,
    LOOP_WINDOW,
    AnsweredTooOftenError,
    SessionEndedError,
    SessionKept,
    SessionUsed,
)
from context_handler.visit import Visit
from oiosaml.bindings.post import PostForm
from oiosaml.errors import Party, SamlError, UpstreamRefusal
from oiosaml.ids import EntityId, FlowId
from oiosaml.messages.response import Status
from oiosaml.uris import STATUS_REQUESTER, STATUS_RESPONDER

WITHOUT_PAGE = frozenset({"proto.cancelled", "proto.no-passive"})
"""Refusals that need no explaining: the person cancelled, or the system asked for no pages."""


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A visit that ended in a refusal."""

    error: SamlError
    flow: FlowId
    step: str
    system: EntityId | None
    answer: PostForm | None
    """The signed refusal for the system; None if the system must not or cannot be told."""
    at_once: bool
    """Whether the answer goes without a page of ours in between."""
    refused_by: EntityId | None = None
    """The home IdP, if it was the one that refused the person. One that would only have had to show a page refused nobody."""


def complete_login(visit: Visit, kept: SessionKept, ports: Ports) -> None:
    """Write down that the login succeeded, and the session it leaves. It ends once: if it ended meanwhile, no token leaves.

    Raises:
        SamlError: `flow.expired` if it took too long, `flow.logged-out` if the person logged out meanwhile, `proto.replay` if the answer in
            hand was used before.
    """
    try:
        ports.sessions.complete(ports.workspace, visit.flow, kept, tuple(visit.events), visit.in_hand)
    except AnswerUsedError as error:
        if visit.in_hand is not None:
            raise _used_before(visit, error) from error
        raise SamlError("flow.expired", "the login ended while it was finished", party=Party.USER) from error
    except SessionEndedError as error:
        raise _logged_out() from error
    visit.take_events()
    visit.in_hand = None


def use_up_answer(visit: Visit, ports: Ports) -> None:
    """Write down that the answer in hand is used up, before anybody is asked because of it. There is none where a session answers.

    Raises:
        SamlError: `proto.replay` if it was before.
    """
    if visit.in_hand is None:
        return
    try:
        ports.store.accept_answer(ports.workspace, visit.in_hand)
    except AnswerUsedError as error:
        raise _used_before(visit, error) from error
    visit.in_hand = None


def _used_before(visit: Visit, error: AnswerUsedError) -> SamlError:
    """Refuse a replay, which ends nothing (invariant I3)."""
    visit.put_answer_back()
    return SamlError("proto.replay", f"got an answer that was used before: {error}", party=Party.HOME_IDP)


def complete_from_session(visit: Visit, login: PendingLogin, idp: EntityId, handle: str | None, ports: Ports) -> None:
    """Write down that a session answered the login.

    Raises:
        SamlError: `req.replay` if the request was used before, `flow.expired` if the login ended meanwhile, `flow.logged-out` if the
            session did, `req.loop` if it has answered this system too often of late.
    """
    done = replace(login, state=LoginState.COMPLETED, idp=idp) if visit.pending is None else login
    used = SessionUsed(visit.known_session(), handle or "", visit.known_participant(), visit.at)
    try:
        ports.sessions.answer(ports.workspace, done, used, tuple(visit.events))
    except AnswerUsedError as error:
        if error.replay:
            raise SamlError(
                "req.replay", f"got the request ID {login.request.id!r:.120} a second time", party=Party.SYSTEM
            ) from error
        visit.ends_if_refused = False
        raise SamlError("flow.expired", "the login ended while it was finished", party=Party.USER) from error
    except SessionEndedError as error:
        raise _logged_out() from error
    except AnsweredTooOftenError as error:
        raise SamlError(
            "req.loop:session",
            f"got request {LOOP_ANSWERS + 1} of this browser within {LOOP_WINDOW.seconds} s, each answered from its session",
            party=Party.SYSTEM,
        ) from error
    visit.take_events()


def _logged_out() -> SamlError:
    return SamlError("flow.logged-out", "the session was ended while the login went on", party=Party.USER)


def refuse_login(visit: Visit, error: SamlError, ports: Ports) -> RefusedLogin:
    """End the visit: write down the refusal, and compose the system's answer where it may have one.

    A system is answered once its request was vouched for and the flow is over. A message that failed authentication is written down and
    ends nothing, so that the honest answer can still come; nor does a choice that was not offered, since the person may choose again.

    Raises:
        SamlError: `web.unavailable` if the store cannot be used: nothing is written, nobody but the person is told, and the login stays
            where it was.
    """
    if error.code == "web.unavailable":
        raise error
    # Most refusals are a step's own event already; one raised between steps, such as a request sent twice, becomes this step's.
    said = any(event.outcome is EventOutcome.REFUSED for event in visit.events)
    step = visit.events[-1].step if said else "refuse_login"
    is_over = visit.pending is None or visit.ends_if_refused
    answer = None
    if is_over and visit.requester is not None:
        octets = issue.refuse(status_of(error), visit.requester, at=visit.at, ports=ports)
        visit.note(party=visit.requester.system, octets_out=octets)
        answer = issue.answer_form(octets, visit.requester)
    if answer is not None or not said:
        visit.record("refuse_login", None if said else error)
    try:
        _write_down(visit, error, ports)
    except AnswerUsedError as used:
        return _refuse_replay(visit, used, ports)
    passive = visit.requester is not None and visit.requester.request.is_passive
    # An answer that goes at once would keep a system that bounces bouncing (attack REQ-13).
    at_once = answer is not None and error.code != "req.loop" and (passive or error.code in WITHOUT_PAGE)
    system = visit.requester.system if visit.requester else None
    idp = visit.pending.idp if visit.pending is not None and isinstance(error, UpstreamRefusal) else None
    refused_by = None if error.code == "proto.no-passive" else idp
    return RefusedLogin(error, visit.flow, step, system, answer, at_once, refused_by)


def refuse_unread(error: SamlError, at: datetime, ports: Ports) -> RefusedLogin:
    """End the visit of a message that was too long to be read: nothing of it is known, but that it came is written down (invariant I4)."""
    return refuse_login(Visit(FlowId(ports.ids.uuid()), at), error, ports)


def _refuse_replay(visit: Visit, used: AnswerUsedError, ports: Ports) -> RefusedLogin:
    """An answer that was used before is a replay, whatever else is wrong with it: what was composed for the system stays here."""
    error = _used_before(visit, used)
    visit.events = [event for event in visit.events if event.step != "refuse_login"]
    visit.record("refuse_login", error)
    ports.store.record(ports.workspace, visit.take_refused_events())
    return RefusedLogin(
        error,
        visit.flow,
        "refuse_login",
        visit.requester.system if visit.requester else None,
        answer=None,
        at_once=False,
    )


def _write_down(visit: Visit, error: SamlError, ports: Ports) -> None:
    """Write the refusal and what it ends.

    Raises:
        AnswerUsedError: if the answer in hand was used before; then nothing was written.
    """
    events = visit.take_refused_events()
    if visit.pending is None:
        ports.store.refuse_unstarted(ports.workspace, visit.flow, visit.at, error.code, events)
        return
    end = LoginState.REFUSED if visit.ends_if_refused else LoginState.EXPIRED if error.code == "flow.expired" else None
    if end is not None:
        try:
            ports.store.finish(ports.workspace, visit.flow, end, error.code, events, visit.in_hand)
            return
        except AnswerUsedError:
            if visit.in_hand is not None:
                visit.events = list(events)
                raise
            # else the flow was swept up as expired meanwhile: it has its outcome, and keeps it
    ports.store.record(ports.workspace, events)


def status_of(error: SamlError) -> Status:
    """Say a refusal in SAML: `Requester` if the system's own request is at fault, else `Responder`; the IdP's own second code passed on."""
    top = STATUS_REQUESTER if error.party is Party.SYSTEM else STATUS_RESPONDER
    second = error.refusal.second_status
    if isinstance(error, UpstreamRefusal) and error.second_code is not None:
        second = error.second_code
    return Status(top, second, f"{error.code}: {error.sentence('en')}")
