"""AuthnRequest (SAML Core 3.4.1) as OIOSAML 3 and KOMBIT use it."""

from datetime import datetime
from typing import Final

from lxml.etree import _Element

from oiosaml.eid import IdType
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId
from oiosaml.messages.app_switch import AppSwitch, add_app_switch, read_app_switch
from oiosaml.messages.element import (
    Parts,
    add,
    boolean,
    build,
    child,
    children,
    number,
    qname,
    refuse_other_version,
    required,
    required_instant,
    xml_boolean,
)
from oiosaml.messages.name_id import SAML, SAML_DECLARED, write_issuer
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import CREDENTIAL_TYPE_PREFIX, NS_SAML, NS_SAMLP
from oiosaml.validity import format_instant
from oiosaml.value_type import value_type
from oiosaml.xml.escaping import attribute, tagged
from oiosaml.xml.parse import text_of
from oiosaml.xml.writing import NewElement

_ISSUER: Final = qname(NS_SAML, "Issuer")
_EXTENSIONS: Final = qname(NS_SAMLP, "Extensions")
_NAME_ID_POLICY: Final = qname(NS_SAMLP, "NameIDPolicy")
_REQUESTED_AUTHN_CONTEXT: Final = qname(NS_SAMLP, "RequestedAuthnContext")
_SUBJECT: Final = qname(NS_SAML, "Subject")
_SCOPING: Final = qname(NS_SAMLP, "Scoping")


@value_type
class RequestedAuthnContext:
    """What strength of login is asked for (SAML Core 3.3.2.2.1). `comparison` is exact when the attribute is absent."""

    comparison: Comparison
    class_refs: tuple[str, ...]

    @property
    def levels(self) -> tuple[AssuranceLevel, ...]:
        """The NSIS levels among the class references, in order."""
        return tuple(level for uri in self.class_refs if (level := AssuranceLevel.from_uri(uri)) is not None)

    @property
    def assurance_levels(self) -> tuple[NistLevel, ...]:
        """The NIST levels among the class references, in order, as OIOSAML 2 asks for them."""
        return tuple(level for uri in self.class_refs if (level := NistLevel.from_uri(uri)) is not None)

    @property
    def id_types(self) -> tuple[IdType, ...]:
        """The ID types among the class references, in order."""
        return tuple(id_type for uri in self.class_refs for id_type in IdType if id_type == uri)

    @property
    def credential_types(self) -> tuple[str, ...]:
        """The credential types among the class references, in order, also those that are no longer issued."""
        return tuple(uri for uri in self.class_refs if uri.startswith(CREDENTIAL_TYPE_PREFIX))


@value_type
class NameIdPolicy:
    """What kind of NameID is asked for (SAML Core 3.4.1.1)."""

    format: str | None
    allow_create: bool


@value_type
class Scoping:
    """Which IdPs may answer and who asks behind the asker (SAML Core 3.4.1.2)."""

    proxy_count: int | None = None
    idp_list: tuple[EntityId, ...] = ()
    requester_ids: tuple[EntityId, ...] = ()


@value_type
class AuthnRequest:
    """A request to log a user in."""

    id: MessageId
    issue_instant: datetime
    issuer: EntityId
    destination: str | None = None
    assertion_consumer_service_url: str | None = None
    assertion_consumer_service_index: int | None = None
    protocol_binding: str | None = None
    force_authn: bool = False
    is_passive: bool = False
    requested_authn_context: RequestedAuthnContext | None = None
    name_id_policy: NameIdPolicy | None = None
    scoping: Scoping | None = None
    version: str = "2.0"
    issuer_format: str | None = None
    provider_name: str | None = None
    attribute_consuming_service_index: int | None = None
    app_switch: AppSwitch | None = None
    names_subject: bool = False
    """Whether it says who is to log in. That is read as a fact and no more, since nobody serves such a request; it is never written."""


def read_authn_request(element: _Element) -> AuthnRequest:
    """Read a samlp:AuthnRequest whose structure was checked.

    Raises:
        SamlError: `proto.version`, `proto.time-format`, `xml.text`, or `xml.schema` for a value not of its type.
    """
    refuse_other_version(element)
    parts = Parts(element)
    issuer = parts.required(_ISSUER)
    return AuthnRequest(
        id=MessageId(required(element, "ID")),
        issue_instant=required_instant(element, "IssueInstant"),
        issuer=EntityId(text_of(issuer)),
        issuer_format=issuer.get("Format"),
        destination=element.get("Destination"),
        assertion_consumer_service_url=element.get("AssertionConsumerServiceURL"),
        assertion_consumer_service_index=number(element, "AssertionConsumerServiceIndex"),
        attribute_consuming_service_index=number(element, "AttributeConsumingServiceIndex"),
        protocol_binding=element.get("ProtocolBinding"),
        force_authn=boolean(element, "ForceAuthn"),
        is_passive=boolean(element, "IsPassive"),
        provider_name=element.get("ProviderName"),
        requested_authn_context=_read_requested_authn_context(parts.one(_REQUESTED_AUTHN_CONTEXT)),
        name_id_policy=_read_name_id_policy(parts.one(_NAME_ID_POLICY)),
        scoping=_read_scoping(parts.one(_SCOPING)),
        app_switch=read_app_switch(parts.one(_EXTENSIONS)),
        names_subject=parts.one(_SUBJECT) is not None,
    )


