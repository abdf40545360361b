"""What is written is read back as it was, through the serialiser, the hardened parser and the content models; any text is text."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from oiosaml.attributes import FULL_NAME, Attribute
from oiosaml.errors import SamlError
from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.assertion import Assertion, SubjectConfirmation, read_assertion, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery, read_attribute_query, write_attribute_query
from oiosaml.messages.authn_request import (
    AuthnRequest,
    NameIdPolicy,
    RequestedAuthnContext,
    Scoping,
    read_authn_request,
    write_authn_request,
)
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import (
    LogoutRequest,
    LogoutResponse,
    read_logout_request,
    read_logout_response,
    write_logout_request,
    write_logout_response,
)
from oiosaml.messages.response import Response, Status, read_response, write_response
from oiosaml.name_id import NameId
from oiosaml.nsis import Comparison
from oiosaml.uris import (
    NAME_FORMAT_BASIC,
    NAME_FORMAT_UNSPECIFIED,
    NAME_FORMAT_URI,
    NS_SAML,
    STATUS_RESPONDER,
    TOP_LEVEL_STATUS,
)
from oiosaml.validity import Window
from oiosaml.xml.canonical import canonical_octets
from oiosaml.xml.escaping import UnwritableText
from oiosaml.xml.parse import parse_message
from oiosaml.xml.schema import check
from tests.builders import (
    NOW,
    assertion,
    attribute_query,
    authn_request,
    authn_statement,
    logout_request,
    logout_response,
    refusal,
    response,
    with_conditions,
    with_subject,
)

TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff", min_codepoint=0x20), max_size=40
)
NAME = TEXT.filter(bool)
INSTANT = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
MAYBE_INSTANT = st.none() | INSTANT
INDEX = st.none() | st.integers(0, 65535)
FORMATS = st.sampled_from((NAME_FORMAT_URI, NAME_FORMAT_BASIC, NAME_FORMAT_UNSPECIFIED))


def reread(element: Any) -> Any:
    octets = serialise(element)
    root = parse_message(octets)
    check(root)
    assert canonical_octets(root) == octets  # what is signed is this very text
    return root


@given(
    st.builds(
        replace,
        st.just(authn_request()),
        issue_instant=INSTANT,
        destination=st.none() | NAME,
        assertion_consumer_service_url=st.none() | NAME,
        assertion_consumer_service_index=INDEX,
        attribute_consuming_service_index=INDEX,
        force_authn=st.booleans(),
        is_passive=st.booleans(),
        provider_name=st.none() | NAME,
        requested_authn_context=st.none()
        | st.builds(
            RequestedAuthnContext, st.sampled_from(Comparison), st.lists(NAME, min_size=1, max_size=3).map(tuple)
        ),
        name_id_policy=st.none() | st.builds(NameIdPolicy, st.none() | NAME, st.booleans()),
        scoping=st.none()
        | st.builds(Scoping, INDEX, st.lists(NAME, max_size=2).map(tuple), st.lists(NAME, max_size=2).map(tuple)),
        app_switch=st.none() | st.builds(AppSwitch, st.sampled_from(Platform), st.none() | NAME),
    )
)
def test_authn_request(request: AuthnRequest) -> None:
    assert read_authn_request(reread(write_authn_request(request))) == request


@given(
    st.builds(
        replace,
        st.just(assertion()),
        issue_instant=INSTANT,
        issuer_format=st.none() | NAME,
        subject=st.builds(
            replace,
            st.just(assertion().subject),
            name_id=st.builds(NameId, TEXT, st.none() | NAME, st.none() | NAME, st.none() | NAME),
            confirmations=st.lists(
                st.builds(
                    SubjectConfirmation,
                    NAME,
                    st.none() | NAME,
                    st.none() | st.just("_a"),
                    st.builds(Window, MAYBE_INSTANT, MAYBE_INSTANT),
                ),
                max_size=2,
            ).map(tuple),
        ),
        attribute_statements=st.lists(
            st.builds(Attribute, NAME, st.lists(TEXT, max_size=3).map(tuple), FORMATS, st.none() | NAME),
            min_size=1,
            max_size=3,
        ).map(lambda attributes: (tuple(attributes),)),
    )
)
def test_assertion(message: Assertion) -> None:
    assert read_assertion(reread(write_assertion(message))) == message


@pytest.mark.parametrize(
    "message",
    [
        assertion(subject=None),
        assertion(conditions=None),
        with_subject(name_id=None),
        with_conditions(audience_restrictions=(("a:1", "a:2"), ("a:3",)), window=Window(None, None)),
        assertion(
            authn_statements=(
                authn_statement(
                    session_not_on_or_after=NOW, session_index=None, authenticating_authorities=("a:1", "a:2")
                ),
            )
        ),
    ],
)
def test_assertion_with_parts_left_out(message: Assertion) -> None:
    root = parse_message(serialise(write_assertion(message)))
    assert read_assertion(root) == message


@given(
    st.builds(
        replace,
        st.just(response()),
        status=st.builds(Status, st.sampled_from(sorted(TOP_LEVEL_STATUS)), st.none() | NAME, st.none() | TEXT),
    )
)
def test_response(message: Response) -> None:
    assert read_response(reread(write_response(message))) == message


@given(
    st.builds(
        replace,
        st.just(attribute_query()),
        attribute_names=st.lists(NAME, max_size=3).map(tuple),
        target_user_system=st.none() | NAME,
    )
)
def test_attribute_query(query: AttributeQuery) -> None:
    assert read_attribute_query(reread(write_attribute_query(query))) == query


@given(
    st.builds(
        replace,
        st.just(logout_request()),
        destination=st.none() | NAME,
        name_id=st.builds(NameId, TEXT, st.none() | NAME, st.none() | NAME, st.none() | NAME),
        session_indexes=st.lists(TEXT, max_size=3).map(tuple),
        not_on_or_after=MAYBE_INSTANT,
        reason=st.none() | NAME,
        issuer_format=st.none() | NAME,
    )
)
def test_logout_request(request: LogoutRequest) -> None:
    assert read_logout_request(reread(write_logout_request(request))) == request


@given(
    st.builds(
        replace,
        st.just(logout_response()),
        destination=st.none() | NAME,
        in_response_to=st.none() | st.just("_a"),
        status=st.builds(Status, st.sampled_from(sorted(TOP_LEVEL_STATUS)), st.none() | NAME, st.none() | TEXT),
    )
)
def test_logout_response(message: LogoutResponse) -> None:
    assert read_logout_response(reread(write_logout_response(message))) == message


def test_encrypted_subject_of_a_logout_is_refused_by_its_name() -> None:
    root = reread(write_logout_request(logout_request()))
    name_id = root[1]
    root.replace(name_id, etree.Element(f"{{{NS_SAML}}}EncryptedID"))
    with pytest.raises(SamlError) as refused:
        read_logout_request(root)
    assert refused.value.refusal.key == "enc.structure:logout-subject"


@pytest.mark.parametrize(
    "text",
    [
        "</saml:AttributeValue><saml:Attribute Name='admin'>",
        "<!-- -->",
        "&amp;",
        "]]>",
        "\"'",
        "\r\n\t",
        "Ærø 🦢",
        " space ",
        "",
    ],
)
def test_fed_14_any_text_arrives_as_that_text(text: str) -> None:
    message = assertion(attribute_statements=((Attribute(FULL_NAME, (text,)),),))
    assert read_assertion(reread(write_assertion(message))).values_of(FULL_NAME) == (text,)


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x0b", "\x0e", "\x1b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"]
)
def test_fed_14_what_xml_cannot_hold_is_refused_by_name(character: str) -> None:
    message = assertion(attribute_statements=((Attribute(FULL_NAME, (f"Ane{character}",)),),))
    with pytest.raises(UnwritableText, match=rf"U\+{ord(character):04X} in saml:AttributeValue"):
        write_assertion(message)


READERS = (
    (write_authn_request(authn_request()), read_authn_request),
    (write_assertion(assertion()), read_assertion),
    (write_response(response()), read_response),
    (write_attribute_query(attribute_query()), read_attribute_query),
    (write_logout_request(logout_request()), read_logout_request),
    (write_logout_response(logout_response()), read_logout_response),
)


@pytest.mark.parametrize(("element", "read"), READERS)
@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("Version", "1.1", "proto.version"),
        ("Version", "", "proto.version"),
        ("IssueInstant", "yesterday", "proto.time-format"),
        ("IssueInstant", "2025-03-04T08:15:30", "proto.time-format"),
        ("IssueInstant", "2025-03-04T08:15:30+01:00", "proto.time-format"),
        ("IssueInstant", "2025-02-30T08:15:30Z", "proto.time-format"),
    ],
)
def test_pro_16_and_17_reading_refuses_precisely(
    element: Any, read: Any, attribute: str, value: str, code: str
) -> None:
    root = parse_message(serialise(element))
    read(root)
    root.set(attribute, value)
    with pytest.raises(SamlError) as refused:
        read(root)
    assert refused.value.code == code


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)])
def test_booleans_of_xml_schema_are_read(text: str, *, value: bool) -> None:
    root = reread(write_authn_request(authn_request()))
    root.set("ForceAuthn", text)
    assert read_authn_request(root).force_authn is value


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("ForceAuthn", "True"),
        ("ForceAuthn", "yes"),
        ("ForceAuthn", ""),
        ("AssertionConsumerServiceIndex", "-1"),
        ("AssertionConsumerServiceIndex", "1.0"),
        ("AssertionConsumerServiceIndex", "65536"),
        ("AssertionConsumerServiceIndex", "١"),
    ],
)
def test_values_that_are_not_of_their_type_are_refused(attribute: str, value: str) -> None:
    root = reread(write_authn_request(authn_request()))
    root.set(attribute, value)
    with pytest.raises(SamlError) as refused:
        read_authn_request(root)
    assert refused.value.code == "xml.schema"


def test_absent_comparison_means_exact() -> None:
    root = reread(write_authn_request(authn_request()))
    del root[1].attrib["Comparison"]
    context = read_authn_request(root).requested_authn_context
    assert context is not None
    assert context.comparison is Comparison.EXACT


def test_status_response_has_no_assertion() -> None:
    root = reread(write_response(refusal("urn:oasis:names:tc:SAML:2.0:status:NoPassive", "nej")))
    assert read_response(root).status == Status(STATUS_RESPONDER, "urn:oasis:names:tc:SAML:2.0:status:NoPassive", "nej")
    assert len(root) == 2


def test_prefixes_are_the_usual_ones() -> None:
    octets = serialise(write_response(response()))
    assert octets.startswith(b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ')
    assert b'<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">' in octets


@pytest.mark.parametrize(
    ("extension", "code"),
    [
        ("<nl:Platform>Windows</nl:Platform>", "xml.schema"),
        ("<nl:ReturnURL>https://a.test</nl:ReturnURL>", "xml.schema"),
        ("<nl:ReturnURL>https://a.test</nl:ReturnURL><nl:Platform>iOS</nl:Platform>", "xml.schema"),
        ("<nl:Platform>i<!-- -->OS</nl:Platform>", "xml.text"),
    ],
    ids=["other-platform", "no-platform", "other-order", "comment"],
)
def test_app_switch_of_another_form_is_refused(extension: str, code: str) -> None:
    element = write_authn_request(authn_request(app_switch=AppSwitch(Platform.ANDROID, "https://a.test")))
    written = b"<nl:Platform>Android</nl:Platform><nl:ReturnURL>https://a.test</nl:ReturnURL>"
    octets = serialise(element)
    assert written in octets
    with pytest.raises(SamlError) as refused:
        read_authn_request(reread_octets(octets.replace(written, extension.encode())))
    assert refused.value.code == code


def reread_octets(octets: bytes) -> Any:
    root = parse_message(octets)
    check(root)
    return root
