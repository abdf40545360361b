"""Ydelser's stack: pysaml2, as strict as it goes, without the xmlsec1 program. The rest is closed in front_door.py and checks.py."""

import base64
import sys
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.mdstore import MetadataStore
from saml2.response import AuthnResponse, DecryptionFailed, StatusError, UnsolicitedResponse
from saml2.samlp import IDPEntry, IDPList, Scoping
from saml2.sigver import DecryptError, MissingKey, RSACrypto, SignatureError
from saml2.validate import NotValid, ResponseLifetimeExceed, ToEarly

from oiosaml.attributes import Attribute
from oiosaml.errors import SamlError
from oiosaml.ids import AssertionId, MessageId
from oiosaml.name_id import NameId
from oiosaml.uris import DIGEST_SHA256, RSA_SHA256
from sp_demo.front_door import ASSERTION, ENCRYPTED_ASSERTION, SIGNATURE, Envelope, parse, refuse
from sp_demo.pysaml2_crypto import InProcessXmlsec
from sp_demo.pysaml2_logout import PySaml2Logout
from sp_demo.pysaml2_query import RightsQuery
from sp_demo.stack import Accepted, Begun, PostTo, RedirectTo, StatusAnswer, Token
from sp_demo.system import DemoSystem, LoginWish, RequestBinding, SystemKeys

ACCEPTED_TIME_DIFF: Final = 300
"""Clock skew in seconds, as OIOSAML 3 allows it (R3-G-01)."""

_REFUSALS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (DecryptError, "enc.failed"),
    (DecryptionFailed, "enc.failed"),
    (MissingKey, "fed.issuer-mismatch"),
    (SignatureError, "sig.value"),
    (UnsolicitedResponse, "proto.in-response-to"),
    (ResponseLifetimeExceed, "proto.expired"),
    (ToEarly, "proto.not-yet-valid"),
    (NotValid, "xml.schema"),
)
"""pysaml2's exceptions in our vocabulary, first match first."""

_WORDS: Final = (
    ("AudienceRestrictions", "proto.audience"),
    ("recipient", "proto.recipient"),
    ("subject confirmation", "proto.confirmation"),
    ("AuthnStatement", "proto.statement"),
    ("Signature missing", "sig.missing"),
)
"""What pysaml2 says where its exception's class does not: it raises Exception itself for a wrong audience."""


class PySaml2Stack:
    """pysaml2 for one system and one broker."""

    def __init__(self, system: DemoSystem, keys: SystemKeys, *, broker_metadata: bytes) -> None:
        """Set the client up from the broker's metadata, read by pysaml2's own parser.

        Raises:
            SAMLError: if pysaml2 finds the configuration or the metadata wanting.
        """
        config = _config(system) | {"metadata": {"inline": [broker_metadata.decode()]}}
        self._client = Saml2Client(config=SPConfig().load(config))
        self._client.sec.crypto = InProcessXmlsec(keys.private_key_pem)
        # The public ways to hand over the key are file names; the key stays in memory here.
        self._client.sec.sec_backend = RSACrypto(load_pem_private_key(keys.private_key_pem, password=None))
        self._client.sec.my_cert = _bare(keys.certificate_pem)
        self._client.sec.enc_key_files = ["own key"]
        # pysaml2 would keep every person who ever logged in; logout.py keeps what a logout needs.
        self._client.users = _NobodyRemembered()
        self._client.metadata = self._client.sec.metadata = _PemMetadata(self._client.metadata)
        self.broker_entity_id: str = next(iter(self._client.metadata.with_descriptor("idpsso")))
        self._name_id_format = system.name_id_format
        self.rights = RightsQuery(self._client, self.broker_entity_id)
        self.logout = PySaml2Logout(
            self._client, broker_entity_id=self.broker_entity_id, broker_metadata=broker_metadata
        )

    def begin(self, wish: LoginWish, *, relay_state: str, fresh_id: MessageId) -> Begun:
        """Write an AuthnRequest by Redirect or POST; a chosen IdP goes into Scoping/IDPList, under the signature."""
        by_post = wish.binding is RequestBinding.POST
        binding = BINDING_HTTP_POST if by_post else BINDING_HTTP_REDIRECT
        destination = self._client.sso_location(self.broker_entity_id, binding)
        request_id, request = self._client.create_authn_request(
            destination,
            # Its own IDs hold some 101 random bits; SAML Core 1.3.4 wants 128.
            message_id=fresh_id,
            scoping=_scoping(wish),
            requested_authn_context={"authn_context_class_ref": [wish.level.uri], "comparison": "minimum"},
            nameid_format=self._name_id_format,
            allow_create="true",
            force_authn="true" if wish.force else None,
            is_passive="true" if wish.passive else None,
            sign=by_post,
            sign_alg=RSA_SHA256,
            digest_alg=DIGEST_SHA256,
        )
        if by_post:
            encoded = base64.b64encode(str(request).encode()).decode("ascii")
            fields = (("SAMLRequest", encoded), ("RelayState", relay_state))
            return Begun(MessageId(request_id), PostTo(destination, fields))
        http = self._client.apply_binding(binding, str(request), destination, relay_state, sign=True, sigalg=RSA_SHA256)
        return Begun(MessageId(request_id), RedirectTo(dict(http["headers"])["Location"]))

    def read(self, envelope: Envelope, *, request_id: MessageId) -> Accepted | StatusAnswer:
        """Let pysaml2 validate; see `Stack.read`."""
        try:
            answer = self._client.parse_authn_request_response(
                envelope.octets.decode(),
                # No binding: pysaml2 would inflate the message first, without a limit. front_door.py has decoded it.
                None,
                outstanding={request_id: "/"},
                # Without it pysaml2 does not look at Recipient at all.
                conv_info={"remote_addr": "0.0.0.0"},  # noqa: S104 - pysaml2's word for "any address"
            )
        except StatusError:
            # pysaml2 looks at a signature on the Response before the status, if there is one.
            return StatusAnswer(*envelope.status, signed=envelope.root.find(SIGNATURE) is not None)
        except SamlError:
            raise
        except Exception as error:
            raise refuse(_code_of(error), f"pysaml2: {type(error).__name__}: {error!s:.200}") from error
        if answer is None or answer.assertion is None:
            raise self._silent_refusal(envelope, answer)
        document = parse(answer.xmlstr.encode())
        return Accepted(_token(answer, document), document)

    def _silent_refusal(self, envelope: Envelope, answer: AuthnResponse) -> SamlError:
        # For these pysaml2 raises nothing and gives an answer without an assertion.
        if envelope.root.get("Destination") not in {None, *self._client.service_urls()}:
            return refuse("proto.destination", f"pysaml2: got Destination {envelope.root.get('Destination')!r:.200}")
        if answer is not None and not answer.issue_instant_ok():
            return refuse("proto.stale", "pysaml2: the Response was issued more than a day off")
        return refuse("enc.failed", "pysaml2: no key decrypts the assertion")


