import xml.etree.ElementTree as ET
from dataclasses import replace

from federation.dev_ca import KeyRing
from federation.model import EncryptionChoice, Profile, World
from federation.parties import system_metadata, with_own_metadata
from federation.played import is_nemlogin
from federation.topology import Topology
from oiosaml.attributes import EMAIL, PRIVILEGES_INTERMEDIATE
from oiosaml.keys import read_verification_key
from oiosaml.messages.encryption_choice import encryption_for
from oiosaml.messages.metadata import EntityDescriptor, encryption_keys, signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.metadata_oiosaml2 import IDP_METADATA_RULES_OIOSAML2, SP_METADATA_RULES_OIOSAML2
from oiosaml.rules.rule import examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    BINDING_POST,
    BINDING_REDIRECT,
    BINDING_SOAP,
    DIGEST_SHA1,
    DIGEST_SHA256,
    MGF1_SHA256,
    NAMEID_PERSISTENT,
    NAMEID_X509_SUBJECT_NAME,
    RSA_OAEP,
    RSA_OAEP_MGF1P,
)
from oiosaml.xml.encryption import OIOSAML_DEFAULT
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.federation.conftest import AT


def _read(octets: bytes) -> EntityDescriptor:
    document = read_metadata(octets)
    assert document.entity is not None
    assert not document.problems
    assert not document.entity.problems
    return document.entity


