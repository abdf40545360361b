"""MD: metadata is where keys and addresses come from."""

from datetime import UTC, datetime

import pytest

from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from tests.builders import NOW
from tests.context_handler.federation_rig import system_metadata

ENDED = b'validUntil="2020-01-01T00:00:00Z"'
MD = b'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
COLLECTION = b"<md:EntitiesDescriptor " + MD + b' %s Name="https://x.test">%s</md:EntitiesDescriptor>'


def codes(octets: bytes) -> set[str]:
    findings = examine(SP_METADATA_RULES, read_metadata(octets), MetadataExpectations(NOW))
    return {finding.refusal_key for finding in findings if finding.requirement is Requirement.MUST}


def collection(attribute: bytes) -> bytes:
    entity = system_metadata()
    return COLLECTION % (attribute, entity[entity.index(b"<md:EntityDescriptor") :])


def test_md_02_control_metadata_without_an_end() -> None:
    assert codes(system_metadata()) | codes(collection(b"")) == set()


@pytest.mark.parametrize("element", [b"<md:EntityDescriptor ", b"<md:SPSSODescriptor "])
def test_md_02_end_of_the_entity_or_of_its_role(element: bytes) -> None:
    assert "md.expired" in codes(system_metadata().replace(element, element + ENDED + b" "))


def test_md_02_end_of_the_collection_round_the_entity() -> None:
    assert "md.expired" in codes(collection(ENDED))
    assert "md.expired" in codes(collection(b'validUntil="some day"'))


def test_md_02_whatever_ends_first_ends_the_entity() -> None:
    octets = collection(b'validUntil="2030-01-01T00:00:00Z"')
    octets = octets.replace(b"<md:SPSSODescriptor ", b'<md:SPSSODescriptor validUntil="2028-01-01T00:00:00Z" ')
    octets = octets.replace(b"<md:EntityDescriptor ", b'<md:EntityDescriptor validUntil="2029-01-01T00:00:00Z" ')
    entity = read_metadata(octets).entity
    assert entity is not None
    assert entity.valid_until == datetime(2028, 1, 1, tzinfo=UTC)


SAFE = ("https://own.test/acs", "https://own.test:8443/acs?a=b", "http://localhost:9000/acs", "https://192.0.2.1/acs")
UNSAFE = (
    "javascript:alert(1)//https://own.test/",
    "data:text/html,x",
    "ftp://own.test/",
    "http://own.test/",
    "//own.test/",
    "/acs",
    "https://own.test@evil.test/",
    "https://own.test/acs#x",
    "https://own.test/ acs",
    "https:\\\\own.test/acs",
    "https://own.test:99999/",
    "https://own.test/\u2603",
    "https://\u2603.test/",
    "https://\u212aelvin.test/",
    "https://own..test/",
    "https://*.test/",
    "https://own;script-src.test/",
    "https://own'test/",
    "https://%6fwn.test/",
    "https://[v1.x]/",
)
"""A browser, a header and our own client each made something else of these, or failed on them."""


@pytest.mark.parametrize("location", SAFE)
def test_md_10_control_endpoint_is_accepted(location: str) -> None:
    assert "md.endpoint" not in codes(system_metadata(acs=location))


@pytest.mark.parametrize("location", UNSAFE)
def test_md_10_req_04_endpoint_is_no_web_address(location: str) -> None:
    assert "md.endpoint" in codes(system_metadata(acs=location))
