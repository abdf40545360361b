"""The content models of SAML's own schemas (saml-schema-assertion-2.0, -protocol-2.0, -metadata-2.0), written so that they fit on a page.

One line an element: its attributes (`!` required), its children in order (`?` `*` `+` how often, `|` choice, `any` an element of another
namespace). Three lists are looser than the standard on purpose, marked below: there a rule gives the better answer.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from oiosaml.uris import NS_APPSWITCH, NS_DS, NS_MD, NS_SAML, NS_SAMLP, NS_XENC
from oiosaml.xml.content_model import Model, Slot

_NS_XML: Final = "http://www.w3.org/XML/1998/namespace"
_PREFIXES: Final = {
    "saml": NS_SAML,
    "samlp": NS_SAMLP,
    "md": NS_MD,
    "ds": NS_DS,
    "xenc": NS_XENC,
    "xml": _NS_XML,
    "nl": NS_APPSWITCH,
}
_OCCURS: Final[dict[str, tuple[int, int | None]]] = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}
_TOKEN = re.compile(r"([^?*+]+)([?*+]?)")


def _qname(name: str) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{_PREFIXES[prefix]}}}{local}" if colon else name


def _slot(token: str) -> Slot:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ValueError(f"got {token!r}, expected a name and how often it comes")
    names = frozenset[str]() if match[1] == "any" else frozenset(_qname(name) for name in match[1].split("|"))
    return Slot(names, *_OCCURS[match[2]])


def _model(attributes: str = "", children: str | None = "", *, text: bool = False, foreign: bool = False) -> Model:
    names = attributes.split()
    return Model(
        attributes=frozenset(_qname(name.rstrip("!")) for name in names),
        required=frozenset(_qname(name[:-1]) for name in names if name.endswith("!")),
        sequence=None if children is None else tuple(_slot(token) for token in children.split()),
        text=text,
        foreign_attributes=foreign,
    )


def _models(prefix: str, models: dict[str, Model]) -> dict[str, Model]:
    return {_qname(f"{prefix}:{name}"): model for name, model in models.items()}


_NAME_ID: Final = _model("NameQualifier SPNameQualifier Format SPProvidedID", text=True)
_TEXT: Final = _model(text=True)
_ENCRYPTED: Final = _model(children="xenc:EncryptedData xenc:EncryptedKey*")
_ANYTHING: Final = _model(children=None, text=True, foreign=True)
_EXTENSIONS: Final = _model(children="any*")
_ATTRIBUTE: Final = _model("Name! NameFormat FriendlyName", "saml:AttributeValue*", foreign=True)

_REQUEST: Final = "ID! Version! IssueInstant! Destination Consent"
_RESPONSE: Final = f"{_REQUEST} InResponseTo"
_REQUEST_HEAD: Final = "saml:Issuer ds:Signature? samlp:Extensions?"
_SUBJECT_ID: Final = "saml:BaseID|saml:NameID|saml:EncryptedID"

_ASSERTION_MODELS: Final = _models(
    "saml",
    {
        "Assertion": _model(
            "ID! Version! IssueInstant!",
            "saml:Issuer ds:Signature? saml:Subject? saml:Conditions? saml:Advice? "
            "saml:Statement|saml:AuthnStatement|saml:AuthzDecisionStatement|saml:AttributeStatement*",
        ),
        "Issuer": _NAME_ID,
        "NameID": _NAME_ID,
        "EncryptedID": _ENCRYPTED,
        "EncryptedAssertion": _ENCRYPTED,
        "EncryptedAttribute": _ENCRYPTED,
        "Subject": _model(children=f"{_SUBJECT_ID}? saml:SubjectConfirmation*"),
        "SubjectConfirmation": _model("Method!", f"{_SUBJECT_ID}? saml:SubjectConfirmationData?"),
        "SubjectConfirmationData": _model(
            "NotBefore NotOnOrAfter Recipient InResponseTo Address", None, text=True, foreign=True
        ),
        "Conditions": _model(
            "NotBefore NotOnOrAfter",
            "saml:Condition|saml:AudienceRestriction|saml:OneTimeUse|saml:ProxyRestriction*",
        ),
        # Looser: the standard wants at least one Audience; the rule about audiences says it better (attack PRO-08).
        "AudienceRestriction": _model(children="saml:Audience*"),
        "Audience": _TEXT,
        "OneTimeUse": _model(),
        "ProxyRestriction": _model("Count", "saml:Audience*"),
        "AuthnStatement": _model(
            "AuthnInstant! SessionIndex SessionNotOnOrAfter", "saml:SubjectLocality? saml:AuthnContext"
        ),
        "SubjectLocality": _model("Address DNSName"),
        "AuthnContext": _model(
            children="saml:AuthnContextClassRef? saml:AuthnContextDecl|saml:AuthnContextDeclRef? "
            "saml:AuthenticatingAuthority*"
        ),
        "AuthnContextClassRef": _TEXT,
        "AuthnContextDeclRef": _TEXT,
        "AuthenticatingAuthority": _TEXT,
        "AttributeStatement": _model(children="saml:Attribute|saml:EncryptedAttribute+"),
        "Attribute": _ATTRIBUTE,
        "AttributeValue": _ANYTHING,
    },
)

_PROTOCOL_MODELS: Final = _models(
    "samlp",
    {
        "Response": _model(
            _RESPONSE,
            "saml:Issuer? ds:Signature? samlp:Extensions? samlp:Status saml:Assertion|saml:EncryptedAssertion*",
        ),
        "Extensions": _EXTENSIONS,
        "Status": _model(children="samlp:StatusCode samlp:StatusMessage? samlp:StatusDetail?"),
        "StatusCode": _model("Value!", "samlp:StatusCode?"),
        "StatusMessage": _TEXT,
        "StatusDetail": _model(children=None, text=True),
        "AuthnRequest": _model(
            f"{_REQUEST} ForceAuthn IsPassive ProtocolBinding AssertionConsumerServiceIndex AssertionConsumerServiceURL "
            "AttributeConsumingServiceIndex ProviderName",
            f"{_REQUEST_HEAD} saml:Subject? samlp:NameIDPolicy? saml:Conditions? samlp:RequestedAuthnContext? samlp:Scoping?",
        ),
        "NameIDPolicy": _model("Format SPNameQualifier AllowCreate"),
        "RequestedAuthnContext": _model("Comparison", "saml:AuthnContextClassRef|saml:AuthnContextDeclRef+"),
        "Scoping": _model("ProxyCount", "samlp:IDPList? samlp:RequesterID*"),
        "IDPList": _model(children="samlp:IDPEntry+ samlp:GetComplete?"),
        "IDPEntry": _model("ProviderID! Name Loc"),
        "GetComplete": _TEXT,
        "RequesterID": _TEXT,
        "AttributeQuery": _model(_REQUEST, f"{_REQUEST_HEAD} saml:Subject saml:Attribute*"),
        "LogoutRequest": _model(
            f"{_REQUEST} Reason NotOnOrAfter", f"{_REQUEST_HEAD} {_SUBJECT_ID} samlp:SessionIndex*"
        ),
        "SessionIndex": _TEXT,
        "LogoutResponse": _model(_RESPONSE, "saml:Issuer? ds:Signature? samlp:Extensions? samlp:Status"),
    },
)

_ENDPOINT: Final = _model("Binding! Location! ResponseLocation", "any*", foreign=True)
_INDEXED_ENDPOINT: Final = _model("Binding! Location! ResponseLocation index! isDefault", "any*", foreign=True)
_LOCALIZED: Final = _model("xml:lang!", text=True)
_ROLE: Final = "ID validUntil cacheDuration protocolSupportEnumeration! errorURL"
_ROLE_HEAD: Final = "ds:Signature? md:Extensions? md:KeyDescriptor* md:Organization? md:ContactPerson*"
_SSO_HEAD: Final = (
    f"{_ROLE_HEAD} md:ArtifactResolutionService* md:SingleLogoutService* md:ManageNameIDService* md:NameIDFormat*"
)

_METADATA_MODELS: Final = _models(
    "md",
    {
        "EntityDescriptor": _model(
            "ID entityID! validUntil cacheDuration",
            "ds:Signature? md:Extensions? md:RoleDescriptor|md:IDPSSODescriptor|md:SPSSODescriptor|"
            "md:AuthnAuthorityDescriptor|md:AttributeAuthorityDescriptor|md:PDPDescriptor|md:AffiliationDescriptor* "
            "md:Organization? md:ContactPerson* md:AdditionalMetadataLocation*",
            foreign=True,
        ),
        "Extensions": _EXTENSIONS,
        # Looser: the standard wants at least one endpoint in each role; the rules about endpoints say it better.
        "SPSSODescriptor": _model(
            f"{_ROLE} AuthnRequestsSigned WantAssertionsSigned",
            f"{_SSO_HEAD} md:AssertionConsumerService* md:AttributeConsumingService*",
            foreign=True,
        ),
        "IDPSSODescriptor": _model(
            f"{_ROLE} WantAuthnRequestsSigned",
            f"{_SSO_HEAD} md:SingleSignOnService* md:NameIDMappingService* md:AssertionIDRequestService* "
            "md:AttributeProfile* saml:Attribute*",
            foreign=True,
        ),
        "AttributeAuthorityDescriptor": _model(
            _ROLE,
            f"{_ROLE_HEAD} md:AttributeService* md:AssertionIDRequestService* md:NameIDFormat* md:AttributeProfile* "
            "saml:Attribute*",
            foreign=True,
        ),
        "KeyDescriptor": _model("use", "ds:KeyInfo md:EncryptionMethod*"),
        "EncryptionMethod": _model("Algorithm!", None, text=True),
        "SingleSignOnService": _ENDPOINT,
        "SingleLogoutService": _ENDPOINT,
        "AttributeService": _ENDPOINT,
        "AssertionConsumerService": _INDEXED_ENDPOINT,
        "ArtifactResolutionService": _INDEXED_ENDPOINT,
        "NameIDFormat": _TEXT,
        "AttributeProfile": _TEXT,
        "AttributeConsumingService": _model(
            "index! isDefault", "md:ServiceName+ md:ServiceDescription* md:RequestedAttribute+"
        ),
        "ServiceName": _LOCALIZED,
        "ServiceDescription": _LOCALIZED,
        "RequestedAttribute": _model("Name! NameFormat FriendlyName isRequired", "saml:AttributeValue*", foreign=True),
        "Organization": _model(
            children="md:Extensions? md:OrganizationName+ md:OrganizationDisplayName+ md:OrganizationURL+", foreign=True
        ),
        "OrganizationName": _LOCALIZED,
        "OrganizationDisplayName": _LOCALIZED,
        "OrganizationURL": _LOCALIZED,
        "ContactPerson": _model(
            "contactType!",
            "md:Extensions? md:Company? md:GivenName? md:SurName? md:EmailAddress* md:TelephoneNumber*",
            foreign=True,
        ),
    },
)

_EXTENSION_MODELS: Final = _models(
    "nl",
    {
        # Looser: the XSD demands ReturnURL; NemLog-in does not for iOS, and a rule says for whom it is missing.
        "AppSwitch": _model(children="nl:Platform nl:ReturnURL?"),
        "Platform": _TEXT,
        "ReturnURL": _TEXT,
    },
)

MODELS: Final[Mapping[str, Model]] = MappingProxyType(
    _ASSERTION_MODELS | _PROTOCOL_MODELS | _METADATA_MODELS | _EXTENSION_MODELS
)
"""Every element that SAML defines and we read, by its name as lxml writes it."""
