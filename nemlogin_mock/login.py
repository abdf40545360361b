"""The story of a login at NemLog-in. The browser comes once, and once more when the person has chosen.

Before the request is verified nothing is ever sent to the client: a refusal is raised and becomes our own page.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from federation.nemlogin import NemLogInIdentity
from nemlogin_mock.answer import NO_PASSIVE, REFUSAL_STATUS, answer_with_status, seal
from nemlogin_mock.asked import AskedFor, what_was_asked
from nemlogin_mock.inbound import Choice, InboundRequest, LookAgain, PickedIdentity, Refusal, Visitor
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import OpenedRequest, open_on_arrival, open_on_return
from nemlogin_mock.scenarios import BY_ID, Twist
from nemlogin_mock.sessions import LocalLogin, NemLogInSession
from nemlogin_mock.token import compose_assertion
from nemlogin_mock.twists import alter, twist
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.bindings.post import PostForm
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.element import serialise
from oiosaml.xml.sign import sign_enveloped


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Ask the person who they are."""

    inbound: InboundRequest
    asked: AskedFor
    session: NemLogInSession | None = None
    """Who is logged in already, though their session does not answer what was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client, and the session that the browser has from now on; None leaves it as it is."""

    form: PostForm
    session: NemLogInSession | None = None


def begin_login(inbound: InboundRequest, visitor: Visitor, *, at: datetime, ports: Ports) -> LoginPage | Answer:
    """A client sends a person; answer from their session if it will do, else show the login page.

    A named identity stands for somebody who logs in without a page, so it answers a passive request too (our choice).

    Raises:
        SamlError: if the client is not connected, its request breaks a rule, or the identity is unknown. Nothing is sent then.
    """
    opened = open_on_arrival(inbound, at=at, ports=ports)
    asked = what_was_asked(opened, ports)
    session = ports.sessions.of(visitor.session_handle, at=at)
    answers = session is not None and asked.answered_by(session)
    named = visitor.named
    if named is not None and not (answers and session and named == PickedIdentity(session.identity.id)):
        return _log_in(named, session, opened, at=at, ports=ports)
    if session is not None and answers:
        return Answer(issue(session, opened, at=at, ports=ports))
    if asked.is_passive:
        return Answer(answer_with_status(NO_PASSIVE, opened, at=at, ports=ports))
    return LoginPage(inbound, asked, session)


def finish_login(
    inbound: InboundRequest, choice: Choice, visitor: Visitor, *, at: datetime, ports: Ports
) -> LoginPage | Answer:
    """The person has chosen on the login page; send the answer, or the page once more if it is to be read anew.

    Raises:
        SamlError: as `begin_login`, and `flow.expired` if the page was looked at for too long.
    """
    opened = open_on_return(inbound, at=at, ports=ports)
    if isinstance(choice, Refusal):
        return Answer(answer_with_status(REFUSAL_STATUS[choice], opened, at=at, ports=ports))
    session = ports.sessions.of(visitor.session_handle, at=at)
    if isinstance(choice, LookAgain):
        return LoginPage(inbound, what_was_asked(opened, ports), session)
    return _log_in(choice, session, opened, at=at, ports=ports)


def answer_new_login(
    identity: NemLogInIdentity,
    previous: NemLogInSession | None,
    opened: OpenedRequest,
    *,
    local_login: LocalLogin | None = None,
    at: datetime,
    ports: Ports,
) -> Answer:
    """The identity has logged in, perhaps at a local IdP: begin a session and issue the client's token from it."""
    session = ports.sessions.begin(identity, previous=previous, local_login=local_login, at=at)
    return Answer(issue(session, opened, at=at, ports=ports), session)


def issue(
    session: NemLogInSession, opened: OpenedRequest, how: Twist = Twist.NONE, *, at: datetime, ports: Ports
) -> PostForm:
    """Issue a token about who is logged in, as honest as `how` says, and remember the login if it is."""
    assertion = twist(compose_assertion(session, opened, at=at, ports=ports), how, at=at)
    element = write_assertion(_allowed(assertion, opened))
    sign_enveloped(element, ports.signing)
    signed = serialise(element)
    client = opened.client.face.entity_id
    if how is Twist.ALTERED:
        signed = alter(signed)
    elif how is Twist.REPLAYED:
        signed = ports.logins.last_assertion(client, at=at) or signed
    elif assertion.subject is not None and assertion.subject.name_id is not None:
        ports.logins.remember(client, assertion.subject.name_id, session.identity, signed, at=at)
    return seal(signed, opened, at=at, ports=ports)


def _log_in(
    picked: PickedIdentity, previous: NemLogInSession | None, opened: OpenedRequest, *, at: datetime, ports: Ports
) -> Answer:
    how = Twist.NONE
    if picked.scenario_id:
        scenario = BY_ID.get(picked.scenario_id)
        if scenario is None:
            raise SamlError("web.form", f"got {picked.scenario_id!r:.60}, expected one of {', '.join(BY_ID)}")
        how = scenario.twist
    identity = ports.identities.named(picked.identity_id)
    if how is Twist.NONE:
        return answer_new_login(identity, previous, opened, at=at, ports=ports)
    # a faulty answer leaves no session: the next login shows the page, where the next case is chosen
    return Answer(issue(ports.sessions.once(identity, at=at), opened, how, at=at, ports=ports))


def _allowed(assertion: Assertion, opened: OpenedRequest) -> Assertion:
    """Leave out rights that the client did not ask for or may not have, whatever the test case adds."""
    if PRIVILEGES_INTERMEDIATE in opened.client.attribute_names:
        return assertion
    kept = tuple(each for each in assertion.attributes if each.name != PRIVILEGES_INTERMEDIATE)
    return replace(assertion, attribute_statements=(kept,))