class _NobodyRemembered:
    """Stands in for pysaml2's Population."""

    def add_information_about_person(self, session_info: object) -> None:
        """Forget it at once."""


class _Pem:
    """A certificate where pysaml2 expects an open temporary file: its back end here takes the PEM itself for the name."""

    def __init__(self, pem: str) -> None:
        self.name = pem


class _PemMetadata:
    """pysaml2's metadata store, giving certificates out in PEM instead of having pysaml2 write them to temporary files."""

    def __init__(self, store: MetadataStore) -> None:
        self._store = store

    def certs(self, entity_id: str, descriptor: str, use: str = "signing") -> list[tuple[str | None, _Pem]]:
        """Give the certificates of one entity."""
        return [(name, _Pem(_pem(cert))) for name, cert in self._store.certs(entity_id, descriptor, use)]

    def certificates(self, entity_id: str, descriptor: str) -> list[str]:
        """Give the signing certificates of one entity as its metadata holds them."""
        return [cert for _, cert in self._store.certs(entity_id, descriptor, "signing")]

    def __getattr__(self, name: str) -> object:
        """Leave everything else to the store."""
        return getattr(self._store, name)


def _config(system: DemoSystem) -> dict[str, Any]:
    return {
        "entityid": str(system.entity_id),
        "name": system.name,
        # Must name a file that exists; never run, since the back end is replaced.
        "xmlsec_binary": sys.executable,
        "accepted_time_diff": ACCEPTED_TIME_DIFF,
        "only_use_keys_in_metadata": True,
        "signing_algorithm": RSA_SHA256,
        "digest_algorithm": DIGEST_SHA256,
        "service": {
            "sp": {
                "endpoints": {"assertion_consumer_service": [(system.urls.acs_url, BINDING_HTTP_POST)]},
                "name_id_format": [system.name_id_format],
                "authn_requests_signed": True,
                "want_assertions_signed": True,
                # OIOSAML 3 says a successful Response is not signed itself (R3-IDP-02).
                "want_response_signed": False,
                "allow_unsolicited": False,
            }
        },
    }


def _token(answer: AuthnResponse, document: etree._Element) -> Token:
    verified = document.find(f"{ENCRYPTED_ASSERTION}/{ASSERTION}")
    if verified is None:
        raise refuse("proto.assertion-count", "got no assertion after decryption, expected one")
    if answer.name_id is None:
        raise refuse("proto.subject", "got an assertion without NameID, which pysaml2 lets through")
    attributes = tuple(
        Attribute(
            attribute.name,
            tuple(value.text or "" for value in attribute.attribute_value),
            attribute.name_format or "",
            attribute.friendly_name,
        )
        for statement in answer.assertion.attribute_statement
        for attribute in statement.attribute
    )
    return Token(
        assertion_id=AssertionId(answer.assertion.id),
        subject=NameId(
            answer.name_id.text,
            answer.name_id.format,
            answer.name_id.name_qualifier,
            answer.name_id.sp_name_qualifier,
        ),
        session_index=answer.assertion.authn_statement[0].session_index if answer.assertion.authn_statement else None,
        attributes=attributes,
        assertion=etree.tostring(verified, with_tail=False),
    )


def _scoping(wish: LoginWish) -> Scoping | None:
    if wish.idp is None:
        return None
    return Scoping(idp_list=IDPList(idp_entry=[IDPEntry(provider_id=str(wish.idp))]))


def _code_of(error: Exception) -> str:
    for word, code in _WORDS:
        if word in str(error):
            return code
    return next((code for kind, code in _REFUSALS if isinstance(error, kind)), "xml.schema")


def _bare(certificate_pem: bytes) -> str:
    lines = certificate_pem.decode("ascii").strip().splitlines()
    return "".join(line for line in lines if not line.startswith("-----"))


def _pem(certificate: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{certificate.strip()}\n-----END CERTIFICATE-----\n"