def write_authn_request(request: AuthnRequest) -> NewElement:
    """Write the request, unsigned.

    Raises:
        UnwritableText: if a value holds what XML cannot.
    """
    prefixes = ("samlp", "saml") if request.app_switch is None else ("samlp", "saml", "nl")
    element = build(NS_SAMLP, "AuthnRequest", _attributes_of(request), prefixes=prefixes)
    element.write(write_issuer(request.issuer, request.issuer_format), declares=SAML)
    if request.app_switch is not None:
        add_app_switch(add(element, NS_SAMLP, "Extensions"), request.app_switch)
    element.write(
        "" if request.name_id_policy is None else _write_name_id_policy(request.name_id_policy),
        ""
        if request.requested_authn_context is None
        else _write_requested_authn_context(request.requested_authn_context),
        "" if request.scoping is None else _write_scoping(request.scoping),
    )
    return element


def _attributes_of(request: AuthnRequest) -> dict[str, str | None]:
    return {
        "ID": request.id,
        "Version": request.version,
        "IssueInstant": format_instant(request.issue_instant),
        "Destination": request.destination,
        "ForceAuthn": xml_boolean(request.force_authn),
        "IsPassive": xml_boolean(request.is_passive),
        "ProtocolBinding": request.protocol_binding,
        "AssertionConsumerServiceURL": request.assertion_consumer_service_url,
        "AssertionConsumerServiceIndex": _digits(request.assertion_consumer_service_index),
        "AttributeConsumingServiceIndex": _digits(request.attribute_consuming_service_index),
        "ProviderName": request.provider_name,
    }


def _write_name_id_policy(policy: NameIdPolicy) -> str:
    allow_create = xml_boolean(policy.allow_create)
    return f'<samlp:NameIDPolicy AllowCreate="{allow_create}"{attribute("Format", policy.format)}></samlp:NameIDPolicy>'


def _write_requested_authn_context(context: RequestedAuthnContext) -> str:
    class_refs = [tagged("saml:AuthnContextClassRef", each, SAML_DECLARED) for each in context.class_refs]
    return (
        f'<samlp:RequestedAuthnContext Comparison="{context.comparison.value}">'
        f"{''.join(class_refs)}</samlp:RequestedAuthnContext>"
    )


def _write_scoping(scoping: Scoping) -> str:
    entries = [f"<samlp:IDPEntry{attribute('ProviderID', each)}></samlp:IDPEntry>" for each in scoping.idp_list]
    requesters = [tagged("samlp:RequesterID", each) for each in scoping.requester_ids]
    idp_list = f"<samlp:IDPList>{''.join(entries)}</samlp:IDPList>" if entries else ""
    proxy_count = attribute("ProxyCount", _digits(scoping.proxy_count))
    return f"<samlp:Scoping{proxy_count}>{idp_list}{''.join(requesters)}</samlp:Scoping>"


def _digits(value: int | None) -> str | None:
    return None if value is None else str(value)


def _read_requested_authn_context(element: _Element | None) -> RequestedAuthnContext | None:
    if element is None:
        return None
    text = element.get("Comparison", Comparison.EXACT)
    try:
        comparison = Comparison(text)
    except ValueError as error:
        raise SamlError(
            "xml.schema", f"got Comparison={text!r:.40}, expected exact, minimum, maximum or better"
        ) from error
    return RequestedAuthnContext(
        comparison, tuple(text_of(ref) for ref in children(element, NS_SAML, "AuthnContextClassRef"))
    )


def _read_name_id_policy(element: _Element | None) -> NameIdPolicy | None:
    if element is None:
        return None
    return NameIdPolicy(format=element.get("Format"), allow_create=boolean(element, "AllowCreate"))


def _read_scoping(element: _Element | None) -> Scoping | None:
    if element is None:
        return None
    idp_list = child(element, NS_SAMLP, "IDPList")
    entries = () if idp_list is None else tuple(children(idp_list, NS_SAMLP, "IDPEntry"))
    return Scoping(
        proxy_count=number(element, "ProxyCount"),
        idp_list=tuple(EntityId(required(entry, "ProviderID")) for entry in entries),
        requester_ids=tuple(EntityId(text_of(each)) for each in children(element, NS_SAMLP, "RequesterID")),
    )
