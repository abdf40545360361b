"""An AttributeQuery by pysaml2: a system that finds no rights in its token asks the Context Handler's attribute service for them.

pysaml2 writes, signs, verifies and decrypts; the envelope is opened by our own front door, since pysaml2 writes a message anew when it
takes it out of SOAP, and then no foreign signature verifies.
"""

import base64
from typing import Any, Final

from lxml import etree
from saml2 import BINDING_SOAP
from saml2.client import Saml2Client
from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.response import AttributeResponse, StatusError, VerificationError
from saml2.saml import NameID

from oiosaml.attributes import PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from oiosaml.uris import DIGEST_SHA256, NAME_FORMAT_URI, NS_SOAP, RSA_SHA256
from sp_demo.front_door import RESPONSE, Envelope, open_envelope, parse, refuse
from sp_demo.stack import PostSoap, Token

_BODY: Final = f"{{{NS_SOAP}}}Body"


class RightsQuery:
    """Asks for the rights of somebody who is logged in, through one system's pysaml2 client."""

    def __init__(self, client: Saml2Client, broker_entity_id: str) -> None:
        """Take the client and the broker it knows from metadata."""
        self._client = client
        self._broker = broker_entity_id

    async def ask(self, token: Token, *, fresh_id: MessageId, post: PostSoap) -> Attribute:
        """Ask; see `AsksForRights.ask`."""
        destination, octets = self._write(token, fresh_id)
        envelope = _open(await post(destination, octets))
        if not envelope.successful:
            told = ", ".join(
                part.rpartition(":")[2] if part.startswith("urn:") else part for part in envelope.status if part
            )
            raise refuse("aq.fault:context-handler", f"got the status {told}, expected the user's rights")
        if envelope.in_response_to != fresh_id:
            # pysaml2 does not compare it: its attribute query keeps no list of what it asked.
            raise refuse(
                "proto.in-response-to", f"got an answer to {envelope.in_response_to!r:.80}, expected {fresh_id}"
            )
        return self._read(envelope, token.subject.value)

    def _write(self, token: Token, fresh_id: MessageId) -> tuple[str, bytes]:
        locations = self._client.metadata.attribute_service(self._broker, BINDING_SOAP)
        destination = str(locations[0]["location"])
        _, query = self._client.create_attribute_query(
            destination,
            name_id=NameID(
                text=token.subject.value,
                format=token.subject.format,
                name_qualifier=token.subject.name_qualifier,
                sp_name_qualifier=token.subject.sp_name_qualifier,
            ),
            attribute={(PRIVILEGES_INTERMEDIATE, NAME_FORMAT_URI): None},
            message_id=fresh_id,
            sign=True,
            sign_alg=RSA_SHA256,
            digest_alg=DIGEST_SHA256,
        )
        return destination, str(make_soap_enveloped_saml_thingy(str(query))).encode()

    def _read(self, envelope: Envelope, name_id: str) -> Attribute:
        try:
            # What `parse_attribute_query_response` does for SOAP, without taking the message out of the envelope once more.
            answer: Any = self._client._parse_response(  # noqa: SLF001 - see above
                envelope.octets.decode(),
                _RightsResponse,
                "attribute_consuming_service",
                None,
                asynchop=False,
                entity_id=self._client.config.entityid,
                attribute_converters=self._client.config.attribute_converters,
            )
        except (StatusError, SamlError):
            raise
        except Exception as error:
            raise refuse("sig.value", f"pysaml2: {type(error).__name__}: {error!s:.200}") from error
        if answer is None or answer.assertion is None:
            raise refuse("enc.failed", "pysaml2: no assertion that verifies and decrypts")
        subject = answer.assertion.subject.name_id.text
        if subject != name_id:
            raise refuse("aq.subject:context-handler", f"got rights of {subject!r:.160}, expected of {name_id!r:.160}")
        values = tuple(
            value.text or ""
            for statement in answer.assertion.attribute_statement
            for attribute in statement.attribute
            if attribute.name == PRIVILEGES_INTERMEDIATE
            for value in attribute.attribute_value
        )
        return Attribute(PRIVILEGES_INTERMEDIATE, values)


class _RightsResponse(AttributeResponse):  # type: ignore[misc] # pysaml2 has no types
    """pysaml2's answer, without its demand for a SubjectConfirmation with a Recipient.

    That is a login's: it says who may carry an assertion through a browser. One about attributes comes straight from the service that
    signed it and needs none (SAML Core 2.4.1.1); `RightsQuery` compares the subject with the one asked about.
    """

    def get_subject(self, keys: object = None) -> NameID:  # noqa: ARG002 - pysaml2's signature
        """Give the NameID of the assertion that was verified."""
        subject = self.assertion.subject if self.assertion else None
        if subject is None or subject.name_id is None:
            raise VerificationError("Missing subject")
        self.name_id = subject.name_id
        return self.name_id


def _open(soap: bytes) -> Envelope:
    """Take the Response out of the envelope with its namespaces as they are, and through the front door."""
    found = parse(soap).findall(f"{_BODY}/{RESPONSE}")
    if len(found) != 1:
        raise refuse("xml.root", f"got {len(found)} Responses in the SOAP body, expected one")
    octets = etree.tostring(found[0], with_tail=False)
    return open_envelope(base64.b64encode(octets).decode("ascii"))
