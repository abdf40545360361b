"""The story of a system that asks the Context Handler's own attribute service for the rights of somebody who is logged in at it.

What is told is what the system would get in a token at this instant: its own rights, the attributes it is registered for, nothing else.
Every `@step` writes one event. Whatever is said is signed, a refusal too (rules AS-01 to AS-10, our choice where KOMBIT is silent).
"""

from datetime import datetime
from typing import Final

from context_handler import attribute_answer
from context_handler.answering import status_of
from context_handler.level import LevelDemand
from context_handler.own_token import gather_privileges, translate_roles
from context_handler.ports import Ports, QueryUsedError, RegisteredIdp, RegisteredSystem, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import subject_of
from context_handler.release import attributes_for
from context_handler.requester import registered_idp, require_usable, vouches_still
from context_handler.roles import Translation
from context_handler.visit import Visit, step
from federation.model import GetsRights
from oiosaml.attributes import Attribute
from oiosaml.bindings.soap import unwrap
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId
from oiosaml.messages.attribute_query import AttributeQuery
from oiosaml.messages.element import qname
from oiosaml.messages.response import Status
from oiosaml.nist import beside
from oiosaml.openings import open_attribute_query, vouch_for_attribute_query
from oiosaml.rules.attribute_query import SYSTEM_QUERY_RULES, AttributeQueryExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import NS_SAMLP, STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL
from oiosaml.verified import Unverified

UNKNOWN_PRINCIPAL: Final = Status(STATUS_REQUESTER, STATUS_UNKNOWN_PRINCIPAL, "Ukendt bruger / Unknown user")
"""The same for a user nobody knows and for one who is logged in elsewhere: an asker learns nothing about others' users (attack AQ-09)."""

_ATTRIBUTE_QUERY: Final = qname(NS_SAMLP, "AttributeQuery")
_WIRE_UNKNOWN: Final = frozenset({"aq.unknown-user:no-session", "aq.subject:another-system"})


async def answer_query(envelope: bytes, at: datetime, ports: Ports) -> bytes:
    """Give the answer's SOAP envelope: the rights, that there is no such user, or why there is no answer.

    Raises:
        SamlError: only if there is no query to answer: the octets are not a SOAP envelope round one AttributeQuery.
    """
    unwrap(envelope, _ATTRIBUTE_QUERY)
    visit = Visit(FlowId(ports.ids.uuid()), at)
    unverified: Unverified[AttributeQuery] | None = None
    registry = ports.registry()
    try:
        unverified = open_query(visit, envelope)
        system, query = vouch_for_asker(visit, unverified, registry)
        check_query(visit, query, system, ports)
        subject, idp = find_subject(visit, query, system, registry, ports)
        privileges, system, registry = await gather_privileges(visit, subject, idp, system, registry, ports)
        translation = translate_roles(visit, privileges, subject, system, registry)
        released = release_to_asker(visit, query, subject, translation, system, registry)
        return answer_asker(visit, query, released, subject, system, ports)
    except SamlError as refusal:
        return _refuse(visit, refusal, unverified, ports)
    finally:
        ports.store.record(ports.workspace, visit.take_refused_events())


def refuse_unread(refusal: SamlError, at: datetime, ports: Ports) -> FlowId:
    """Write down what was no query at all, so that it came is known (invariant I4), and give the reference to it."""
    visit = Visit(FlowId(ports.ids.uuid()), at)
    visit.record(open_query.__name__, refusal)
    ports.store.record(ports.workspace, visit.take_events())
    return visit.flow


@step(Party.SYSTEM)
def open_query(visit: Visit, envelope: bytes) -> Unverified[AttributeQuery]:
    """The message is taken out of its envelope and parsed; nothing in it is believed."""
    visit.note(octets_in=envelope)
    unverified = open_attribute_query(envelope)
    visit.note(party=unverified.claimed_issuer, message_id=unverified.claimed_id)
    return unverified


@step(Party.SYSTEM)
def vouch_for_asker(
    visit: Visit, unverified: Unverified[AttributeQuery], registry: Registry
) -> tuple[RegisteredSystem, AttributeQuery]:
    """The asker is a system that is registered to ask, and the signature is its own (attack AQ-08)."""
    issuer = unverified.claimed_issuer
    system = registry.system(issuer) if issuer is not None else None
    if system is None:
        raise SamlError("aq.denied:unknown", f"got the issuer {issuer!r:.200}, expected a registered system")
    require_usable(system, visit.at)
    query = vouch_for_attribute_query(unverified, system.keys, strangers=registry.keys_of_systems()).value
    visit.vouched = True
    # Asked after the signature: only the system itself learns what it is registered for.
    if system.registration.gets_rights is not GetsRights.QUERY:
        raise SamlError(
            "aq.denied", f"got a query of {issuer}, which gets its rights in the token, expected one that queries"
        )
    return system, query


