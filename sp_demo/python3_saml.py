"""Byggesag's stack: python3-saml, as strict as it goes. What it lets through all the same is closed in front_door.py and checks.py."""

from copy import deepcopy
from typing import Any, Final
from urllib.parse import quote, urlsplit

import xmlsec
from lxml import etree
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from federation.model import Profile
from oiosaml.attributes import Attribute
from oiosaml.errors import SamlError
from oiosaml.ids import AssertionId, MessageId
from oiosaml.name_id import NameId
from oiosaml.nist import StatedLevel
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    DIGEST_SHA256,
    RSA_SHA256,
)
from sp_demo.front_door import ASSERTION, SIGNATURE, Envelope, parse, refuse
from sp_demo.python3_saml_logout import Python3SamlLogout
from sp_demo.stack import Accepted, AsksForRights, Begun, RedirectTo, StatusAnswer, Token
from sp_demo.system import DemoSystem, LoginWish, SystemKeys

_Error = OneLogin_Saml2_ValidationError
_CODES: Final = {
    _Error.UNSUPPORTED_SAML_VERSION: "proto.version",
    _Error.WRONG_NUMBER_OF_ASSERTIONS: "proto.assertion-count",
    _Error.WRONG_SIGNED_ELEMENT: "sig.structure",
    _Error.INVALID_SIGNED_ELEMENT: "sig.coverage",
    _Error.DUPLICATED_ID_IN_SIGNED_ELEMENTS: "sig.coverage",
    _Error.DUPLICATED_REFERENCE_IN_SIGNED_ELEMENTS: "sig.coverage",
    _Error.UNEXPECTED_SIGNED_ELEMENTS: "sig.coverage",
    _Error.INVALID_XML_FORMAT: "xml.schema",
    _Error.WRONG_INRESPONSETO: "proto.in-response-to",
    _Error.NO_ENCRYPTED_ASSERTION: "enc.structure",
    _Error.MISSING_CONDITIONS: "proto.statement",
    _Error.ASSERTION_TOO_EARLY: "proto.not-yet-valid",
    _Error.ASSERTION_EXPIRED: "proto.expired",
    _Error.SESSION_EXPIRED: "proto.expired",
    _Error.WRONG_NUMBER_OF_AUTHSTATEMENTS: "proto.statement",
    _Error.NO_ATTRIBUTESTATEMENT: "proto.statement",
    _Error.WRONG_DESTINATION: "proto.destination",
    _Error.EMPTY_DESTINATION: "proto.destination",
    _Error.WRONG_AUDIENCE: "proto.audience",
    _Error.WRONG_ISSUER: "fed.issuer-mismatch",
    _Error.ISSUER_NOT_FOUND_IN_ASSERTION: "fed.issuer-mismatch",
    _Error.ISSUER_MULTIPLE_IN_RESPONSE: "fed.issuer-mismatch",
    _Error.WRONG_SUBJECTCONFIRMATION: "proto.confirmation",
    _Error.NO_SIGNED_ASSERTION: "sig.missing",
    _Error.NO_SIGNED_MESSAGE: "sig.missing",
    _Error.NO_SIGNATURE_FOUND: "sig.missing",
    _Error.INVALID_SIGNATURE: "sig.value",
    _Error.WRONG_NUMBER_OF_SIGNATURES: "sig.structure",
    _Error.DEPRECATED_SIGNATURE_METHOD: "sig.algorithm",
    _Error.DEPRECATED_DIGEST_METHOD: "sig.algorithm",
    _Error.NO_NAMEID: "proto.subject",
    _Error.EMPTY_NAMEID: "proto.subject",
    _Error.SP_NAME_QUALIFIER_NAME_MISMATCH: "proto.subject",
    _Error.DUPLICATED_ATTRIBUTE_NAME_FOUND: "fed.attribute",
}
"""python3-saml's error numbers in our vocabulary; any other is `xml.schema`."""


