"""The story of a login at a municipality's IdP. The browser comes once, and once more when the person has chosen.

Before the request is verified nothing is ever sent to the Context Handler: a refusal is raised and becomes our own page.
"""

from dataclasses import dataclass
from datetime import datetime

from idp_mock.answer import NO_PASSIVE, REFUSAL_STATUS, answer_with_person, answer_with_status
from idp_mock.asked import AskedFor, what_was_asked
from idp_mock.inbound import Choice, InboundRequest, PickedPerson, Refusal
from idp_mock.ports import Ports
from idp_mock.request import check_on_arrival, check_on_return, open_request
from oiosaml.bindings.post import PostForm


@dataclass(frozen=True, slots=True)
class LoginPage:
    """Ask the person who they are."""

    inbound: InboundRequest
    asked: AskedFor
    wrong_password_for: str | None = None
    """The user name that came with a wrong password; None on the first showing."""


def begin_login(inbound: InboundRequest, persona: str | None, *, at: datetime, ports: Ports) -> LoginPage | PostForm:
    """The Context Handler sends a person; show them the login page, unless `persona` already says who they are.

    Naming a persona stands for a session that exists already, so it answers a passive request too. Otherwise there are no
    sessions here, and a passive request is answered with NoPassive (both our choice).

    Raises:
        SamlError: if the request is not the Context Handler's, breaks a rule, or the persona is unknown. Nothing is sent then.
    """
    opened = open_request(inbound, ports)
    acs_url = check_on_arrival(opened, at=at, ports=ports)
    if persona is not None:
        return answer_with_person(ports.people.named(persona), opened, acs_url, at=at, ports=ports)
    if opened.verified.value.is_passive:
        return answer_with_status(NO_PASSIVE, opened, acs_url, at=at, ports=ports)
    return LoginPage(inbound, what_was_asked(opened.verified, ports))


def finish_login(inbound: InboundRequest, choice: Choice, *, at: datetime, ports: Ports) -> LoginPage | PostForm:
    """The person has chosen on the login page; send the answer, or the page once more if the password was wrong.

    Raises:
        SamlError: as `begin_login`, and `flow.expired` if the page was looked at for too long.
    """
    opened = open_request(inbound, ports)
    acs_url = check_on_return(opened, at=at, ports=ports)
    if isinstance(choice, Refusal):
        return answer_with_status(REFUSAL_STATUS[choice], opened, acs_url, at=at, ports=ports)
    if isinstance(choice, PickedPerson):
        return answer_with_person(ports.people.named(choice.person_id), opened, acs_url, at=at, ports=ports)
    person = ports.people.with_password(choice.username, choice.password)
    if person is None:
        return LoginPage(inbound, what_was_asked(opened.verified, ports), wrong_password_for=choice.username)
    return answer_with_person(person, opened, acs_url, at=at, ports=ports)