@step(Party.SYSTEM)
def check_query(visit: Visit, query: AttributeQuery, system: RegisteredSystem, ports: Ports) -> None:
    """The query follows the rules, and has not been answered before."""
    expected = AttributeQueryExpectations(
        at=visit.at,
        allowed_issuers=frozenset({system.registration.entity_id}),
        location=ports.urls.attribute_service_url,
        skew=ports.clock_skew,
    )
    visit.note(findings=enforce(SYSTEM_QUERY_RULES, query, expected))
    try:
        ports.queries.remember(ports.workspace, system.registration.entity_id, query.id, visit.flow)
    except QueryUsedError as error:
        raise SamlError("proto.replay", f"got the query {query.id!r:.120} a second time, expected a new ID") from error


@step(Party.SYSTEM)
def find_subject(
    visit: Visit, query: AttributeQuery, system: RegisteredSystem, registry: Registry, ports: Ports
) -> tuple[Subject, RegisteredIdp]:
    """The user goes by this NameID at this system, the session lives, and the registrations still let it."""
    asker = system.registration.entity_id
    subjects = ports.subjects
    known = subjects.find(ports.workspace, asker, query.subject, visit.at) if subjects is not None else None
    if known is None:
        if subjects is not None and subjects.is_named_elsewhere(ports.workspace, query.subject, visit.at):
            raise SamlError("aq.subject:another-system", f"got the NameID {query.subject!r:.160} of another system")
        raise SamlError("aq.unknown-user:no-session", f"got {query.subject!r:.160}, expected a user of a live session")
    idp = registered_idp(registry, known.idp, visit.at)
    if not vouches_still(idp, known.profile, known.signer):
        raise SamlError(
            "aq.unknown-user:no-session", f"got a session on the key {known.signer}, which counts no longer"
        )
    subject = subject_of(idp, known.assertion)
    _still_allowed(subject, idp, system)
    return subject, idp


@step(Party.CONTEXT_HANDLER)
def release_to_asker(
    visit: Visit,
    query: AttributeQuery,
    subject: Subject,
    translation: Translation,
    system: RegisteredSystem,
    registry: Registry,
) -> tuple[Attribute, ...]:
    """The system gets the attributes it is registered for, and of those the ones it asked for (attack AQ-10)."""
    released = attributes_for(system, subject, translation.privileges, registry, by_query=True)
    if query.attribute_names:
        released = tuple(attribute for attribute in released if attribute.name in query.attribute_names)
    visit.note(detail=", ".join(attribute.friendly_name or attribute.name for attribute in released))
    return released


@step(Party.CONTEXT_HANDLER)
def answer_asker(
    visit: Visit,
    query: AttributeQuery,
    released: tuple[Attribute, ...],
    subject: Subject,
    system: RegisteredSystem,
    ports: Ports,
) -> bytes:
    """Our own assertion is composed, signed, and encrypted for this system."""
    octets = attribute_answer.tell(query, released, subject.proxy_restrictions, system, at=visit.at, ports=ports)
    visit.note(party=system.registration.entity_id, message_id=query.id, octets_out=octets)
    return octets


def _still_allowed(subject: Subject, idp: RegisteredIdp, system: RegisteredSystem) -> None:
    """Ask anew what may have changed since the login: whom the IdP speaks for, at which level, and which level the system wants."""
    demand = LevelDemand.of(None, system.registration)
    registered = ", ".join(level.spoken for level in idp.registration.reach) or "none"
    words = {
        "required": demand.named,
        "actual": beside(demand.named, subject.level).spoken,
        "registered": registered,
        "cvr": subject.x509.cvr,
    }
    if subject.x509.cvr not in idp.registration.cvrs:
        raise SamlError("fed.scope", f"got CVR {subject.x509.cvr}, expected {idp.registration.cvrs}", params=words)
    if not idp.registration.may_state(subject.level):
        detail = f"got {subject.level.spoken}, expected at most {registered}"
        raise SamlError("fed.loa:above-registration", detail, params=words)
    if not demand.met_by(subject.level):
        key = "fed.no-nsis" if demand.rejects_ladder_of(subject.level) else "fed.loa"
        raise SamlError(key, f"got {subject.level.spoken}, expected {demand.named}", params=words)
    if not subject.may_be_told_to(system.registration.entity_id):
        raise SamlError("proto.proxy", "got a session of a login that may be passed on to other systems only")
    if system.registration.idps and idp.registration.entity_id not in system.registration.idps:
        raise SamlError("fed.no-idp", f"got a user of {idp.registration.entity_id}, whom the system takes no longer")


def _refuse(visit: Visit, refusal: SamlError, unverified: Unverified[AttributeQuery] | None, ports: Ports) -> bytes:
    status = UNKNOWN_PRINCIPAL if refusal.refusal.key in _WIRE_UNKNOWN else status_of(refusal)
    question = None if unverified is None else unverified.claimed_id
    return attribute_answer.refuse(status, question, at=visit.at, ports=ports)
