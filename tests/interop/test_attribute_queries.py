"""A pysaml2 client asks for rights: the Context Handler's attribute service as a system, the municipality's as the Context Handler."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from saml2 import BINDING_SOAP
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.response import AttributeResponse
from saml2.saml import NAME_FORMAT_URI, NameID
from saml2.sigver import RSACrypto

from federation.dev_ca import KeySet
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.privileges import PrivilegeList, read_privileges
from oiosaml.uris import DIGEST_SHA256, NAMEID_X509_SUBJECT_NAME, RSA_SHA256
from saml_web.ids import SystemIds
from sp_demo.pysaml2_crypto import InProcessXmlsec
from sp_demo.pysaml2_stack import _bare, _PemMetadata
from tests.flows.street import Street, log_in, open_street
from tests.processes import shipped_keys

IB_NOEHR = "C=DK,O=94000018,CN=Ib Nøhr,Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04"
TOWARDS_SYSTEMS = "/runtime/saml2/metadata.idp"


class QueryAnswer(AttributeResponse):  # type: ignore[misc]  # pysaml2 has no types
    """pysaml2 asks even an attribute service's answer for a SubjectConfirmation, which nobody confirms here (SAML Profiles 6.3)."""

    def get_subject(self, keys: object = None) -> NameID:
        """Give whom the answer is about."""
        del keys
        self.name_id = self.assertion.subject.name_id
        return self.name_id


class Asker:
    """pysaml2 as whoever asks: its own query, its own reading of the answer."""

    def __init__(self, entity_id: str, keys: KeySet, metadata: bytes) -> None:
        config: dict[str, Any] = {
            "entityid": entity_id,
            # Must name a file that exists; never run, since the back end is replaced.
            "xmlsec_binary": sys.executable,
            "only_use_keys_in_metadata": True,
            "service": {"sp": {"endpoints": {"assertion_consumer_service": ["https://asker.test/acs"]}}},
            "metadata": {"inline": [metadata.decode()]},
            "allow_unknown_attributes": True,
            "accepted_time_diff": 300,
        }
        client = Saml2Client(config=SPConfig().load(config))
        client.sec.crypto = InProcessXmlsec(keys.private_key_pem)
        client.sec.sec_backend = RSACrypto(load_pem_private_key(keys.private_key_pem, password=None))
        client.sec.my_cert = _bare(keys.certificate_pem)
        client.sec.enc_key_files = ["own key"]
        client.metadata = client.sec.metadata = _PemMetadata(client.metadata)
        self.client = client

    def ask(self, street: Street, authority: str, *, sign: bool = True) -> str:
        (service,) = self.client.metadata.attribute_service(authority, BINDING_SOAP)
        question, query = self.client.create_attribute_query(
            service["location"],
            name_id=NameID(text=IB_NOEHR, format=NAMEID_X509_SUBJECT_NAME),
            attribute={(PRIVILEGES_INTERMEDIATE, NAME_FORMAT_URI, "Privileges"): None},
            message_id=SystemIds().message_id(),
            sign=sign,
            sign_alg=RSA_SHA256,
            digest_alg=DIGEST_SHA256,
        )
        envelope = make_soap_enveloped_saml_thingy(query)
        answer = street.post(service["location"], content=envelope, headers={"Content-Type": "text/xml"})
        assert answer.status_code == 200, answer.text
        assert f'InResponseTo="{question}"' in answer.text
        return answer.text

    def rights(self, answer: str) -> PrivilegeList:
        # pysaml2 takes an envelope apart by ElementTree, which renames prefixes and so breaks every signature inside; what stands in
        # the Body is handed over octet by octet instead, and without a binding it is taken as it is.
        message = answer.partition("<soap:Body>")[2].rpartition("</soap:Body>")[0]
        config = self.client.config
        read = self.client._parse_response(
            message,
            QueryAnswer,
            "attribute_consuming_service",
            None,
            asynchop=False,
            entity_id=config.entityid,
            attribute_converters=config.attribute_converters,
        )
        assert read.name_id.text == IB_NOEHR
        (attribute,) = [
            each
            for statement in read.assertion.attribute_statement
            for each in statement.attribute
            if each.name == PRIVILEGES_INTERMEDIATE
        ]
        return read_privileges(attribute.attribute_value[0].text)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """Ydelser fetches its rights by query, and Ib Nøhr is logged in there."""
    with open_street(tmp_path_factory.mktemp("street"), shipped_keys(tmp_path_factory.mktemp("certs"))) as opened:
        document = opened.get("/_sim/api/systems/ydelser").json()["registration"]
        answer = opened.put("/_sim/api/systems/ydelser", json=document | {"gets_rights": "query"})
        assert answer.status_code == 200, answer.text
        assert log_in(opened, "ydelser", "skovrup", "ib-noehr").url.endswith("/result")
        yield opened


def ydelser(street: Street) -> Asker:
    metadata = street.get(TOWARDS_SYSTEMS).content
    return Asker("https://saml.ydelser.sim.test", street.keys.system("ydelser"), metadata)


def test_a_system_asks_the_context_handler(street: Street) -> None:
    asker = ydelser(street)
    rights = asker.rights(asker.ask(street, street.world.context_handler.entity_id_towards_systems))
    privileges = {uri for group in rights.groups for uri in group.privileges}
    assert privileges and all(uri.startswith("http://ydelser.sim.test/") for uri in privileges)


def test_the_context_handler_asks_the_municipality(street: Street) -> None:
    (service,) = [each for each in street.world.attribute_services if each.id == "skovrup"]
    metadata = street.get(f"{street.topology.attribute_service('skovrup').path}/metadata").content
    asker = Asker(street.world.context_handler.entity_id_towards_idps, street.keys.context_handler, metadata)
    rights = asker.rights(asker.ask(street, service.entity_id))
    assert {uri for group in rights.groups for uri in group.privileges} > set()


def test_an_unsigned_question_gets_a_signed_refusal(street: Street) -> None:
    answer = ydelser(street).ask(street, street.world.context_handler.entity_id_towards_systems, sign=False)
    assert "sig.missing" in answer and "Assertion" not in answer and "SignatureValue" in answer
