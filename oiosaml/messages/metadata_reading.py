"""Reading SAML metadata as strangers send it: never an exception for their mistakes, always a problem with its line.

What the federation does not use, extensions and foreign namespaces among it, is passed over.
"""

from datetime import datetime

from lxml import etree
from lxml.etree import _Element

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.messages.element import boolean, children, instant, number
from oiosaml.messages.metadata import (
    AttributeAuthorityRole,
    ContactPerson,
    Endpoint,
    EntityDescriptor,
    IdpRole,
    KeyDescriptor,
    MetadataDocument,
    MetadataProblem,
    RequestedAttribute,
    SpRole,
)
from oiosaml.messages.metadata_keys import read_key_descriptor
from oiosaml.messages.metadata_lookalikes import WEB_PAGE_MEND, problem_of
from oiosaml.uris import NS_DS, NS_MD, NS_SAML, PROTOCOL_SAML2
from oiosaml.validity import parse_duration
from oiosaml.xml.parse import parse_metadata, text_of


def read_metadata(octets: bytes) -> MetadataDocument:
    """Read one entity's metadata: an EntityDescriptor, or an EntitiesDescriptor that holds exactly one.

    Never raises for what the octets hold. A signature is noted, not verified.
    """
    try:
        root = parse_metadata(octets)
    except SamlError as error:
        return MetadataDocument(None, (problem_of(error, octets),))
    return read_metadata_element(root)


def read_metadata_element(root: _Element) -> MetadataDocument:
    """Read metadata that was parsed already."""
    return _read(root, _Reading())


def _read(root: _Element, reading: "_Reading") -> MetadataDocument:
    name = etree.QName(root)
    if name.namespace == NS_MD and name.localname == "EntitiesDescriptor":
        entities = list(children(root, NS_MD, "EntityDescriptor"))
        if len(entities) == 1:
            reading.note_end(root)
            return _read(entities[0], reading)
        detail = f"got an EntitiesDescriptor with {len(entities)} entities, expected exactly one entity"
        mend = "Send the metadata of one entity: cut its EntityDescriptor out of the collection."
        return MetadataDocument(None, (MetadataProblem("md.rule", detail, root.sourceline, mend),))
    if name.namespace != NS_MD or name.localname != "EntityDescriptor":
        detail = f"got {str(root.tag)!r:.120}, expected EntityDescriptor in {NS_MD}"
        return MetadataDocument(None, (MetadataProblem("xml.root", detail, root.sourceline, _mend_of_root(name)),))
    entity = reading.entity(root)
    return MetadataDocument(entity, entity.problems)


def _mend_of_root(name: etree.QName) -> str:
    if name.localname.lower() == "html":
        return WEB_PAGE_MEND
    if name.localname == "EntityDescriptor":
        return f'Declare SAML 2.0\'s namespace: xmlns:md="{NS_MD}", and md: before every name, or xmlns="{NS_MD}".'
    return "Send SAML 2.0 metadata, whose root is md:EntityDescriptor."


def _mend_of_protocol(tag: str, *, alone: bool) -> str:
    mend = f'Write protocolSupportEnumeration="{PROTOCOL_SAML2}" on {tag}, if it speaks SAML 2.0'
    return f"{mend}." if alone else f"{mend}; else take it out."


