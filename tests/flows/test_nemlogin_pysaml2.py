"""pysaml2 as a client of NemLog-in: a login, and an attribute query about the person who is then logged in."""

from typing import Any

from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.saml import NameID

from nsis_sim.demo_systems import service_behind_nemlogin, system_keys
from oiosaml.attributes import CPR_NUMBER, CVR, FULL_NAME
from oiosaml.uris import DIGEST_SHA256, NAME_FORMAT_URI, RSA_SHA256
from sp_demo.pysaml2_query import _open, _RightsResponse
from sp_demo.pysaml2_stack import PySaml2Stack
from tests.flows.street import Street
from tests.flows.test_nemlogin_door import logged_in


def pysaml2_of(street: Street) -> Any:
    assert street.world.nemlogin is not None
    (client,) = street.world.nemlogin.clients
    system = service_behind_nemlogin(client, street.topology)
    metadata = street.get("/nemlogin/metadata").content
    return PySaml2Stack(system, system_keys(client.id, street.keys), broker_metadata=metadata)._client


def test_an_attribute_query_about_somebody_who_is_logged_in(street: Street) -> None:
    subject = logged_in(street, "sif-oernhoej")
    client = pysaml2_of(street)
    (location,) = client.metadata.attribute_service(
        "https://saml.nemlogin.sim.test", "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
    )
    _, query = client.create_attribute_query(
        location["location"],
        name_id=NameID(text=subject.value, format=subject.format),
        attribute={(name, NAME_FORMAT_URI): None for name in (CVR, FULL_NAME, CPR_NUMBER)},
        message_id="_" + "c" * 32,
        sign=True,
        sign_alg=RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    soap = str(make_soap_enveloped_saml_thingy(str(query))).encode()
    sent = street.post("/nemlogin/attributequery", content=soap, headers={"Content-Type": "text/xml"})
    answer = client._parse_response(
        _open(sent.content).octets.decode(),
        _RightsResponse,
        "attribute_consuming_service",
        None,
        asynchop=False,
        entity_id=client.config.entityid,
        attribute_converters=client.config.attribute_converters,
    )
    assert answer.assertion.subject.name_id.text == subject.value
    told = {
        attribute.name: [value.text for value in attribute.attribute_value]
        for statement in answer.assertion.attribute_statement
        for attribute in statement.attribute
    }
    assert told == {CVR: ["97100015"], FULL_NAME: ["Sif Ørnhøj"]}
