"""XML: what the parser, the bindings and the content models refuse, at parse level. Files and sockets named in a message stay untouched."""

import socket
import time
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from lxml import etree
from lxml.etree import _Element

from oiosaml.bindings.post import read_post_form
from oiosaml.bindings.redirect import read_redirect
from oiosaml.messages.attribute_query import write_attribute_query
from oiosaml.messages.authn_request import write_authn_request
from oiosaml.openings import (
    open_attribute_query,
    open_attribute_response,
    open_authn_request_post,
    open_authn_request_redirect,
    open_response,
)
from oiosaml.xml.parse import parse_message, parse_metadata, text_of
from tests.attacks.forge import (
    answer_by_soap,
    clone,
    code_of,
    find,
    form,
    message_a,
    name,
    parse,
    resign,
    signature_of,
    signed_assertion,
)
from tests.builders import attribute_query, authn_request
from tests.conftest import Member
from tests.trees import serialise


@pytest.fixture
def message(idp: Member) -> bytes:
    return serialise(message_a(idp))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.txt"
    path.write_text("secret")
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listener that must see nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/canary"


def parsed(octets: bytes) -> str:
    """The code with which both parsers refuse, and in less time than honest messages take together."""
    started = time.process_time()
    codes = {code_of(lambda: parse_message(octets)), code_of(lambda: parse_metadata(octets))}
    assert time.process_time() - started < 0.1
    assert len(codes) == 1
    return codes.pop()


def test_xml_00_control_the_honest_message_parses(message: bytes) -> None:
    """The twin of every case; also with the byte order mark and the declaration that .NET writes."""
    declaration = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\r\n'
    assert parse_message(message).tag == parse_message(declaration + message).tag == name("samlp:Response")


def doctype(declaration: str, message: bytes) -> bytes:
    return f"<!DOCTYPE Response {declaration}>".encode() + message.replace(b"<saml:Issuer>", b"<saml:Issuer>&e;", 1)


def test_xml_01_external_entity_local_file(message: bytes, canary: Path) -> None:
    """CVE-2016-10127, samlify#517."""
    assert parsed(doctype(f'[<!ENTITY e SYSTEM "{canary.as_uri()}">]', message)) == "xml.dtd"


def test_xml_02_external_entity_network(message: bytes, listener: socket.socket) -> None:
    """pysaml2#508."""
    assert parsed(doctype(f'[<!ENTITY e SYSTEM "{url_of(listener)}">]', message)) == "xml.dtd"


def test_xml_03_external_dtd_and_parameter_entities(message: bytes, listener: socket.socket) -> None:
    """pysaml2#508: nothing is used, the declaration alone would fetch."""
    url = url_of(listener)
    assert parsed(f'<!DOCTYPE Response PUBLIC "-//X//Y" "{url}">'.encode() + message) == "xml.dtd"
    assert parsed(f'<!DOCTYPE Response [<!ENTITY % p SYSTEM "{url}"> %p;]>'.encode() + message) == "xml.dtd"


def test_xml_04_exponential_entities(message: bytes) -> None:
    """Billion laughs."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    assert parsed(doctype(f'[<!ENTITY e0 "ha">{levels}<!ENTITY e "&e9;">]', message)) == "xml.dtd"


def test_xml_05_quadratic_entities(message: bytes) -> None:
    """defusedxml's notes."""
    octets = doctype(f'[<!ENTITY e "{"x" * 50_000}">]', message)
    assert parsed(octets.replace(b"&e;", b"&e;" * 1000)) == "xml.dtd"


def test_xml_06_harmless_doctype(message: bytes) -> None:
    """OIOSAML 3, section 3.1.2; CVE-2025-25291."""
    assert parsed(b"<!DOCTYPE Response>" + message) == "xml.dtd"


def test_xml_07_comment_inside_name_id(idp: Member) -> None:
    """CVE-2017-11427: the signature stays good, the first text node is shorter than what was signed."""
    octets = serialise(message_a(idp)).replace(b"CN=Ane Holm", b"CN=Ane<!----> Holm")
    assert code_of(lambda: answer_by_soap(octets, idp)) == "xml.text"