class _Reading:
    """Walks one EntityDescriptor and notes on the way what it could not read."""

    def __init__(self) -> None:
        self.problems: list[MetadataProblem] = []
        self._ends: list[datetime] = []
        self._unspoken: list[str] = []

    def note_end(self, element: _Element) -> None:
        """Note a validUntil: it ends everything inside, and whatever ends first ends the entity (SAML Metadata 2.3.1, 2.3.2, 2.4.1)."""
        end = self._instant(element, "validUntil")
        if end is not None:
            self._ends.append(end)

    def entity(self, root: _Element) -> EntityDescriptor:
        sp, idp, authority = (
            self._role(root, tag) for tag in ("SPSSODescriptor", "IDPSSODescriptor", "AttributeAuthorityDescriptor")
        )
        for element in (root, sp, idp, authority):
            if element is not None:
                self.note_end(element)
        roles = (
            None if sp is None else self._sp(sp),
            None if idp is None else self._idp(idp),
            None if authority is None else self._attribute_authority(authority),
        )
        duration = root.get("cacheDuration")
        cached = parse_duration(duration or "")
        return EntityDescriptor(
            EntityId(root.get("entityID", "")),
            min(self._ends, default=None),
            *roles,
            contacts=tuple(self._contact(each) for each in children(root, NS_MD, "ContactPerson")),
            signature_present=next(children(root, NS_DS, "Signature"), None) is not None,
            organization_name=self._organization_name(root),
            id=root.get("ID"),
            cache_duration=cached,
            unread_cache_duration=duration if cached is None else None,
            line=root.sourceline,
            problems=tuple(self.problems),
            unspoken=tuple(self._unspoken),
        )

    def _role(self, root: _Element, tag: str) -> _Element | None:
        """Find the one role descriptor of that kind that speaks SAML 2.0."""
        found = list(children(root, NS_MD, tag))
        speaking = [each for each in found if PROTOCOL_SAML2 in each.get("protocolSupportEnumeration", "").split()]
        for each in found:
            if each not in speaking:
                self._unspoken.append(tag)
                got = each.get("protocolSupportEnumeration")
                detail = f"got {tag} with protocolSupportEnumeration {got!r:.120}, expected {PROTOCOL_SAML2}"
                self._note(each, detail, mend=_mend_of_protocol(tag, alone=not speaking))
        if len(speaking) > 1:
            # the schema allows several; which of them counts would be a guess
            mend = f"Keep one {tag}, with everything that counts."
            self._note(speaking[1], f"got {len(speaking)} {tag} for SAML 2.0, expected one", mend=mend)
        return speaking[0] if speaking else None

    def _sp(self, element: _Element) -> SpRole:
        services = list(children(element, NS_MD, "AttributeConsumingService"))
        service = next(
            (each for each in services if self._boolean(each, "isDefault")), services[0] if services else None
        )
        return SpRole(
            authn_requests_signed=self._boolean(element, "AuthnRequestsSigned"),
            want_assertions_signed=self._boolean(element, "WantAssertionsSigned"),
            keys=self._keys(element),
            name_id_formats=self._texts(element, "NameIDFormat"),
            assertion_consumer_services=self._endpoints(element, "AssertionConsumerService"),
            single_logout_services=self._endpoints(element, "SingleLogoutService"),
            requested_attributes=() if service is None else self._requested_attributes(service),
            has_attribute_consuming_service=service is not None,
            service_name=None if service is None else next(iter(self._texts(service, "ServiceName")), None),
            line=element.sourceline,
        )

    def _idp(self, element: _Element) -> IdpRole:
        return IdpRole(
            want_authn_requests_signed=self._boolean(element, "WantAuthnRequestsSigned"),
            keys=self._keys(element),
            name_id_formats=self._texts(element, "NameIDFormat"),
            single_sign_on_services=self._endpoints(element, "SingleSignOnService"),
            single_logout_services=self._endpoints(element, "SingleLogoutService"),
            attribute_names=self._attribute_names(element),
            line=element.sourceline,
        )

    def _attribute_authority(self, element: _Element) -> AttributeAuthorityRole:
        return AttributeAuthorityRole(
            keys=self._keys(element),
            attribute_services=self._endpoints(element, "AttributeService"),
            name_id_formats=self._texts(element, "NameIDFormat"),
            attribute_names=self._attribute_names(element),
            line=element.sourceline,
        )

    def _keys(self, role: _Element) -> tuple[KeyDescriptor, ...]:
        return tuple(read_key_descriptor(each) for each in children(role, NS_MD, "KeyDescriptor"))

    def _endpoints(self, role: _Element, tag: str) -> tuple[Endpoint, ...]:
        return tuple(
            Endpoint(
                binding=each.get("Binding", ""),
                location=each.get("Location", ""),
                response_location=each.get("ResponseLocation"),
                index=self._number(each, "index"),
                is_default=self._boolean(each, "isDefault"),
                line=each.sourceline,
            )
            for each in children(role, NS_MD, tag)
        )

    def _requested_attributes(self, service: _Element) -> tuple[RequestedAttribute, ...]:
        return tuple(
            RequestedAttribute(
                name=each.get("Name", ""),
                name_format=each.get("NameFormat"),
                is_required=self._boolean(each, "isRequired"),
                friendly_name=each.get("FriendlyName"),
                line=each.sourceline,
            )
            for each in children(service, NS_MD, "RequestedAttribute")
        )

    def _attribute_names(self, role: _Element) -> tuple[str, ...]:
        return tuple(each.get("Name", "") for each in children(role, NS_SAML, "Attribute"))

    def _contact(self, element: _Element) -> ContactPerson:
        return ContactPerson(element.get("contactType", ""), self._texts(element, "EmailAddress"))

    def _organization_name(self, root: _Element) -> str | None:
        organization = next(children(root, NS_MD, "Organization"), None)
        names = () if organization is None else self._texts(organization, "OrganizationDisplayName")
        return names[0] if names else None

    def _texts(self, parent: _Element, tag: str) -> tuple[str, ...]:
        texts = []
        for element in children(parent, NS_MD, tag):
            try:
                # pretty-printed by hand more often than not, and no URI or name here begins with a space
                texts.append(text_of(element).strip())
            except SamlError as error:
                self._note(element, error.detail)
        return tuple(texts)

    def _boolean(self, element: _Element, attribute: str) -> bool:
        try:
            return boolean(element, attribute)
        except SamlError as error:
            self._note(element, error.detail)
            return False

    def _number(self, element: _Element, attribute: str) -> int | None:
        try:
            return number(element, attribute)
        except SamlError as error:
            self._note(element, error.detail)
            return None

    def _instant(self, element: _Element, attribute: str) -> datetime | None:
        try:
            return instant(element, attribute)
        except SamlError as error:
            # an end that nobody can read is an end that has passed: never valid for ever by mistake
            self._note(element, f"{error.detail} in {attribute}", key="md.expired")
            return None

    def _note(self, element: _Element, detail: str, *, key: str = "md.rule", mend: str | None = None) -> None:
        self.problems.append(MetadataProblem(key, detail, element.sourceline, mend))