def test_every_simulated_party_gets_metadata_signed_with_its_own_key(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    world = with_own_metadata(shipped_world, topology, key_ring)

    holders = [(p, key_ring.nemlogin if p.id == "nemlogin" else key_ring.idp(p.id)) for p in world.idps]
    holders += [(p, key_ring.nemlogin if is_nemlogin(p, world) else key_ring.system(p.id)) for p in world.systems]
    holders += [(p, key_ring.attribute_service(p.id)) for p in world.attribute_services]
    assert len(holders) >= 8
    for party, keys in holders:
        key = read_verification_key(keys.certificate_der)
        verified = verify_enveloped(parse_metadata(party.metadata), [key], lambda element: element.get("entityID"))
        assert verified.value == party.entity_id
        assert _read(party.metadata).entity_id == party.entity_id


NOT_THERE = {"IDM-06", "SPM-16", "IDM-09", "SPM-17"}
"""Recommended attributes for roles; logout at NemLog-in. Ydelser has three ways to log out.
What a party does not have must not be announced."""


_NEMLOGINS = frozenset({"IDM-08", "SPM-20"})
"""Neither its NameID formats nor what it asks for are KOMBIT's."""


def test_every_simulated_party_can_be_registered_as_it_is(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    world = with_own_metadata(shipped_world, topology, key_ring)

    old = Profile.OIOSAML2
    documents = [
        (IDP_METADATA_RULES_OIOSAML2 if p.profile is old else IDP_METADATA_RULES, p.metadata) for p in world.idps
    ]
    documents += [
        (SP_METADATA_RULES_OIOSAML2 if p.profile is old else SP_METADATA_RULES, p.metadata) for p in world.systems
    ]
    documents += [(ATTRIBUTE_AUTHORITY_METADATA_RULES, p.metadata) for p in world.attribute_services]
    for rules, octets in documents:
        findings = examine(rules, read_metadata(octets), MetadataExpectations(AT))
        own = _NEMLOGINS if b"nemlogin.sim.test" in octets else frozenset[str]()
        own |= frozenset({"O2M-02"}) if b"arkiv.sim.test" in octets else frozenset[str]()  # it has no encryption key
        assert {finding.rule_id for finding in findings} <= NOT_THERE | own, findings


def test_byggesag_asks_for_what_its_registration_and_its_stack_need(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    byggesag = with_own_metadata(shipped_world, topology, key_ring).systems[0]

    sp = _read(byggesag.metadata).sp

    assert sp is not None
    assert sp.authn_requests_signed
    assert sp.want_assertions_signed
    assert sp.name_id_formats == (NAMEID_PERSISTENT,)
    (acs,) = sp.assertion_consumer_services
    assert (acs.binding, acs.location, acs.is_default) == (BINDING_POST, "http://localhost:8000/sp/byggesag/acs", True)
    (slo,) = sp.single_logout_services
    assert (slo.binding, slo.location) == (BINDING_REDIRECT, "http://localhost:8000/sp/byggesag/slo")
    (encryption,) = encryption_keys(sp.keys)
    assert [(m.algorithm, m.digest_method) for m in encryption.encryption_methods] == [
        (AES256_GCM, None),
        (RSA_OAEP_MGF1P, DIGEST_SHA1),
    ], "python3-saml's XML schema refuses what is not of XML Encryption 1.0"
    required = {a.name: a.is_required for a in sp.requested_attributes}
    assert required[PRIVILEGES_INTERMEDIATE] is True
    assert required[EMAIL] is False


def test_ydelser_asks_for_the_older_name_id_layout(shipped_world: World, topology: Topology, key_ring: KeyRing) -> None:
    ydelser = with_own_metadata(shipped_world, topology, key_ring).systems[1]

    sp = _read(ydelser.metadata).sp
    assert sp is not None
    assert {each.location for each in sp.single_logout_services} == {
        "http://localhost:8000/sp/ydelser/slo",
        "http://localhost:8000/sp/ydelser/slo/soap",
    }

    assert sp is not None
    assert sp.name_id_formats == (NAMEID_X509_SUBJECT_NAME,)


def test_a_system_without_an_encryption_setting_prefers_oiosaml_s_own(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    ydelser = with_own_metadata(shipped_world, topology, key_ring).systems[1]

    sp = _read(ydelser.metadata).sp

    assert ydelser.encryption is None
    assert sp is not None
    assert encryption_for(sp.keys)[1] == OIOSAML_DEFAULT
    (encryption,) = encryption_keys(sp.keys)
    assert [m.algorithm for m in encryption.encryption_methods] == [AES256_GCM, RSA_OAEP, RSA_OAEP_MGF1P]


def test_a_registered_encryption_is_what_the_metadata_says(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    choice = EncryptionChoice(AES128_GCM, RSA_OAEP, DIGEST_SHA256, MGF1_SHA256)
    system = replace(shipped_world.systems[0], encryption=choice)

    sp = _read(system_metadata(system, topology.system(system.id), key_ring.system(system.id))).sp

    assert sp is not None
    (encryption,) = encryption_keys(sp.keys)
    assert [(m.algorithm, m.digest_method, m.mgf) for m in encryption.encryption_methods] == [
        (AES128_GCM, None, None),
        (RSA_OAEP, DIGEST_SHA256, MGF1_SHA256),
    ]


def test_idps_and_attribute_service_say_what_they_can_deliver(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    world = with_own_metadata(shipped_world, topology, key_ring)
    korsbaek, skovrup = (_read(idp.metadata).idp for idp in world.idps[:2])
    service = _read(world.attribute_services[0].metadata).attribute_authority

    assert korsbaek is not None
    assert skovrup is not None
    assert service is not None
    assert [e.binding for e in korsbaek.single_sign_on_services] == [BINDING_REDIRECT, BINDING_POST]
    assert PRIVILEGES_INTERMEDIATE in korsbaek.attribute_names
    assert PRIVILEGES_INTERMEDIATE not in skovrup.attribute_names
    assert signing_keys(korsbaek.keys)
    assert [(e.binding, e.location) for e in service.attribute_services] == [
        (BINDING_SOAP, "http://localhost:8000/attributes/skovrup/saml2/soap")
    ]


def test_two_processes_write_the_same_octets(shipped_world: World, topology: Topology, key_ring: KeyRing) -> None:
    assert with_own_metadata(shipped_world, topology, key_ring) == with_own_metadata(shipped_world, topology, key_ring)


def test_a_party_with_metadata_of_its_own_keeps_it(shipped_world: World, topology: Topology, key_ring: KeyRing) -> None:
    own = replace(shipped_world.systems[0], metadata=b"<its-own/>", simulated=False)

    world = with_own_metadata(replace(shipped_world, systems=(own,)), topology, key_ring)

    assert world.systems == (own,)


def test_metadata_is_well_formed_to_a_foreign_parser(
    shipped_world: World, topology: Topology, key_ring: KeyRing
) -> None:
    for idp in with_own_metadata(shipped_world, topology, key_ring).idps:
        assert ET.fromstring(idp.metadata).get("entityID") == idp.entity_id
