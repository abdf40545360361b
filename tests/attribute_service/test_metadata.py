from oiosaml.messages.metadata import signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import examine
from oiosaml.uris import BINDING_SOAP, NAMEID_X509_SUBJECT_NAME
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.attribute_service.house import URLS, House
from tests.builders import ATTRIBUTE_SERVICE, NOW


def test_the_metadata_can_be_registered_without_a_finding(house: House):
    document = read_metadata(house.visit("GET", "/metadata").content)
    assert document.entity is not None
    assert document.entity.entity_id == ATTRIBUTE_SERVICE
    assert examine(ATTRIBUTE_AUTHORITY_METADATA_RULES, document, MetadataExpectations(NOW)) == ()


def test_it_is_as_as16_has_it(house: House):
    role = read_metadata(house.visit("GET", "/metadata").content).entity.attribute_authority
    assert [key.fingerprint for key in signing_keys(role.keys)] == [house.service.verification.fingerprint]
    assert [(each.binding, each.location) for each in role.attribute_services] == [(BINDING_SOAP, URLS.soap_url)]
    assert role.name_id_formats == (NAMEID_X509_SUBJECT_NAME,)


def test_it_is_signed_with_the_key_it_names(house: House):
    response = house.visit("GET", "/metadata")
    verified = verify_enveloped(parse_metadata(response.content), (house.service.verification,), lambda root: root.tag)
    assert verified.signer == house.service.verification.fingerprint
