"""The story of a login at a municipality's IdP. The browser comes once, and once more if the person had to be asked.

Before the request is verified nothing is ever sent to the Context Handler: a refusal is raised and becomes our own page.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from federation.person import Person
from idp_mock.answer import NO_PASSIVE, REFUSAL_STATUS, answer_with_session, answer_with_status
from idp_mock.asked import AskedFor, what_was_asked
from idp_mock.inbound import Choice, InboundRequest, LookAgain, PickedPerson, Refusal, Visitor
from idp_mock.ports import Ports
from idp_mock.request import OpenedRequest, check_on_arrival, check_on_return, open_request
from idp_mock.sessions import IdpSession
from idp_mock.token import name_id_of
from oiosaml.bindings.post import PostForm
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Ask the person who they are."""

    inbound: InboundRequest
    asked: AskedFor
    session: IdpSession | None = None
    """Who is logged in already, though their session does not answer what was asked."""
    wrong_password_for: str | None = None
    """The user name that came with a wrong password; None on the first showing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the Context Handler, and the session that the browser has from now on; None leaves it as it is."""

    form: PostForm
    session: IdpSession | None = None


def begin_login(inbound: InboundRequest, visitor: Visitor, *, at: datetime, ports: Ports) -> LoginPage | Answer:
    """The Context Handler sends a person; answer from their session if it will do, else show the login page.

    A named persona stands for somebody who logs in without a page, so it answers a passive request too (our choice).

    Raises:
        SamlError: if the request is not the Context Handler's, breaks a rule, or the persona is unknown. Nothing is sent then.
    """
    opened = open_request(inbound, ports)
    acs_url = check_on_arrival(opened, at=at, ports=ports)
    asked = what_was_asked(opened.verified, ports)
    held = ports.sessions.of(visitor.session_handle, at=at)
    session = _of_who_is_known(held, ports)
    if visitor.named is not None:
        person = ports.people.named(visitor.named.person_id)
        if session is None or session.person.id != person.id or not asked.answered_by(session):
            return _log_in(person, visitor.named.level, held, opened, acs_url, at=at, ports=ports)
    if session is not None and asked.answered_by(session):
        return Answer(answer_with_session(session, opened, acs_url, at=at, ports=ports))
    if asked.is_passive:
        return Answer(answer_with_status(NO_PASSIVE, opened, acs_url, at=at, ports=ports))
    return LoginPage(inbound, asked, session)


def finish_login(
    inbound: InboundRequest, choice: Choice, visitor: Visitor, *, at: datetime, ports: Ports
) -> LoginPage | Answer:
    """The person has chosen on the login page; send the answer, or the page once more if the password was wrong or it is to be read anew.

    Raises:
        SamlError: as `begin_login`, and `flow.expired` if the page was looked at for too long.
    """
    opened = open_request(inbound, ports)
    acs_url = check_on_return(opened, at=at, ports=ports)
    session = ports.sessions.of(visitor.session_handle, at=at)
    if isinstance(choice, LookAgain):
        return LoginPage(inbound, what_was_asked(opened.verified, ports), session, choice.wrong_password_for)
    if isinstance(choice, Refusal):
        return Answer(answer_with_status(REFUSAL_STATUS[choice], opened, acs_url, at=at, ports=ports))
    if isinstance(choice, PickedPerson):
        person = ports.people.named(choice.person_id)
        return _log_in(person, choice.level, session, opened, acs_url, at=at, ports=ports)
    known = ports.people.with_password(choice.username, choice.password)
    if known is None:
        asked = what_was_asked(opened.verified, ports)
        return LoginPage(inbound, asked, session, wrong_password_for=choice.username)
    return _log_in(known, choice.level, session, opened, acs_url, at=at, ports=ports)


def _of_who_is_known(session: IdpSession | None, ports: Ports) -> IdpSession | None:
    """Give a session with what is known of its person now; None if its NameID names nobody here any more, who then logs in anew."""
    person = None if session is None else ports.people.find(session.person.id)
    if session is None or person is None or name_id_of(person, ports.idp) != session.name_id:
        return None
    return replace(session, person=person)


def _log_in(
    person: Person,
    level: AssuranceLevel | None,
    previous: IdpSession | None,
    opened: OpenedRequest,
    acs_url: str,
    *,
    at: datetime,
    ports: Ports,
) -> Answer:
    session = ports.sessions.begin(
        person, name_id_of(person, ports.idp), level_reached(person, level), previous=previous, at=at
    )
    return Answer(answer_with_session(session, opened, acs_url, at=at, ports=ports), session)


def level_reached(person: Person, wanted: AssuranceLevel | None) -> StatedLevel:
    """Give the level of a login: as high as the person can, or lower if wanted. Who has no NSIS level stays on the ladder of NIST."""
    if wanted is None:
        return person.stated_level
    if person.level is not None:
        return min(wanted, person.level)
    return min(NistLevel.counterpart_of(wanted), person.nist_level)
