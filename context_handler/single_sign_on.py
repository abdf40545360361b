"""Single sign-on: which session of a browser may answer a request, and which session a login leaves behind.

No level is lent: what counts is the level at which this person logged in at this IdP, put to this request's own demand, with the
registrations as they are now. docs/sessions.md holds the table, which a test reads.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from context_handler.discovery import AskForHomeIdp, Wishes
from context_handler.inbound import AnswerFromIdp
from context_handler.level import LevelDemand, is_step_up
from context_handler.ports import Ports, RegisteredIdp, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_idp, subject_of
from context_handler.prompts import HowLoggedIn, describe
from context_handler.requester import registered_idp, vouches_still
from context_handler.session import Session, SessionId, SessionKept, ends_at
from context_handler.visit import Visit, step
from oiosaml.errors import Party, SamlError
from oiosaml.messages.assertion import Assertion, read_assertion
from oiosaml.value_type import value_type
from oiosaml.verified import Verified
from oiosaml.xml.parse import parse_canonical


@value_type
class Restored:
    """A session that answers a request, with what its home IdP said of the person read anew."""

    session: Session
    idp: RegisteredIdp
    subject: Subject


def usable_sessions(handle: str | None, registry: Registry, at: datetime, ports: Ports) -> Sequence[Session]:
    """Give the sessions of a browser that could answer a request of a low enough demand, now."""
    if handle is None:
        return ()
    sessions = ports.sessions.in_browser(ports.workspace, handle)
    return tuple(session for session in sessions if _holds(session, registry, at, ports))


def with_sessions(wishes: Wishes, sessions: Sequence[Session]) -> Wishes:
    """Let the sessions of a browser decide where its person belongs, as far as only one of their IdPs may answer the request."""
    return replace(wishes, logged_in=tuple([session.idp for session in sessions])) if sessions else wishes


@step(Party.CONTEXT_HANDLER)
def find_session(
    visit: Visit, sessions: Sequence[Session], choice: RegisteredIdp | AskForHomeIdp, demand: LevelDemand, ports: Ports
) -> Restored | None:
    """A session with the chosen IdP answers if the request forces no login and the session's own level is what is demanded."""
    if isinstance(choice, AskForHomeIdp):
        visit.note(detail=f"{len(sessions)} sessions, and nothing says which")
        return None
    session = next((each for each in sessions if each.idp == choice.registration.entity_id), None)
    if session is None:
        visit.note(detail="no session with the chosen IdP")
        return None
    visit.note(party=session.idp)
    if visit.known_requester().request.force_authn:
        visit.note(detail="not asked: the system wants a new login")
        return None
    if not demand.met_by(session.level):
        visit.note(detail=f"step-up: the session is at {session.level.spoken}, demanded is {demand.named}")
        return None
    said = read_assertion(parse_canonical(session.assertion))
    types = profile_of_idp(choice).credential_types_of(visit.known_requester().request.requested_authn_context)
    if types and not all(each.authn_context_class_ref in types for each in said.authn_statements):
        visit.note(detail="not asked: the system wants another means of identification than the session was made with")
        return None
    subject = _subject_now(said, session, choice)
    if subject is None:
        visit.note(detail="the IdP may not speak for the person's organisation any more")
        return None
    if not subject.may_be_told_to(visit.known_requester().system):
        visit.note(detail="the IdP lets this login be passed on to other systems only (ProxyRestriction)")
        return None
    visit.session = session.id
    visit.note(detail=describe(subject.name_id, session.idp, ports, HowLoggedIn.FROM_SESSION))
    return Restored(session, choice, subject)


def session_of_login(
    visit: Visit,
    assertion: Verified[Assertion],
    subject: Subject,
    idp: RegisteredIdp,
    inbound: AnswerFromIdp,
    ports: Ports,
) -> tuple[Session, Session | None]:
    """Give the session that an accepted login makes, and the one with the same IdP that this browser had before."""
    statement = assertion.value.authn_statements[0]
    session = Session(
        id=SessionId(ports.ids.uuid()),
        idp=idp.registration.entity_id,
        profile=idp.registration.profile,
        name_id=subject.name_id,
        session_indexes=() if statement.session_index is None else (statement.session_index,),
        level=subject.level,
        signer=assertion.signer,
        authn_instant=statement.authn_instant,
        used_at=visit.at,
        ends_at=ends_at(
            statement.authn_instant, statement.session_not_on_or_after, at=visit.at, limits=ports.session_limits
        ),
        assertion=assertion.octets,
    )
    before = _before(session, inbound, ports)
    if before is not None and before.name_id == session.name_id:
        session = before.renewed_by(session)
    visit.session = session.id
    return session, before


@step(Party.CONTEXT_HANDLER)
def keep_session(
    visit: Visit, session: Session, before: Session | None, inbound: AnswerFromIdp, ports: Ports
) -> SessionKept:
    """The browser has a session with this IdP from here on, under a fresh handle; another person's is not mixed in."""
    login = visit.known_login()
    renews = before is not None and before.id == session.id
    how = [HowLoggedIn.AT_IDP]
    if login.idp_request_at is not None and session.authn_instant >= login.idp_request_at.replace(microsecond=0):
        how.append(HowLoggedIn.PROMPTED)
    if login.request.force_authn:
        how.append(HowLoggedIn.FORCED)
    elif renews and before is not None and is_step_up(before.level, session.level):
        how.append(HowLoggedIn.STEPPED_UP)
    visit.note(party=session.idp, detail=describe(session.name_id, session.idp, ports, *how))
    return SessionKept(
        session=session,
        participant=visit.known_participant(),
        browser=login.browser,
        handle=inbound.fresh_session,
        handle_before=inbound.session,
        renews=renews,
        displaced=before.id if before is not None and not renews else None,
    )


def _holds(session: Session, registry: Registry, at: datetime, ports: Ports) -> bool:
    """Ask the registrations of this moment: what they no longer allow, no session allows."""
    if session.is_over(at, ports.session_limits):
        return False
    try:
        idp = registered_idp(registry, session.idp, at)
    except SamlError:
        return False
    return idp.registration.may_state(session.level) and vouches_still(idp, session.profile, session.signer)


def _subject_now(said: Assertion, session: Session, idp: RegisteredIdp) -> Subject | None:
    subject = subject_of(idp, said)
    if subject.x509.cvr not in idp.registration.cvrs:
        return None
    # The level that was demanded and met. Read anew it may be a higher one: NemLog-in's is cut by what it is registered at now.
    return replace(subject, level=session.level)


def _before(session: Session, inbound: AnswerFromIdp, ports: Ports) -> Session | None:
    if inbound.session is None:
        return None
    known = ports.sessions.in_browser(ports.workspace, inbound.session)
    return next((each for each in known if each.idp == session.idp), None)