@pytest.mark.parametrize("element", ["AttributeValue", "Audience", "Issuer", "AuthnContextClassRef"])
@pytest.mark.parametrize("hidden", ["<!-- -->", "<?x y?>"])
def test_xml_08_comments_elsewhere(element: str, hidden: str, message: bytes) -> None:
    """As 07; a processing instruction hides text just as well."""
    octets = message.replace(f"</saml:{element}>".encode(), f"{hidden}</saml:{element}>".encode(), 1)
    assert octets != message
    assert code_of(lambda: parse_message(octets)) == "xml.text"


def test_xml_08_text_with_children_is_no_text() -> None:
    """lxml's `.text` stops at the first child: the one helper refuses (a fact of the library, kept as a test)."""
    element = etree.fromstring("<a>admin<!-- -->.evil</a>")
    assert element.text == "admin"
    assert code_of(lambda: text_of(element)) == "xml.text"
    assert text_of(etree.fromstring("<a> x </a>")) == " x "
    assert text_of(etree.fromstring("<a/>")) == ""


@pytest.mark.parametrize(("depth", "code"), [(33, "xml.limits"), (200, "xml.limits"), (100_000, "size")])
def test_xml_09_deep_nesting(depth: int, code: str) -> None:
    """libxml2's own ceiling is 256."""
    assert code_of(lambda: parse_message(b"<a>" * depth + b"</a>" * depth)) == code
    parse_message(b"<a>" * 32 + b"</a>" * 32)


WIDE: dict[str, tuple[Callable[[], bytes], str]] = {
    "long attribute": (lambda: b'<a b="' + b"x" * 5_000_000 + b'"/>', "size"),
    "long text": (lambda: b"<a>" + b"x" * 5_000_000 + b"</a>", "size"),
    "many attributes": (lambda: b"<a" + b"".join(b' b%d=""' % n for n in range(100_000)) + b"/>", "size"),
    "rather many attributes": (lambda: b"<a" + b"".join(b' b%d=""' % n for n in range(33)) + b"/>", "xml.limits"),
    "rather long attribute": (lambda: b'<a b="' + b"x" * 8193 + b'"/>', "xml.limits"),
    "many declarations": (
        lambda: b"<a" + b"".join(b' xmlns:n%d="u"' % n for n in range(2_001)) + b"/>",
        "xml.limits",
    ),
    "many elements": (lambda: b"<a>" + b"<b/>" * 12_000 + b"</a>", "xml.limits"),
}


@pytest.mark.parametrize("case", WIDE)
def test_xml_10_wide_input(case: str) -> None:
    """CVE-2025-54572; libxml2 accepts 100 000 attributes."""
    make, code = WIDE[case]
    octets = make()
    started = time.process_time()
    assert code_of(lambda: parse_message(octets)) == code
    assert time.process_time() - started < 0.25


