"""What the IdP says about a person who has logged in: an assertion of OIOSAML 3 or of OIOSAML 2, with KOMBIT's additions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from federation.assigned_roles import privileges_of
from federation.model import HomeIdp, Profile
from federation.person import Person
from idp_mock.asked import profile_asked_in, stated_in
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from oiosaml import oiosaml2 as old
from oiosaml.attributes import (
    ASSURANCE_LEVEL,
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
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.privileges import write_privileges
from oiosaml.uris import (
    AUTHN_CONTEXT_NSIS,
    CONFIRMATION_BEARER,
    NAME_FORMAT_BASIC,
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    NS_BPP,
    NS_BPP_LEGACY,
)
from oiosaml.validity import Window

CONFIRMATION_LIFETIME: Final = timedelta(minutes=5)
"""How long the browser may take to bring the answer (R3-IDP-15)."""

CONDITIONS_LIFETIME: Final = timedelta(minutes=10)
"""How long the assertion holds (R3-IDP-15)."""


def compose_assertion(
    session: IdpSession, request: AuthnRequest, acs_url: str, *, at: datetime, ports: Ports
) -> Assertion:
    """Say who is logged in and since when, for the Context Handler alone and in answer to this one request, in the profile it is in."""
    profile = profile_asked_in(request, ports.idp)
    level = stated_in(profile, session)
    # In OIOSAML 3 it names the framework, as municipal IdPs do; the level stands in the loa attribute (R3-IDP-14).
    class_ref = level.uri if profile is Profile.OIOSAML2 else AUTHN_CONTEXT_NSIS
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
        authn_statements=(AuthnStatement(session.authn_instant, session.session_index, None, class_ref),),
        attribute_statements=(tuple(attributes_of(session.person, level, profile, ports)),),
    )


def name_id_of(person: Person, idp: HomeIdp) -> NameId:
    """Give the X509SubjectName that municipal IdPs still send with OIOSAML 3 (oiosaml2-legacy, NameID).

    NemLog-in gets the user name with the suffix that it has agreed with the IdP (nemlogin3, section 4).
    """
    if idp.profile is Profile.LOCAL_IDP:
        return NameId(f"{person.id}{idp.local_user_suffix or ''}", NAMEID_PERSISTENT)
    return NameId(str(X509SubjectName(person.cvr, person.name, person.uuid)), NAMEID_X509_SUBJECT_NAME)


def attributes_of(person: Person, level: StatedLevel, profile: Profile, ports: Ports) -> Iterator[Attribute]:
    """Give what KOMBIT asks of a municipal IdP (context-handler section 9), each attribute once.

    `level` is the one they logged in at, whatever was asked: judging it is the Context Handler's task.
    """
    if profile is Profile.OIOSAML2:
        yield _old(SPEC_VERSION, old.DK_SAML_2)
        yield _old(KOMBIT_SPEC_VERSION, old.KOMBIT_SPEC_VERSION_1)
        yield Attribute(ASSURANCE_LEVEL, (level.attribute_value,), NAME_FORMAT_BASIC, "AssuranceLevel")
        for name, value in _known_of(person, NS_BPP_LEGACY, ports):
            if name in old.NAMES:
                yield _old(name, value)
        return
    yield _new(SPEC_VERSION, OIOSAML3_SPEC_VERSION)
    if profile is Profile.LOCAL_IDP:
        # no rights and no name: NemLog-in has them of its own (nemlogin3, section 4)
        yield _new(LOA, level.attribute_value)
        yield _new(CVR, person.cvr)
        yield _new(ORG_NAME, ports.organisation_names.get(person.cvr, ports.idp.name))
        return
    yield _new(KOMBIT_SPEC_VERSION, KOMBIT_SPEC_VERSION_2)
    # who is not enrolled in NSIS has a NIST level in its place, as some products send it (NSIS, municipal IdPs)
    yield _new(ASSURANCE_LEVEL if isinstance(level, NistLevel) else LOA, level.attribute_value)
    for name, value in _known_of(person, NS_BPP, ports):
        yield _new(name, value)


def _known_of(person: Person, privilege_namespace: str, ports: Ports) -> Iterator[tuple[str, str]]:
    """Give what the municipality knows of a person, under the names of OIOSAML 3."""
    yield CVR, person.cvr
    yield ORG_NAME, ports.organisation_names.get(person.cvr, ports.idp.name)
    yield FULL_NAME, person.name
    yield PROFESSIONAL_UUID, person.uuid
    if person.email is not None:
        yield EMAIL, person.email
    if ports.idp.sends_cpr:
        # to the Context Handler only, which passes it on to nobody but a system that is registered to get it
        yield CPR_NUMBER, person.cpr
    if ports.idp.knows_roles:
        # a user without roles has an empty list, as role catalogues send it; no attribute means: ask the attribute service
        roles = privileges_of(person, ports.job_function_roles)
        yield PRIVILEGES_INTERMEDIATE, write_privileges(roles, privilege_namespace)
        for value in person.dynamic_values if person.dynamic_values_as_attributes else ():
            yield value.constraint_type, value.value


def _new(name: str, value: str) -> Attribute:
    return Attribute(name, (value,), friendly_name=FRIENDLY_NAMES.get(name))


def _old(name: str, value: str) -> Attribute:
    own = old.NAMES[name]
    return Attribute(own, (value,), NAME_FORMAT_BASIC, old.FRIENDLY_NAMES.get(own))
