"""What NemLog-in says about an identity: the attribute profiles Person and Professional of OIOSAML 3, cut to what the client asked for."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from federation.nemlogin import NemLogInIdentity
from nemlogin_mock.clients import Client
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import OpenedRequest
from nemlogin_mock.sessions import NemLogInSession
from oiosaml import attributes as names
from oiosaml.attributes import FRIENDLY_NAMES, OIOSAML3_SPEC_VERSION, Attribute
from oiosaml.eid import IdType
from oiosaml.ids import AssertionId
from oiosaml.messages.assertion import Assertion, AuthnStatement, Conditions, Subject, SubjectConfirmation
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.name_id import NameId
from oiosaml.uris import (
    AUTHN_CONTEXT_NSIS,
    CONFIRMATION_BEARER,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    PERSON_UUID_PREFIX,
    PROFESSIONAL_UUID_PREFIX,
)
from oiosaml.validity import Window

CONFIRMATION_LIFETIME: Final = timedelta(minutes=5)
"""How long the browser may take to bring the answer (R3-IDP-15)."""

CONDITIONS_LIFETIME: Final = timedelta(hours=1)
"""How long the assertion holds (R3-IDP-15)."""

ALWAYS_TOLD: Final = frozenset({names.SPEC_VERSION, names.LOA})
"""Mandatory in both profiles, whether asked for or not."""

MANDATORY_FOR_PROFESSIONALS: Final = frozenset({names.CVR, names.ORG_NAME})


def compose_assertion(session: NemLogInSession, opened: OpenedRequest, *, at: datetime, ports: Ports) -> Assertion:
    """Say who is logged in and since when, for one client alone and in answer to one request; the client joins the session."""
    request, client, identity = opened.verified.value, opened.client, session.identity
    name_id = name_id_for(identity, client, request, ports)
    index = ports.sessions.join(session, client.face.entity_id, name_id, at=at).session_index
    confirmation = SubjectConfirmation(
        CONFIRMATION_BEARER,
        recipient=opened.acs_url,
        in_response_to=request.id,
        window=Window(None, at + CONFIRMATION_LIFETIME),
    )
    return Assertion(
        id=AssertionId(ports.ids.message_id()),
        issue_instant=at,
        issuer=ports.nemlogin.entity_id,
        subject=Subject(name_id, (confirmation,)),
        conditions=Conditions(Window(at, at + CONDITIONS_LIFETIME), ((client.face.entity_id,),)),
        authn_statements=(AuthnStatement(session.authn_instant, index, None, _class_ref(identity, request)),),
        attribute_statements=(attributes_for(identity, client, ports),),
    )


def name_id_for(identity: NemLogInIdentity, client: Client, request: AuthnRequest, ports: Ports) -> NameId:
    """Give the client's own name for the identity: always the same for one client, another for the next (R3-IDP-08)."""
    prefix = PERSON_UUID_PREFIX if identity.id_type is IdType.PERSON else PROFESSIONAL_UUID_PREFIX
    if request.name_id_policy is not None and request.name_id_policy.format == NAMEID_TRANSIENT:
        return NameId(prefix + ports.ids.uuid(), NAMEID_TRANSIENT)
    pairwise = uuid5(NAMESPACE_URL, f"{client.face.entity_id}\x1f{identity.uuid}")
    return NameId(f"{prefix}{pairwise}", NAMEID_PERSISTENT)


def attributes_for(identity: NemLogInIdentity, client: Client, ports: Ports) -> tuple[Attribute, ...]:
    """Give what the client may be told; a professional's organisation always goes along, since the profile demands it."""
    told = client.attribute_names | ALWAYS_TOLD
    if identity.id_type is IdType.PROFESSIONAL:
        told |= MANDATORY_FOR_PROFESSIONALS
    return tuple(each for each in _everything(identity, ports) if each.name in told)


def _everything(identity: NemLogInIdentity, ports: Ports) -> Iterator[Attribute]:
    yield _attribute(names.SPEC_VERSION, OIOSAML3_SPEC_VERSION)
    yield _attribute(names.LOA, identity.level.attribute_value)
    if identity.tells_full_name:
        yield _attribute(names.FULL_NAME, identity.name)
    yield _attribute(names.FIRST_NAME, identity.first_name)
    yield _attribute(names.LAST_NAME, identity.last_name)
    if identity.email is not None:
        yield _attribute(names.EMAIL, identity.email)
    yield _attribute(names.CPR_NUMBER, identity.cpr)
    if identity.cvr is None:
        yield _attribute(names.CPR_UUID, f"urn:uuid:{identity.uuid}")
        return
    yield _attribute(names.PROFESSIONAL_UUID, identity.uuid)
    yield _attribute(names.CVR, identity.cvr)
    yield _attribute(names.ORG_NAME, ports.names().organisations.get(identity.cvr, identity.cvr))


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(name, (value,), friendly_name=FRIENDLY_NAMES.get(name))


def _class_ref(identity: NemLogInIdentity, request: AuthnRequest) -> str:
    """Name the means of identification to a client that asked for one, else the framework (SAML Core 3.3.2.2.1; our reading)."""
    context = request.requested_authn_context
    return identity.credential_type.value if context and context.credential_types else AUTHN_CONTEXT_NSIS
