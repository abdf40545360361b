"""The URIs of SAML 2.0, XML Signature and Encryption, OIOSAML and OIOBPP, under the standards' own names."""

from typing import Final

# Namespaces
NS_SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
NS_SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
NS_MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
NS_ALG: Final = "urn:oasis:names:tc:SAML:metadata:algsupport"
NS_MDUI: Final = "urn:oasis:names:tc:SAML:metadata:ui"
NS_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
NS_XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
NS_XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
NS_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
NS_BPP: Final = "http://digst.dk/oiosaml/basic_privilege_profile"
NS_BPP_LEGACY: Final = "http://itst.dk/oiosaml/basic_privilege_profile"
NS_APPSWITCH: Final = "https://data.gov.dk/eid/saml/extensions"
NS_SIM_EXTENSIONS: Final = "urn:x-sim:context-handler:extensions"
"""Our choice (AS-07): carries the target user system in an AttributeQuery."""

PROTOCOL_SAML2: Final = NS_SAMLP

# Bindings (SAML Bindings 3)
BINDING_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BINDING_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BINDING_SOAP: Final = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"

# NameID formats (SAML Core 8.3)
NAMEID_PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
NAMEID_TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
NAMEID_X509_SUBJECT_NAME: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
NAMEID_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
NAMEID_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

PROFESSIONAL_UUID_PREFIX: Final = "https://data.gov.dk/model/core/eid/professional/uuid/"
PERSON_UUID_PREFIX: Final = "https://data.gov.dk/model/core/eid/person/uuid/"

# Attribute name formats
NAME_FORMAT_URI: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
NAME_FORMAT_BASIC: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
NAME_FORMAT_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"

# Subject confirmation
CONFIRMATION_BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

# Status codes (SAML Core 3.2.2.2)
STATUS_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
STATUS_REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
STATUS_RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"
STATUS_VERSION_MISMATCH: Final = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch"
STATUS_AUTHN_FAILED: Final = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
STATUS_INVALID_NAMEID_POLICY: Final = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
STATUS_NO_AUTHN_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
STATUS_NO_AVAILABLE_IDP: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAvailableIDP"
STATUS_NO_SUPPORTED_IDP: Final = "urn:oasis:names:tc:SAML:2.0:status:NoSupportedIDP"
STATUS_NO_PASSIVE: Final = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
STATUS_PARTIAL_LOGOUT: Final = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
STATUS_PROXY_COUNT_EXCEEDED: Final = "urn:oasis:names:tc:SAML:2.0:status:ProxyCountExceeded"
STATUS_REQUEST_DENIED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
STATUS_REQUEST_UNSUPPORTED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported"
STATUS_UNKNOWN_PRINCIPAL: Final = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
STATUS_UNSUPPORTED_BINDING: Final = "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding"

TOP_LEVEL_STATUS: Final = frozenset({STATUS_SUCCESS, STATUS_REQUESTER, STATUS_RESPONDER, STATUS_VERSION_MISMATCH})

# NSIS levels as class references (OIOSAML 3, OIO-SP-06)
LOA_PREFIX: Final = "https://data.gov.dk/concept/core/nsis/loa/"
ASSURANCE_LEVEL_PREFIX: Final = "urn:dk:gov:saml:attribute:AssuranceLevel:"
"""NIST levels as class references (OIOSAML 2, KOMBIT)."""
AUTHN_CONTEXT_NSIS: Final = "https://data.gov.dk/concept/core/nsis"
ID_TYPE_PERSON: Final = "https://data.gov.dk/eid/Person"
ID_TYPE_PROFESSIONAL: Final = "https://data.gov.dk/eid/Professional"
CREDENTIAL_TYPE_PREFIX: Final = "https://nemlogin.dk/internal/credential/type/"
"""NemLog-in's private extension: a class reference that names the means of identification."""

# Algorithms
C14N_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
TRANSFORM_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
DIGEST_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
DIGEST_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#sha384"
DIGEST_SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
DIGEST_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"
AES128_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_OAEP: Final = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
RSA_OAEP_MGF1P: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
MGF1_SHA1: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha1"
MGF1_SHA256: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha256"

# KOMBIT's common data constraint types
CONSTRAINT_KLE: Final = "http://sts.kombit.dk/constraints/KLE/1"
CONSTRAINT_ORGANISATION_UNIT: Final = "http://sts.kombit.dk/constraints/orgenhed/1"
CONSTRAINT_IT_SYSTEM: Final = "http://sts.kombit.dk/constraints/itsystem/1"
