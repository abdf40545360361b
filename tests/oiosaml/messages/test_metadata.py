"""Metadata is written as the schema orders it and read back; what strangers send becomes problems with lines, never exceptions."""

import re
import time
from dataclasses import replace

import pytest

from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import (
    Endpoint,
    EntityDescriptor,
    KeyDescriptor,
    encryption_keys,
    endpoint_by,
    signing_keys,
)
from oiosaml.messages.metadata_faces import DECRYPTABLE
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, NS_MD
from oiosaml.xml.sign import sign_enveloped
from tests.builders import NOW, SYSTEM, SYSTEM_ACS, attribute_authority_metadata, idp_metadata, sp_metadata
from tests.conftest import Member
from tests.trees import tree


def octets(entity: EntityDescriptor) -> bytes:
    return serialise(write_entity_descriptor(entity))


def without_lines(entity: EntityDescriptor) -> str:
    """All of the value but its line numbers, which a written value does not have, and the addresses of its key objects."""
    return re.sub(r"line=(None|\d+)|0x[0-9a-f]+", "", repr(entity))


@pytest.mark.parametrize("build", [sp_metadata, idp_metadata, attribute_authority_metadata])
def test_each_face_is_read_back_as_it_was(build: type, idp: Member) -> None:
    entity = replace(build(idp.verification), id="_1", valid_until=NOW, organization_name="Korsbæk")
    document = read_metadata(octets(entity))
    assert document.problems == ()
    assert document.entity is not None
    assert without_lines(document.entity) == without_lines(entity)


def test_two_signing_keys_during_a_rollover(idp: Member, stranger: Member) -> None:
    keys = (KeyDescriptor("signing", idp.verification), KeyDescriptor("signing", stranger.verification))
    read = read_metadata(octets(idp_metadata(idp.verification, keys=keys))).entity
    assert read is not None
    assert read.idp is not None
    assert [key.fingerprint for key in signing_keys(read.idp.keys)] == [
        idp.verification.fingerprint,
        stranger.verification.fingerprint,
    ]


def test_key_uses_are_kept_apart(idp: Member) -> None:
    """SIG-07: a key for encryption verifies nothing."""
    read = read_metadata(
        octets(sp_metadata(idp.verification, keys=(KeyDescriptor("encryption", idp.verification, DECRYPTABLE),)))
    ).entity
    assert read is not None
    assert read.sp is not None
    assert signing_keys(read.sp.keys) == ()
    assert encryption_keys(read.sp.keys)[0].encryption_methods == DECRYPTABLE


def test_signed_metadata_has_its_signature_first(idp: Member) -> None:
    element = write_entity_descriptor(replace(idp_metadata(idp.verification), id="_1"))
    sign_enveloped(element, idp.signing)
    assert tree(element)[0].tag.endswith("}Signature")
    document = read_metadata(serialise(element))
    assert document.entity is not None
    assert document.entity.signature_present


def test_collection_of_one_is_read_and_of_two_is_not(idp: Member) -> None:
    one = octets(sp_metadata(idp.verification))
    collection = b'<md:EntitiesDescriptor xmlns:md="%b">%b</md:EntitiesDescriptor>'
    read = read_metadata(collection % (NS_MD.encode(), one)).entity
    assert read is not None
    assert read.entity_id == SYSTEM
    problems = read_metadata(collection % (NS_MD.encode(), one + one)).problems
    assert "2 entities" in problems[0].detail


def test_comments_and_foreign_elements_are_passed_over(idp: Member) -> None:
    text = octets(sp_metadata(idp.verification)).replace(
        b"<md:SPSSODescriptor", b'<!-- hi --><x:Extra xmlns:x="urn:x"><x:Any/></x:Extra><md:SPSSODescriptor', 1
    )
    document = read_metadata(text)
    assert document.problems == ()
    assert document.entity is not None
    assert document.entity.sp is not None


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        (b"<a>\n<b></a>", "xml.malformed", 2),
        (b"", "xml.malformed", None),
        (b"{}", "xml.malformed", 1),
        (b"<!-- a\n -->\n<!DOCTYPE a><a/>", "xml.dtd", 3),
        (b"<html/>", "xml.root", 1),
        (b'<md:EntityDescriptor xmlns:md="urn:other"/>', "xml.root", 1),
    ],
)
def test_unreadable_document_is_a_problem_with_its_line(text: bytes, key: str, line: int | None) -> None:
    document = read_metadata(text)
    assert document.entity is None
    assert document.problems[0].key == key
    assert line is None or document.problems[0].line == line


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        (b"", "This is empty"),
        (b" \n", "This is empty"),
        (b"\xef\xbb\xbf", "This is empty"),
        (b"<!DOCTYPE html>\n<html></html>", "This is a web page"),
        (b"<!doctype html><meta charset=utf-8>", "This is a web page"),
        (b"<html><p>Log in first</html>", "This is a web page"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"/>', "This is a web page"),
        (b'{"issuer": "https://x"}', "This is JSON"),
        (b"-----BEGIN CERTIFICATE-----\nMII", "This is a certificate"),
        (b"Bag Attributes\n-----BEGIN RSA PRIVATE KEY-----\nMII", "This is a private key"),
        (b"0\x82\x03\x01", "This is a certificate or key in binary form"),
        (b"\x1f\x8b\x08\x00", "This is a compressed file"),
        ("<a/>".encode("utf-16"), "This is UTF-16"),
        ("<a/>".encode("utf-16-le"), "This is UTF-16"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "Save it as UTF-8"),
        (b"<a>\xe6</a>", "Save it as UTF-8"),
        (b'\n<?xml version="1.0"?><a/>', "Take out what stands before <?xml"),
        (b"<!DOCTYPE a><a/>", "Take the DOCTYPE out"),
        (b"<!-- <!DOCTYPE html> --><a/>", "Take the DOCTYPE out"),
        (b'<?xml version="1.0" encoding="UTF-8"?><a><b>', "Its end is missing"),
        (b"<a b=c/>", "Mend the XML"),
        (b"metadata to follow", "This is no XML"),
        (b"<a>" + b"x" * 1024 * 1024, "Send the metadata of one entity"),
        (b"<EntityDescriptor/>", "Declare SAML 2.0's namespace"),
        (b'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>', "Send SAML 2.0 metadata"),
    ],
)
def test_what_came_in_place_of_metadata_is_told_with_what_to_do(text: bytes, mend: str) -> None:
    (problem,) = read_metadata(text).problems
    assert problem.mend is not None and problem.mend.startswith(mend)
    assert "<string>" not in problem.detail


