"""What the IdP says about a person who has logged in: an OIOSAML 3 assertion with KOMBIT's additions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from federation.assigned_roles import privileges_of
from federation.model import Person
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from oiosaml.attributes import (
    CPR_NUMBER,
    CVR,
    EMAIL,
    FRIENDLY_NAMES,
    FULL_NAME,
    KOMBIT_SPEC_VERSION,
    KOMBIT_SPEC_VERSION_2,
    LOA,
    OIOSAML3_SPEC_VERSION,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    PROFESSIONAL_UUID,
    SPEC_VERSION,
    Attribute,
)
from oiosaml.ids import AssertionId
from oiosaml.messages.assertion import Assertion, AuthnStatement, Conditions, Subject, SubjectConfirmation
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.nsis import AssuranceLevel
from oiosaml.privileges import write_privileges
from oiosaml.uris import AUTHN_CONTEXT_NSIS, CONFIRMATION_BEARER, NAMEID_X509_SUBJECT_NAME
from oiosaml.validity import Window

CONFIRMATION_LIFETIME: Final = timedelta(minutes=5)
"""How long the browser may take to bring the answer (R3-IDP-15)."""

CONDITIONS_LIFETIME: Final = timedelta(minutes=10)
"""How long the assertion holds (R3-IDP-15)."""


def compose_assertion(
    session: IdpSession, request: AuthnRequest, acs_url: str, *, at: datetime, ports: Ports
) -> Assertion:
    """Say who is logged in and since when, for the Context Handler alone and in answer to this one request."""
    return Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.idp.entity_id,
        subject=Subject(
            session.name_id,
            (
                SubjectConfirmation(
                    CONFIRMATION_BEARER,
                    recipient=acs_url,
                    in_response_to=request.id,
                    window=Window(None, at + CONFIRMATION_LIFETIME),
                ),
            ),
        ),
        conditions=Conditions(Window(at, at + CONDITIONS_LIFETIME), ((ports.broker.entity_id,),)),
        # the class reference names the framework, as municipal IdPs do; the level stands in the loa attribute (R3-IDP-14)
        authn_statements=(AuthnStatement(session.authn_instant, session.session_index, None, AUTHN_CONTEXT_NSIS),),
        attribute_statements=(tuple(attributes_of(session.person, session.level, ports)),),
    )


def name_id_of(person: Person) -> NameId:
    """Give the X509SubjectName that municipal IdPs still send with OIOSAML 3 (oiosaml2-legacy, NameID)."""
    return NameId(str(X509SubjectName(person.cvr, person.name, person.uuid)), NAMEID_X509_SUBJECT_NAME)


def attributes_of(person: Person, level: AssuranceLevel, ports: Ports) -> Iterator[Attribute]:
    """Give what KOMBIT asks of a municipal IdP (context-handler section 9), each attribute once.

    `level` is the one they logged in at, whatever was asked: judging it is the Context Handler's task.
    """
    yield _attribute(SPEC_VERSION, OIOSAML3_SPEC_VERSION)
    yield _attribute(KOMBIT_SPEC_VERSION, KOMBIT_SPEC_VERSION_2)
    yield _attribute(LOA, level.attribute_value)
    yield _attribute(CVR, person.cvr)
    yield _attribute(ORG_NAME, ports.organisation_names.get(person.cvr, ports.idp.name))
    yield _attribute(FULL_NAME, person.name)
    yield _attribute(PROFESSIONAL_UUID, person.uuid)
    if person.email is not None:
        yield _attribute(EMAIL, person.email)
    if ports.idp.sends_cpr:
        # to the Context Handler only, which passes it on to nobody but a system that is registered to get it
        yield _attribute(CPR_NUMBER, person.cpr)
    if ports.idp.knows_roles:
        # a user without roles has an empty list, as role catalogues send it; no attribute means: ask the attribute service
        yield _attribute(PRIVILEGES_INTERMEDIATE, write_privileges(privileges_of(person, ports.job_function_roles)))


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, (value,), friendly_name=FRIENDLY_NAMES.get(name))
