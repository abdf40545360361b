"""Writing SAML metadata of one entity, in the order the schema prescribes. Whoever calls signs it."""

from oiosaml.messages.element import add, build, xml_boolean
from oiosaml.messages.metadata import (
    AttributeAuthorityRole,
    ContactPerson,
    Endpoint,
    EntityDescriptor,
    IdpRole,
    KeyDescriptor,
    SpRole,
)
from oiosaml.messages.metadata_keys import add_key_descriptor
from oiosaml.uris import NAME_FORMAT_URI, NS_MD, NS_SAML, PROTOCOL_SAML2
from oiosaml.validity import format_instant
from oiosaml.xml.writing import NewElement

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write_entity_descriptor(entity: EntityDescriptor) -> NewElement:
    """Write the entity's metadata, unsigned. It can be signed only if `entity.id` is set.

    Raises:
        UnwritableText: if a value holds what XML cannot.
        ValueError: if a key has no certificate.
    """
    valid_until = None if entity.valid_until is None else format_instant(entity.valid_until)
    root = build(
        NS_MD,
        "EntityDescriptor",
        {"ID": entity.id, "entityID": entity.entity_id, "validUntil": valid_until},
        prefixes=("md", "ds", "saml", "xenc11"),
    )
    if entity.idp is not None:
        _write_idp(root, entity.idp)
    if entity.sp is not None:
        _write_sp(root, entity.sp)
    if entity.attribute_authority is not None:
        _write_attribute_authority(root, entity.attribute_authority)
    if entity.organization_name is not None:
        _write_organization(root, entity.organization_name, entity.entity_id)
    for contact in entity.contacts:
        _write_contact(root, contact)
    return root


def _write_idp(root: NewElement, role: IdpRole) -> None:
    attributes = {"WantAuthnRequestsSigned": xml_boolean(role.want_authn_requests_signed)}
    element = _write_role(root, "IDPSSODescriptor", attributes, role.keys)
    _write_endpoints(element, "SingleLogoutService", role.single_logout_services)
    _write_name_id_formats(element, role.name_id_formats)
    _write_endpoints(element, "SingleSignOnService", role.single_sign_on_services)
    _write_attribute_names(element, role.attribute_names, role.attribute_name_format)


def _write_sp(root: NewElement, role: SpRole) -> None:
    attributes = {
        "AuthnRequestsSigned": xml_boolean(role.authn_requests_signed),
        "WantAssertionsSigned": xml_boolean(role.want_assertions_signed),
    }
    element = _write_role(root, "SPSSODescriptor", attributes, role.keys)
    _write_endpoints(element, "SingleLogoutService", role.single_logout_services)
    _write_name_id_formats(element, role.name_id_formats)
    _write_endpoints(element, "AssertionConsumerService", role.assertion_consumer_services)
    if not role.requested_attributes:
        return
    service = add(element, NS_MD, "AttributeConsumingService", {"index": "0", "isDefault": "true"})
    add(service, NS_MD, "ServiceName", {XML_LANG: "da"}, text=role.service_name or "SAML")
    for requested in role.requested_attributes:
        add(
            service,
            NS_MD,
            "RequestedAttribute",
            {
                "Name": requested.name,
                "NameFormat": requested.name_format,
                "FriendlyName": requested.friendly_name,
                "isRequired": xml_boolean(requested.is_required),
            },
        )


def _write_attribute_authority(root: NewElement, role: AttributeAuthorityRole) -> None:
    element = _write_role(root, "AttributeAuthorityDescriptor", {}, role.keys)
    _write_endpoints(element, "AttributeService", role.attribute_services)
    _write_name_id_formats(element, role.name_id_formats)
    _write_attribute_names(element, role.attribute_names)


def _write_role(root: NewElement, tag: str, attributes: dict[str, str], keys: tuple[KeyDescriptor, ...]) -> NewElement:
    element = add(root, NS_MD, tag, {**attributes, "protocolSupportEnumeration": PROTOCOL_SAML2})
    for key in keys:
        add_key_descriptor(element, key)
    return element


def _write_endpoints(role: NewElement, tag: str, endpoints: tuple[Endpoint, ...]) -> None:
    for endpoint in endpoints:
        add(
            role,
            NS_MD,
            tag,
            {
                "Binding": endpoint.binding,
                "Location": endpoint.location,
                "ResponseLocation": endpoint.response_location,
                "index": None if endpoint.index is None else str(endpoint.index),
                "isDefault": "true" if endpoint.is_default else None,
            },
        )


def _write_name_id_formats(role: NewElement, formats: tuple[str, ...]) -> None:
    for name_id_format in formats:
        add(role, NS_MD, "NameIDFormat", text=name_id_format)


def _write_attribute_names(role: NewElement, names: tuple[str, ...], name_format: str = NAME_FORMAT_URI) -> None:
    for name in names:
        add(role, NS_SAML, "Attribute", {"Name": name, "NameFormat": name_format})


def _write_organization(root: NewElement, name: str, url: str) -> None:
    element = add(root, NS_MD, "Organization")
    for tag in ("OrganizationName", "OrganizationDisplayName"):
        add(element, NS_MD, tag, {XML_LANG: "da"}, text=name)
    add(element, NS_MD, "OrganizationURL", {XML_LANG: "da"}, text=url)


def _write_contact(root: NewElement, contact: ContactPerson) -> None:
    element = add(root, NS_MD, "ContactPerson", {"contactType": contact.contact_type})
    for address in contact.email_addresses:
        add(element, NS_MD, "EmailAddress", text=address)