@pytest.mark.parametrize("packed", [b"<a" * 600, b"<?xml" * 300, b"-----BEGIN " * 100, b"<!-- -->" * 200])
def test_what_looks_like_nothing_is_told_in_no_time(packed: bytes) -> None:
    began = time.process_time()
    read_metadata(packed)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'AuthnRequestsSigned="true"', b'AuthnRequestsSigned="yes"'),
        (b'index="0"', b'index="first"'),
        (b'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"', b'protocolSupportEnumeration="urn:x"'),
        (b"<md:NameIDFormat>", b"<md:NameIDFormat><b/>"),
        (b"<md:EntityDescriptor ", b'<md:EntityDescriptor validUntil="soon" '),
    ],
)
def test_unreadable_value_is_a_problem_with_its_line(idp: Member, before: bytes, after: bytes) -> None:
    text = octets(sp_metadata(idp.verification)).replace(b"><", b">\n<")
    assert before in text
    broken = text.replace(before, after, 1)
    problems = read_metadata(broken).problems
    assert [problem.line for problem in problems] == [broken[: broken.index(after)].count(b"\n") + 1]


@pytest.mark.parametrize(
    ("certificate", "says"),
    [
        ("-----BEGIN PRIVATE KEY-----MIISECRET-----END PRIVATE KEY-----", "a private key"),
        ("-----BEGIN CERTIFICATE-----MIISECRET", "BEGIN and END"),
        ("MIISECRET!", "not base64"),
        ("TUlJU0VDUkVU", "does not parse"),
        ("", "does not parse"),
    ],
)
def test_md_08_bad_certificate_is_a_problem_that_repeats_nothing(idp: Member, certificate: str, says: str) -> None:
    text = octets(idp_metadata(idp.verification)).decode()
    start, end = text.index("<ds:X509Certificate>") + 20, text.index("</ds:X509Certificate>")
    read = read_metadata((text[:start] + certificate + text[end:]).encode()).entity
    assert read is not None
    assert read.idp is not None
    problem = read.idp.keys[0].problem
    assert problem is not None
    assert says in problem
    assert "SECRET" not in problem


def test_certificate_in_wrapped_lines_is_read(idp: Member) -> None:
    text = octets(idp_metadata(idp.verification)).decode()
    start = text.index("<ds:X509Certificate>") + 20
    wrapped = text[:start] + "\n      " + text[start : start + 64] + "\n      " + text[start + 64 :]
    read = read_metadata(wrapped.encode()).entity
    assert read is not None
    assert read.idp is not None
    assert signing_keys(read.idp.keys)[0].fingerprint == idp.verification.fingerprint


def test_default_attribute_service_is_the_one_that_counts(idp: Member) -> None:
    service = b'<md:AttributeConsumingService index="1"><md:ServiceName xml:lang="da">x</md:ServiceName></md:AttributeConsumingService>'
    text = octets(sp_metadata(idp.verification)).replace(
        b"<md:AttributeConsumingService", service + b"<md:AttributeConsumingService", 1
    )
    read = read_metadata(text).entity
    assert read is not None
    assert read.sp is not None
    assert read.sp.service_name == "Byggesag"
    assert read.sp.requested_attributes != ()
    assert read.sp.assertion_consumer_services[0].location == SYSTEM_ACS
    assert read.sp.assertion_consumer_services[0].binding == BINDING_POST


def test_answers_go_to_the_response_location_where_there_is_one() -> None:
    plain, apart = (
        Endpoint(BINDING_REDIRECT, "https://a.test/"),
        Endpoint(BINDING_POST, "https://b.test/", "https://c.test/"),
    )
    assert (plain.takes_responses_at, apart.takes_responses_at) == ("https://a.test/", "https://c.test/")
    assert endpoint_by((plain, apart), (BINDING_SOAP, BINDING_POST, BINDING_REDIRECT)) == apart
    assert endpoint_by((plain, apart), (BINDING_SOAP,)) is None