class Python3SamlStack:
    """python3-saml for one system and one broker. One settings object per level: the toolkit has no per-request level."""

    def __init__(self, system: DemoSystem, keys: SystemKeys, *, broker_metadata: bytes) -> None:
        """Set the toolkit up from the broker's metadata, read by the toolkit's own parser.

        Raises:
            OneLogin_Saml2_Error: if the toolkit finds the settings wanting.
        """
        idp = OneLogin_Saml2_IdPMetadataParser.parse(broker_metadata, required_sso_binding=BINDING_REDIRECT)["idp"]
        self.broker_entity_id: str = idp["entityId"]
        self._request_data = _request_data(system)
        self.rights: AsksForRights | None = None  # python3-saml knows no AttributeQuery
        self._any_level = system.levels[0]
        self.logout = Python3SamlLogout(
            system,
            _settings(system, keys) | {"idp": deepcopy(idp)} | _security(self._any_level, system),
            broker_metadata=broker_metadata,
        )
        self._settings = {
            level: OneLogin_Saml2_Settings(_settings(system, keys) | {"idp": deepcopy(idp)} | _security(level, system))
            for level in system.levels
        }

    def begin(self, wish: LoginWish, *, relay_state: str, fresh_id: MessageId) -> Begun:  # noqa: ARG002 - the toolkit makes its own ID
        """Write an AuthnRequest by Redirect.

        The toolkit knows neither Scoping nor the POST binding for requests: a chosen IdP travels as the broker's `idp` hint, outside
        the signature, and `wish.binding` is not heeded.
        """
        auth = OneLogin_Saml2_Auth(self._request_data, self._settings[wish.level])
        url: str = auth.login(return_to=relay_state, force_authn=wish.force, is_passive=wish.passive)
        hint = f"&idp={quote(wish.idp, safe='')}" if wish.idp else ""
        return Begun(MessageId(auth.get_last_request_id()), RedirectTo(url + hint))

    def read(self, envelope: Envelope, *, request_id: MessageId) -> Accepted | StatusAnswer:
        """Let the toolkit validate; see `Stack.read`."""
        settings = self._settings[self._any_level]
        if not envelope.successful:
            return StatusAnswer(*envelope.status, signed=self._signed(envelope, settings))
        try:
            response = OneLogin_Saml2_Response(settings, envelope.encoded)
            # Between decryption and validation: validation runs whatever transform the decrypted signature names.
            # Parsed anew, since the toolkit's own element class hides iter(); the content is the same.
            document = parse(etree.tostring(response.get_xml_document()))
            response.is_valid(self._request_data, request_id, raise_exceptions=True)
            return Accepted(_token(response, document), document)
        except SamlError:
            raise
        except (_Error, OneLogin_Saml2_Error) as error:
            raise refuse(_CODES.get(error.code, "xml.schema"), f"python3-saml: {error!s:.300}") from error
        except xmlsec.Error as error:
            raise refuse("enc.failed", f"python3-saml: {type(error).__name__}") from error
        except Exception as error:
            raise refuse("xml.schema", f"python3-saml: {type(error).__name__}: {error!s:.200}") from error

    def _signed(self, envelope: Envelope, settings: OneLogin_Saml2_Settings) -> bool:
        # The toolkit looks at the status first and never at the signature of an answer without success.
        if envelope.root.find(SIGNATURE) is None:
            return False
        idp = settings.get_idp_data()
        multicerts = idp.get("x509certMulti", {}).get("signing")
        xpath = OneLogin_Saml2_Utils.RESPONSE_SIGNATURE_XPATH
        cert = settings.get_idp_cert()
        if not OneLogin_Saml2_Utils.validate_sign(envelope.octets, cert, xpath=xpath, multicerts=multicerts):
            raise refuse("sig.value", "python3-saml: the signature of the Response does not verify")
        return True


def _token(response: OneLogin_Saml2_Response, document: etree._Element) -> Token:
    assertion = document.find(ASSERTION)
    if assertion is None:
        raise refuse("proto.assertion-count", "got no assertion after decryption, expected one")
    friendly = {tuple(values): name for name, values in response.get_friendlyname_attributes().items()}
    attributes = tuple(
        # The toolkit gives a NameID inside a value as a dict; such a value is none of OIOSAML's and is shown as text.
        Attribute(name, tuple(str(value) for value in values), friendly_name=friendly.get(tuple(map(str, values))))
        for name, values in response.get_attributes().items()
    )
    return Token(
        assertion_id=AssertionId(response.get_assertion_id()),
        subject=NameId(
            response.get_nameid(), response.get_nameid_format(), response.get_nameid_nq(), response.get_nameid_spnq()
        ),
        session_index=response.get_session_index(),
        attributes=attributes,
        assertion=etree.tostring(assertion, with_tail=False),
    )


def _request_data(system: DemoSystem) -> dict[str, str]:
    # The toolkit builds the URL it believes to be at from this: from the configured one, never from a request.
    parts = urlsplit(system.urls.acs_url)
    return {"https": "on" if parts.scheme == "https" else "off", "http_host": parts.netloc, "script_name": parts.path}


def _settings(system: DemoSystem, keys: SystemKeys) -> dict[str, Any]:
    return {
        "strict": True,
        "debug": False,
        "sp": {
            "entityId": system.entity_id,
            "assertionConsumerService": {"url": system.urls.acs_url, "binding": BINDING_POST},
            "NameIDFormat": system.name_id_format,
            "x509cert": keys.certificate_pem.decode("ascii"),
            "privateKey": keys.private_key_pem.decode("ascii"),
        },
    }


def _security(level: StatedLevel, system: DemoSystem) -> dict[str, Any]:
    return {
        "security": {
            "authnRequestsSigned": True,
            "wantAssertionsSigned": True,
            # OIOSAML 2 leaves it open, and the front door looks after it either way.
            "wantAssertionsEncrypted": system.profile is not Profile.OIOSAML2,
            # OIOSAML 3 says a successful Response is not signed itself (R3-IDP-02).
            "wantMessagesSigned": False,
            "wantNameId": True,
            "wantAttributeStatement": True,
            "rejectDeprecatedAlgorithm": True,
            "allowRepeatAttributeName": False,
            "allowSingleLabelDomains": True,
            "signatureAlgorithm": RSA_SHA256,
            "digestAlgorithm": DIGEST_SHA256,
            "requestedAuthnContext": [level.uri],
            "requestedAuthnContextComparison": "minimum",
            # The class reference is not where OIOSAML says the level (R3-IDP-14); checks.py reads the attribute.
            "failOnAuthnContextMismatch": False,
        }
    }
