"""Messages of parties whose keys a test holds: valid by default towards the street's broker, one thing changed at a time."""

import base64
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
from lxml import etree

from oiosaml.bindings.redirect import write_redirect
from oiosaml.ids import AssertionId, EntityId
from oiosaml.keys import SigningKey
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.authn_request import AuthnRequest, Scoping, write_authn_request
from oiosaml.messages.response import write_encrypted_assertion, write_response
from oiosaml.validity import Window
from oiosaml.xml.encryption import OIOSAML_DEFAULT, EncryptionMethod, encrypt
from oiosaml.xml.sign import sign_octets
from saml_web.ids import SystemIds
from tests import builders
from tests.flows.street import BASE_URL, Street
from tests.trees import serialise, sign_enveloped, tree

SSO = "/runtime/saml2/issue.idp"
ACS = "/runtime/saml2auth/consume.idp"
KORSBAEK = EntityId("https://saml.idp.korsbaek.test")
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
IDS = SystemIds()


def request(street: Street, **changes: Any) -> AuthnRequest:
    """Byggesag's request for a login at Korsbæk."""
    fresh = {
        "id": IDS.message_id(),
        "issue_instant": street.clock(),
        "destination": BASE_URL + SSO,
        "assertion_consumer_service_url": street.topology.system("byggesag").acs_url,
        "scoping": Scoping(idp_list=(KORSBAEK,)),
    }
    return builders.authn_request(**(fresh | changes))


def query(
    street: Street, message: AuthnRequest | bytes, *, relay_state: str | None = "state", signer: str = "byggesag"
) -> str:
    """The query that carries a request, signed."""
    octets = message if isinstance(message, bytes) else serialise(write_authn_request(message))
    url = write_redirect(BASE_URL + SSO, octets, relay_state=relay_state, key=street.keys.system(signer).signing)
    return urlsplit(url).query


def raw_query(street: Street, octets: bytes, *, algorithm: str = RSA_SHA256) -> str:
    """The same for octets that our own writer would not write."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = base64.b64encode(packer.compress(octets) + packer.flush()).decode()
    signed = f"SAMLRequest={quote(packed, safe='')}&SigAlg={quote(algorithm, safe='')}"
    signature = base64.b64encode(sign_octets(signed.encode(), street.keys.system("byggesag").signing))
    return f"{signed}&Signature={quote(signature.decode(), safe='')}"


def xml_of(street: Street) -> bytes:
    return serialise(write_authn_request(request(street)))


def posted(octets: bytes, parameter: str = "SAMLRequest") -> dict[str, str]:
    return {parameter: base64.b64encode(octets).decode()}


def signed_post(street: Street, change: Callable[[etree._Element], None], *, before: bool = False) -> dict[str, str]:
    """A request by POST, changed after it was signed, or before."""
    element = tree(write_authn_request(request(street)))
    if before:
        change(element)
    sign_enveloped(element, street.keys.system("byggesag").signing)
    if not before:
        change(element)
    return posted(serialise(element))


@dataclass
class Question:
    """The broker's question at Korsbæk's IdP, and the browser that carries it."""

    street: Street
    client: httpx.Client
    id: str

    @property
    def idp_key(self) -> SigningKey:
        return self.street.keys.idp("korsbaek").signing

    def assertion(self, **changes: Any) -> Assertion:
        """Ane Holm has logged in."""
        now = self.street.clock()
        confirmation = builders.confirmation(
            recipient=BASE_URL + ACS, in_response_to=self.id, window=Window(None, now + timedelta(minutes=5))
        )
        fresh = {
            "id": AssertionId(IDS.message_id()),
            "issue_instant": now,
            "subject": builders.subject(confirmations=(confirmation,)),
            "conditions": builders.conditions(window=Window(now, now + timedelta(minutes=10))),
            "authn_statements": (builders.authn_statement(authn_instant=now),),
        }
        return builders.assertion(**(fresh | changes))

    def signed(self, assertion: Assertion, *, key: SigningKey | None = None) -> bytes:
        element = write_assertion(assertion)
        sign_enveloped(element, key or self.idp_key)
        return serialise(element)

    def sealed(self, octets: bytes, *, method: EncryptionMethod = OIOSAML_DEFAULT, **envelope: Any) -> bytes:
        key = self.street.keys.context_handler.signing.private_key.public_key()
        response = builders.response(**(self._envelope() | envelope))
        encrypted = write_encrypted_assertion(encrypt(octets, key, method, entropy=os.urandom))
        return serialise(write_response(response, encrypted))

    def plain(self, assertion: Assertion) -> bytes:
        return serialise(write_response(builders.response(**self._envelope()), write_assertion(assertion)))

    def _envelope(self) -> dict[str, Any]:
        return {
            "id": IDS.message_id(),
            "issue_instant": self.street.clock(),
            "in_response_to": self.id,
            "destination": BASE_URL + ACS,
        }

    def answer(self, **changes: Any) -> httpx.Response:
        """Post an answer whose assertion has something changed."""
        return self.post(self.sealed(self.signed(self.assertion(**changes))))

    def post(self, octets: bytes) -> httpx.Response:
        return self.client.post(ACS, data=posted(octets, "SAMLResponse"))

    def post_body(self, body: str) -> httpx.Response:
        return self.client.post(ACS, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})


def client_of(street: Street) -> httpx.Client:
    return httpx.Client(transport=street.transport, base_url=BASE_URL, trust_env=False)


def ask(street: Street, client: httpx.Client, **changes: Any) -> Question:
    """Begin a login and give the question that Korsbæk's IdP gets."""
    sent = client.get(f"{SSO}?{query(street, request(street, **changes))}")
    assert sent.status_code == 303, sent.text
    (packed,) = parse_qs(urlsplit(sent.headers["location"]).query)["SAMLRequest"]
    return Question(street, client, etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).get("ID"))


def form_of(**fields: str) -> str:
    return urlencode(fields)