@pytest.mark.parametrize(
    "broken",
    [
        lambda message: message[: len(message) // 10],
        lambda message: message[: len(message) // 2],
        lambda message: message[: len(message) * 99 // 100],
        lambda message: message + message,
        lambda message: message + b"text",
        lambda message: b"text" + message,
        lambda message: b'{"a": 1}',
        lambda message: b"<html><br></html>",
        lambda message: b"",
        lambda message: b"\x00" * 10,
        lambda message: message.decode().encode("utf-16"),
        lambda message: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + message,
        lambda message: b'<?xml version="1.1"?>' + message,
        lambda message: message.replace(b"Holm", b"H\xf8lm"),
        lambda message: message.replace(b"Holm", b"&nbsp;"),
        lambda message: message.replace(b"<saml:Issuer", b"<foreign:Issuer", 1),
    ],
)
def test_xml_11_not_xml(broken: Callable[[bytes], bytes], message: bytes) -> None:
    """CVE-2022-39299, CVE-2022-39300: nothing is repaired."""
    assert parsed(broken(message)) == "xml.malformed"


def test_xml_12_wrong_root_right_namespace(idp: Member, message: bytes) -> None:
    """CVE-2024-6800: each kind of message at each of the other endpoints."""
    request = serialise(write_authn_request(authn_request()))
    query = serialise(write_attribute_query(attribute_query()))
    metadata = b'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:x"/>'
    for octets in (request, query, metadata):
        assert code_of(lambda octets=octets: open_response(form(octets))) == "xml.root"
        assert code_of(lambda octets=octets: open_attribute_response(soap(octets))) == "xml.root"
    for octets in (message, query, metadata):
        as_request = form(octets).replace(b"SAMLResponse", b"SAMLRequest")
        assert code_of(lambda body=as_request: open_authn_request_post(body)) == "xml.root"
        assert code_of(lambda octets=octets: open_authn_request_redirect(deflated(octets))) == "xml.root"
    for octets in (message, request, metadata):
        assert code_of(lambda octets=octets: open_attribute_query(soap(octets))) == "xml.root"
    assert code_of(lambda: open_attribute_response(message)) == "xml.root"


def soap(octets: bytes) -> bytes:
    return (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>' + octets + b"</s:Body></s:Envelope>"
    )


def deflated(octets: bytes) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"SAMLRequest=" + quote(b64encode(stream.compress(octets) + stream.flush()), safe="").encode()


@pytest.mark.parametrize(
    "text",
    [
        urlsafe_b64encode(b"\xfb\xff<a/>").decode(),
        b64encode(b"<a/>").decode().rstrip("="),
        b64encode(b"<aaa/>>>").decode().replace("P", "P "),
        b64encode(b"<a/>").decode() * 2,
        b64encode(b"<a/>").decode() + "!",
        "QR==",
        "QQ=",
        "Q",
        "\tQQ==",
    ],
)
def test_xml_13_base64_that_is_not(text: str) -> None:
    """One text for one value, or replay memory and filters see another message than we do."""
    assert code_of(lambda: read_post_form(b"SAMLResponse=" + quote(text, safe="").encode())) == "bind.base64"
    assert code_of(lambda: read_redirect(b"SAMLRequest=" + quote(text, safe="").encode())) == "bind.base64"


def test_xml_13_plus_sent_bare() -> None:
    """A bare + is a space in a form; only %2B is a plus."""
    text = b64encode(b"\xfb\xef\xbe<a/>  ").decode()
    assert "+" in text
    assert code_of(lambda: read_post_form(f"SAMLResponse={text}".encode())) == "bind.base64"
    assert read_post_form(f"SAMLResponse={quote(text, safe='')}".encode()).octets == b"\xfb\xef\xbe<a/>  "


@pytest.mark.parametrize("size", [50_000_000, 128 * 1024 + 1])
def test_xml_14_deflate_bomb(size: int) -> None:
    """CVE-2025-25293, CVE-2023-28119."""
    query = deflated(b"x" * size)
    assert len(query) < 64 * 1024 * 2
    code = code_of(lambda: read_redirect(query))
    assert code == ("bind.deflate" if len(query) <= 64 * 1024 else "size")


@pytest.mark.parametrize("tail", [b"\x00", b"trailing"])
def test_xml_14_bytes_behind_the_stream(tail: bytes) -> None:
    """A second blob behind the first one is read by some and not by others."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    good = stream.compress(b"<a/>") + stream.flush()
    query = b"SAMLRequest=" + quote(b64encode(good), safe="").encode()
    assert read_redirect(query).octets == b"<a/>"
    for bad in (good + tail, good[:-1], b"\xff" + good, b""):
        query = b"SAMLRequest=" + quote(b64encode(bad), safe="").encode()
        assert code_of(lambda query=query: read_redirect(query)) == "bind.deflate"


def test_xml_15_xinclude_and_stylesheet_instructions(message: bytes, canary: Path) -> None:
    """pysaml2#366: nothing is included."""
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.as_uri()}" parse="text"/>'
    root = parse(message)
    element = etree.Element(name("samlp:Extensions"))
    element.append(etree.fromstring(include))
    root.insert(1, element)
    assert b"secret" not in etree.tostring(parse_message(serialise(root)))
    assert code_of(lambda: parse_message(b'<?xml-stylesheet href="x"?>' + message)) == "xml.text"


def without(path: str, attribute: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        del find(root, path).attrib[attribute]

    return change


def with_attribute(path: str, attribute: str, value: str) -> Callable[[_Element], None]:
    return lambda root: find(root, path).set(attribute, value)


def dropped(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def moved_first(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.insert(0, element)

    return change


def added(path: str, child: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        etree.SubElement(find(root, path), name(child))

    return change


def doubled(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        element = find(root, path)
        element.addnext(clone(element))

    return change


def worded(path: str) -> Callable[[_Element], None]:
    def change(root: _Element) -> None:
        find(root, path).text = "text"

    return change


VIOLATIONS: dict[str, Callable[[_Element], None]] = {
    "response without status": dropped("samlp:Status"),
    "status without code": dropped("samlp:StatusCode"),
    "status code without value": without("samlp:StatusCode", "Value"),
    "two statuses": doubled("samlp:Status"),
    "status before issuer": moved_first("samlp:Status"),
    "assertion without id": without("saml:Assertion", "ID"),
    "assertion with an empty id": with_attribute("saml:Assertion", "ID", ""),
    "assertion with an id that is no name": with_attribute("saml:Assertion", "ID", "1 2"),
    "assertion without version": without("saml:Assertion", "Version"),
    "assertion without instant": without("saml:Assertion", "IssueInstant"),
    "assertion with an unknown attribute": with_attribute("saml:Assertion", "Level", "High"),
    "assertion with a foreign attribute": with_attribute("saml:Assertion", "{urn:x}a", "b"),
    "assertion without issuer": dropped("saml:Assertion/saml:Issuer"),
    "subject before issuer": moved_first("saml:Subject"),
    "two subjects": doubled("saml:Subject"),
    "two conditions": doubled("saml:Conditions"),
    "conditions before subject": moved_first("saml:Conditions"),
    "statement before conditions": moved_first("saml:AuthnStatement"),
    "two name ids": doubled("saml:NameID"),
    "confirmation before name id": moved_first("saml:SubjectConfirmation"),
    "confirmation without method": without("saml:SubjectConfirmation", "Method"),
    "two confirmation data": doubled("saml:SubjectConfirmationData"),
    "unknown element in the assertion": added("saml:Assertion", "saml:Level"),
    "unknown element in the subject": added("saml:Subject", "saml:Level"),
    "unknown condition": added("saml:Conditions", "saml:OnlyOnSundays"),
    "element in text": added("saml:NameID", "saml:Level"),
    "text among elements": worded("saml:Subject"),
    "statement without instant": without("saml:AuthnStatement", "AuthnInstant"),
    "statement without context": dropped("saml:AuthnContext"),
    "attribute without name": without("saml:Attribute", "Name"),
    "attribute statement without attributes": lambda root: find(root, "saml:AttributeStatement").clear(),
    "protocol element in the assertion": added("saml:Assertion", "samlp:Status"),
}


@pytest.mark.parametrize("case", VIOLATIONS)
def test_xml_16_schema_violations(case: str, idp: Member) -> None:
    """CVE-2021-21238: each drops, moves or adds one thing, and is signed again."""
    root = message_a(idp)
    VIOLATIONS[case](root)
    assertion = find(root, "saml:Assertion")
    if assertion.get("ID") not in (None, "", "1 2"):
        resign(assertion, idp)
    assert code_of(lambda: answer_by_soap(serialise(root), idp)) == "xml.schema"


def test_xml_16_signature_before_issuer(idp: Member) -> None:
    """CVE-2021-21238."""
    root = parse(signed_assertion(idp))
    root.insert(0, signature_of(root))
    response = message_a(idp)
    response.replace(find(response, "saml:Assertion"), root)
    assert code_of(lambda: answer_by_soap(serialise(response), idp)) == "xml.schema"
