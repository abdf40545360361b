"""Our own token for a system: rights gathered and translated, attributes released, the assertion composed, sealed and sent.

The same steps whether the home IdP has just answered or a session answers for it, so that rights are always those of this moment.
"""

from collections.abc import Sequence

from context_handler import attribute_query, issue
from context_handler.answering import use_up_answer
from context_handler.asking import OutboundMessage, PostTo
from context_handler.encryption_choice import encryption_told
from context_handler.name_ids import local_name_id, name_id_for
from context_handler.ports import Ports, RegisteredIdp, RegisteredSystem, Registry
from context_handler.privilege_source import StatedRights, stated_in_token
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_system
from context_handler.release import attributes_for
from context_handler.requester import members_as_registered_now
from context_handler.roles import Dropped, Translation, Translator
from context_handler.session import Participant, session_index_for
from context_handler.translation import in_words_of
from context_handler.visit import QUOTED_DETAIL, Visit, async_step, step
from federation.model import GetsRights
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.errors import Party, SamlError


@async_step(Party.ATTRIBUTE_SERVICE)
async def gather_privileges(
    visit: Visit,
    subject: Subject,
    idp: RegisteredIdp,
    system: RegisteredSystem,
    registry: Registry,
    ports: Ports,
) -> tuple[StatedRights, RegisteredSystem, Registry]:
    """The user's job function roles come from the token if the IdP knows roles, else from the municipality's attribute service.

    That takes a while, so the story goes on with the system as it is registered then, which is given too.
    """
    if system.registration.gets_rights is GetsRights.QUERY and visit.requester is not None:
        visit.note(detail="the system fetches rights itself, and gets none in its token")
        return StatedRights(), system, registry
    carried = profile_of_system(system).only
    if carried is not None and PRIVILEGES_INTERMEDIATE not in carried:
        visit.note(detail="the system's profile has no rights, so none are gathered")
        return StatedRights(), system, registry
    if idp.registration.knows_roles:
        return stated_in_token(subject), system, registry
    use_up_answer(visit, ports)
    try:
        stated = await attribute_query.ask_for_privileges(visit, subject, idp, system, registry, ports)
    except SamlError:
        members_as_registered_now(visit, idp, system, registry, ports)  # a refusal goes to no lost address either
        raise
    return stated, *members_as_registered_now(visit, idp, system, registry, ports)


@step(Party.HOME_IDP)
def translate_roles(
    visit: Visit, stated: StatedRights, subject: Subject, system: RegisteredSystem, registry: Registry
) -> Translation:
    """Job function roles become this system's own roles with their data constraints, in the words of its table if it has one."""
    translator = Translator(registry, system.registration.entity_id, subject.x509.cvr, visit.at, stated.parametric)
    translation = in_words_of(system, translator.translate(stated.privileges), registry)
    visit.note(detail=_told(translation.dropped))
    return translation


def _told(dropped: Sequence[Dropped]) -> str:
    """Give as many as an event holds, each whole, and how many more there are: none is cut off in silence."""
    told: list[str] = []
    room = QUOTED_DETAIL - len(f"; and {len(dropped)} more")
    for each in dropped:
        # cut each, so that one long name does not push out why it was dropped, nor the others (attack PRV-05)
        text = f"{each.privilege:.200}: {each.code}: {each.reason:.200}"
        room -= len(text) + len("; ")
        if room < 0:
            return "; ".join((*told, f"and {len(dropped) - len(told)} more"))
        told.append(text)
    return "; ".join(told)


@step(Party.CONTEXT_HANDLER)
def release_attributes(
    visit: Visit,
    subject: Subject,
    translation: Translation,
    system: RegisteredSystem,
    idp: RegisteredIdp,
    registry: Registry,
    ports: Ports,
) -> issue.Identity:
    """The system gets the attributes it is registered for, and a NameID in the format it asked for."""
    released = attributes_for(system, subject, translation.privileges, registry)
    visit.note(detail=", ".join(attribute.friendly_name or attribute.name for attribute in released))
    profile = profile_of_system(system)
    name_id = (
        local_name_id(subject.x509, idp)
        if profile.names_local_users
        else name_id_for(
            system,
            subject.x509,
            visit.known_requester().request.name_id_policy,
            issuer=ports.entity_id_towards_systems,
            pairwise_secret=ports.keys.pairwise_secret,
            session=visit.known_session(),
        )
    )
    entity_id, session = system.registration.entity_id, visit.known_session()
    index = session_index_for(session, entity_id, ports.keys.pairwise_secret)
    visit.participant = Participant(entity_id, name_id, index)
    class_ref = profile.authn_context_class_ref(subject.level)
    return issue.Identity(
        name_id,
        class_ref,
        released,
        subject.authn_instant,
        idp.registration.entity_id,
        index,
        subject.proxy_restrictions,
    )


@step(Party.CONTEXT_HANDLER)
def compose_assertion(visit: Visit, identity: issue.Identity, ports: Ports) -> issue.SignedAssertion:
    """Our own assertion is composed and signed: fresh IDs, our own issuer, this system as the only audience."""
    requester = visit.known_requester()
    assertion = issue.compose_assertion(identity, requester, at=visit.at, ports=ports)
    signed = issue.sign_assertion(assertion, ports)
    visit.note(party=requester.system, octets_out=signed.octets)
    return signed


@step(Party.CONTEXT_HANDLER)
def answer_system(
    visit: Visit, assertion: issue.SignedAssertion, system: RegisteredSystem, ports: Ports
) -> OutboundMessage:
    """The assertion is encrypted for this system, if its profile does so, and posted to its registered address."""
    requester = visit.known_requester()
    octets = issue.seal(assertion, system, requester, at=visit.at, ports=ports)
    visit.note(
        party=requester.system, message_id=requester.request.id, octets_out=octets, detail=encryption_told(system)
    )
    return PostTo(issue.answer_form(octets, requester))
