"""Both faces of the broker as metadata: signed, complete, and with two keys during a rollover."""

from dataclasses import replace

import pytest

from context_handler.faces import metadata_towards_idps, metadata_towards_systems
from context_handler.ports import Ports
from oiosaml import attributes as names
from oiosaml.messages.metadata import EntityDescriptor, signing_keys
from oiosaml.messages.metadata_reading import read_metadata, read_metadata_element
from oiosaml.rules.attribute_authority_metadata import can_be_asked, has_a_signing_key, is_an_attribute_authority
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import enforce
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, NAMEID_X509_SUBJECT_NAME
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.builders import (
    CH_IDP_FACE,
    CH_SLO_REQUEST_FROM_IDPS,
    CH_SLO_RESPONSE_FROM_IDPS,
    CH_SLO_RESPONSE_FROM_SYSTEMS,
    CH_SP_FACE,
    CH_SSO,
    NOW,
)
from tests.conftest import make_member
from tests.context_handler.rig import Rig


def entity(octets: bytes) -> EntityDescriptor:
    document = read_metadata(octets)
    assert document.entity is not None, document.problems
    return document.entity


def test_face_towards_systems_keeps_the_rules_we_put_to_others(rig: Rig) -> None:
    octets = metadata_towards_systems(rig.ports, at=NOW)
    enforce(IDP_METADATA_RULES, read_metadata(octets), MetadataExpectations(at=NOW))
    face = entity(octets)
    assert face.entity_id == CH_IDP_FACE
    assert face.idp is not None
    assert face.idp.want_authn_requests_signed
    services = {(service.binding, service.location) for service in face.idp.single_sign_on_services}
    assert services == {(BINDING_REDIRECT, rig.ports.urls.sso_url), (BINDING_POST, rig.ports.urls.sso_url)}


def test_logout_requests_go_where_authn_requests_go_and_answers_elsewhere(rig: Rig) -> None:
    face = entity(metadata_towards_systems(rig.ports, at=NOW)).idp
    assert face is not None
    got = [(each.binding, each.location, each.response_location) for each in face.single_logout_services]
    assert got == [
        (BINDING_REDIRECT, CH_SSO, CH_SLO_RESPONSE_FROM_SYSTEMS),
        (BINDING_POST, CH_SSO, CH_SLO_RESPONSE_FROM_SYSTEMS),
        (BINDING_SOAP, "https://ch.sim.test/runtime/services/signoff/saml2/soap", None),
    ]


def test_home_idps_log_out_at_addresses_of_their_own(rig: Rig) -> None:
    face = entity(metadata_towards_idps(rig.ports, at=NOW)).sp
    assert face is not None
    got = [(each.binding, each.location, each.response_location) for each in face.single_logout_services]
    assert got == [
        (binding, CH_SLO_REQUEST_FROM_IDPS, CH_SLO_RESPONSE_FROM_IDPS) for binding in (BINDING_REDIRECT, BINDING_POST)
    ]


def test_face_towards_systems_names_the_attribute_service(rig: Rig) -> None:
    octets = metadata_towards_systems(rig.ports, at=NOW)
    enforce(
        (is_an_attribute_authority, has_a_signing_key, can_be_asked), read_metadata(octets), MetadataExpectations(NOW)
    )
    authority = entity(octets).attribute_authority
    assert authority is not None
    (service,) = authority.attribute_services
    assert service.location == "https://ch.sim.test/runtime/services/attributeservice/saml2/soap"
    assert names.PRIVILEGES_INTERMEDIATE in authority.attribute_names


def test_face_towards_idps_keeps_the_rules_we_put_to_others(rig: Rig) -> None:
    octets = metadata_towards_idps(rig.ports, at=NOW)
    enforce(SP_METADATA_RULES, read_metadata(octets), MetadataExpectations(at=NOW))
    face = entity(octets)
    assert face.entity_id == CH_SP_FACE
    assert face.sp is not None
    assert face.sp.name_id_formats == (NAMEID_X509_SUBJECT_NAME,)
    (service,) = face.sp.assertion_consumer_services
    assert (service.location, service.is_default) == (rig.ports.urls.acs_url, True)


def test_rights_are_asked_for_but_not_required(rig: Rig) -> None:
    """An IdP that releases only what is asked for must not lose its users' rights; one that knows no roles owes none."""
    sp = entity(metadata_towards_idps(rig.ports, at=NOW)).sp
    assert sp is not None
    asked = {attribute.name: attribute.is_required for attribute in sp.requested_attributes}
    assert asked[names.PRIVILEGES_INTERMEDIATE] is False
    assert all(asked[name] for name in (names.SPEC_VERSION, names.KOMBIT_SPEC_VERSION, names.LOA, names.CVR))


@pytest.mark.parametrize("face", [metadata_towards_systems, metadata_towards_idps])
def test_face_is_signed_with_the_key_in_use(rig: Rig, face: object) -> None:
    octets = face(rig.ports, at=NOW)  # type: ignore[operator]
    verified = verify_enveloped(parse_metadata(octets), (rig.broker.verification,), read_metadata_element)
    assert verified.signer == rig.broker.verification.fingerprint


def test_both_keys_are_published_during_a_rollover_and_the_old_one_signs(rig: Rig) -> None:
    following = make_member("next-broker")
    keys = replace(
        rig.ports.keys,
        published_certificates=(rig.broker.signing.certificate_der, following.signing.certificate_der),
    )
    ports: Ports = replace(rig.ports, keys=keys)
    for face in (entity(metadata_towards_systems(ports, at=NOW)), entity(metadata_towards_idps(ports, at=NOW))):
        role = face.idp or face.sp
        assert role is not None
        fingerprints = [key.fingerprint for key in signing_keys(role.keys)]
        assert fingerprints[:2] == [rig.broker.verification.fingerprint, following.verification.fingerprint]
