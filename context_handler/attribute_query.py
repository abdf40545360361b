"""The user's rights from the municipality's attribute service (rules AS-01 to AS-16, our choice where KOMBIT is silent).

Whatever goes wrong ends in a refusal with its own code, or in a login without rights where the IdP is registered so. Never in more rights.
"""

from context_handler.ports import Ports, RegisteredAttributeService, RegisteredIdp, RegisteredSystem, Registry
from context_handler.privilege_source import StatedRights, stated_in
from context_handler.profiles.profile import Subject
from context_handler.requester import require_usable
from context_handler.role_catalogue import read_role_catalogue_answer
from context_handler.visit import Visit
from federation.model import OnAttributeFailure
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.bindings.soap import wrap
from oiosaml.errors import Party, SamlError
from oiosaml.ids import Cvr
from oiosaml.messages.attribute_query import AttributeQuery, write_attribute_query
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Answer
from oiosaml.openings import open_attribute_response, unseal_attribute_response
from oiosaml.rules.attribute_response import ATTRIBUTE_RESPONSE_RULES, AttributeResponseExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import BINDING_SOAP, STATUS_UNKNOWN_PRINCIPAL
from oiosaml.xml.sign import sign_enveloped


async def ask_for_privileges(
    visit: Visit, subject: Subject, idp: RegisteredIdp, system: RegisteredSystem, registry: Registry, ports: Ports
) -> StatedRights:
    """Give the user's job function roles as the attribute service says them.

    Raises:
        SamlError: if they cannot be had and the IdP's registration says to refuse then.
    """
    try:
        return await _ask(visit, subject, system, registry, ports)
    except SamlError as error:
        if idp.registration.on_attribute_failure is OnAttributeFailure.REFUSE:
            raise
        visit.note(detail=f"went on without rights, as registered: {error}")
        return StatedRights()


async def _ask(
    visit: Visit, subject: Subject, system: RegisteredSystem, registry: Registry, ports: Ports
) -> StatedRights:
    service = _service_for(subject.x509.cvr, visit, registry)
    if service.registration.role_catalogue is not None:
        return await _look_up(visit, service, subject, system, ports)
    query = AttributeQuery(
        id=ports.ids.message_id(),
        issue_instant=visit.at,
        issuer=ports.entity_id_towards_idps,
        destination=_location(service),
        subject=subject.name_towards_municipality,
        attribute_names=(
            PRIVILEGES_INTERMEDIATE,
            *registry.dynamic_keys(subject.x509.cvr, system.registration.entity_id),
        ),
        target_user_system=system.registration.entity_id,
    )
    element = write_attribute_query(query)
    sign_enveloped(element, ports.keys.signing)
    envelope = wrap(serialise(element))
    visit.note(party=service.registration.entity_id, message_id=query.id, octets_out=envelope)
    octets = await ports.attribute_services.post_soap(query.destination, envelope)
    visit.note(octets_in=octets)
    answer = unseal_attribute_response(open_attribute_response(octets), service.keys, ports.keys.decryption)
    return _privileges(visit, answer, query, service, ports)


async def _look_up(
    visit: Visit, service: RegisteredAttributeService, subject: Subject, system: RegisteredSystem, ports: Ports
) -> StatedRights:
    """Ask a role catalogue by REST, the second shape in which municipalities tell their users' rights."""
    visit.note(party=service.registration.entity_id)
    if ports.role_catalogues is None:
        raise SamlError("aq.transport", "got a role catalogue, which this Context Handler has no way to")
    octets = await ports.role_catalogues.roles_of(
        service.registration, subject.x509.serial.lower(), system.registration.entity_id
    )
    visit.note(octets_in=octets)
    return read_role_catalogue_answer(octets, subject)


def _service_for(cvr: Cvr, visit: Visit, registry: Registry) -> RegisteredAttributeService:
    service = registry.attribute_service_for(cvr)
    if service is None:
        raise SamlError(
            "aq.unregistered",
            f"got no attribute service for CVR {cvr}, expected one: the IdP does not know roles",
            party=Party.HOME_IDP,
        )
    require_usable(service, visit.at)
    return service


def _location(service: RegisteredAttributeService) -> str:
    role = service.metadata.attribute_authority
    for endpoint in role.attribute_services if role else ():
        if endpoint.binding == BINDING_SOAP:
            return endpoint.location
    raise SamlError("md.endpoint", "got metadata without a SOAP AttributeService, expected one (AS-16)")


def _privileges(
    visit: Visit, answer: Answer, query: AttributeQuery, service: RegisteredAttributeService, ports: Ports
) -> StatedRights:
    expectations = AttributeResponseExpectations(
        query=query,
        service_entity_id=service.registration.entity_id,
        at=visit.at,
        skew=ports.clock_skew,
    )
    status = answer.envelope.status
    if not status.is_success:
        key = "aq.unknown-user" if status.second_code == STATUS_UNKNOWN_PRINCIPAL else "aq.fault"
        raise SamlError(
            key,
            f"got the status {status.code} {status.second_code or ''} {status.message or ''!r:.200}, expected Success",
        )
    visit.note(findings=enforce(ATTRIBUTE_RESPONSE_RULES, answer, expectations))
    if answer.assertion is None:
        raise SamlError("proto.assertion-count", "got Success without an assertion, expected one (AS-08)")
    asked_for = set(query.attribute_names)
    return stated_in({each.name: each.values for each in answer.assertion.value.attributes if each.name in asked_for})
