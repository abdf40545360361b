import base64
import zlib
from urllib.parse import quote

import pytest

from nsis_sim.decoding import UndecodableError, decode, decode_octets
from tests.processes import run_here

XML = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    ' ID="_1" IssueInstant="2026-11-23T12:00:00Z"><saml:Issuer>https://saml.byggesag.sim.test</saml:Issuer></samlp:AuthnRequest>'
)
PLAIN = base64.b64encode(XML.encode()).decode()
_deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
DEFLATED = base64.b64encode(_deflater.compress(XML.encode()) + _deflater.flush()).decode()
QUERY = f"SAMLRequest={quote(DEFLATED, safe='')}&RelayState=a+b&SigAlg=rsa&Signature=x"
FORM = f"SAMLResponse={quote(PLAIN, safe='')}&RelayState=a+b"


def as_the_api_gives(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        XML,
        PLAIN,
        "\n".join(PLAIN[i : i + 60] for i in range(0, len(PLAIN), 60)),
        PLAIN.rstrip("="),
        quote(PLAIN, safe=""),
        DEFLATED,
        f"http://localhost:8000/runtime/saml2/issue.idp?SAMLRequest={quote(DEFLATED, safe='')}&RelayState=abc&Signature=x",
        f"SAMLRequest={quote(PLAIN, safe='')}&RelayState=abc",
        f"?SAMLRequest={quote(DEFLATED, safe='')}",
        as_the_api_gives(QUERY),
        as_the_api_gives(FORM),
        as_the_api_gives(FORM.replace("SAMLResponse", "SAMLRequest")),
        as_the_api_gives(f"http://localhost:8000/slo?{QUERY}"),
    ],
    ids=[
        "xml",
        "base64",
        "wrapped",
        "unpadded",
        "escaped",
        "deflate",
        "redirect-url",
        "form",
        "query",
        "base64-of-query",
        "base64-of-form",
        "base64-of-request-form",
        "base64-of-url",
    ],
)
def test_says_what_it_is(text):
    decoded = decode(text)
    assert decoded.what.startswith("AuthnRequest (")
    assert decoded.what.endswith("from https://saml.byggesag.sim.test")
    assert "ID: _1" in decoded.notes
    assert 'ID="_1"' in decoded.xml


def test_shows_relay_state():
    assert "RelayState: a b" in decode(f"SAMLRequest={quote(PLAIN, safe='')}&RelayState=a+b").notes


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (QUERY, "in SAMLRequest, DEFLATE in base64"),
        (as_the_api_gives(QUERY), "in base64 of a query or form, in SAMLRequest, DEFLATE in base64"),
        (as_the_api_gives(FORM), "in base64 of a query or form, in SAMLResponse, base64"),
    ],
)
def test_says_how_it_was_packed_and_what_came_along(text, how):
    decoded = decode(text)
    assert decoded.what == f"AuthnRequest ({how}) from https://saml.byggesag.sim.test"
    assert "RelayState: a b" in decoded.notes


@pytest.mark.parametrize("octets", [XML.encode(), b"\n" + XML.encode(), QUERY.encode(), FORM.encode()])
def test_octets_from_the_wire_need_no_packing(octets):
    assert decode_octets(octets).what.startswith("AuthnRequest (")


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe<\0", b'{"roles": []}', FORM.encode()[:90]])
def test_octets_that_hold_no_xml_are_refused(octets):
    with pytest.raises(UndecodableError):
        decode_octets(octets)


def test_a_message_in_soap_is_called_by_its_own_name():
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    decoded = decode(f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{XML}</s:Body></s:Envelope>')
    assert decoded.what == "AuthnRequest (in SOAP, as XML) from https://saml.byggesag.sim.test"
    assert "ID: _1" in decoded.notes
    assert "Envelope" in decoded.xml


@pytest.mark.parametrize("body", ["", "<s:Body/>"])
def test_an_envelope_without_a_message_is_an_envelope(body):
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    assert decode(f'<s:Envelope xmlns:s="{soap}">{body}</s:Envelope>').what == "Envelope (as XML)"


def test_what_strangers_wrote_moves_no_cursor():
    told = decode(f"SAMLRequest={quote(PLAIN, safe='')}&RelayState=%1B%5B2J%0Aout").text()
    assert "\x1b" not in told
    assert "RelayState: \\x1b[2J" in told


def test_shows_the_privilege_list_inside():
    privileges = base64.b64encode(
        b'<bpp:PrivilegeList xmlns:bpp="http://digst.dk/oiosaml/basic_privilege_profile"/>'
    ).decode()
    value = f"<a:AttributeValue>{privileges}</a:AttributeValue>"
    document = f'<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{value}</a:Assertion>'
    assert any("PrivilegeList" in note for note in decode(document).notes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello world!",
        "SAMLRequest=%%%",
        PLAIN[:-7] + "\x00",
        "aGVqCg==",
        "<a",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        as_the_api_gives("RelayState=a&Signature=x"),
        as_the_api_gives("SAMLResponse=%%%"),
        as_the_api_gives(as_the_api_gives(FORM)),
    ],
    ids=[
        "empty",
        "prose",
        "damaged-field",
        "control",
        "base64-of-prose",
        "cut",
        "doctype",
        "base64-of-a-form-without-message",
        "base64-of-a-damaged-form",
        "base64-twice",
    ],
)
def test_refuses_anything_else(text):
    with pytest.raises(UndecodableError):
        decode(text)


def test_a_bomb_is_cut():
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = base64.b64encode(deflater.compress(b"<a>" + b" " * 50_000_000) + deflater.flush()).decode()
    with pytest.raises(UndecodableError):
        decode(bomb)


@pytest.mark.parametrize("name", ["response.xml", "response"])
def test_the_name_of_a_file_is_told_how_to_read_it(tmp_path, name):
    file = tmp_path / name
    file.write_text(XML)
    done = run_here("decode", str(file))
    assert (done.returncode, f"It is the name of a file: nsis decode < {file}" in done.stderr) == (1, True), done.stderr
    assert run_here("decode", stdin=XML).returncode == 0


@pytest.mark.parametrize("text", ["neither", "x" * 5000, "no\x00name"])
def test_what_is_no_file_is_not_called_one(text):
    done = run_here("decode", text)
    assert (done.returncode, "file" in done.stderr) == (1, False), done.stderr


@pytest.mark.parametrize(
    ("text", "hinted"), [("271f10d8-bf82-47d4-8b0b-8840037279b4", True), ("271f10d8-bf82-47d4-8b0b", False)]
)
def test_the_reference_of_a_login_is_told_how_to_be_shown(text, hinted):
    done = run_here("decode", text)
    assert (done.returncode, f"nsis decode --flow {text}" in done.stderr) == (1, hinted), done.stderr


def test_a_message_and_a_flow_at_once_are_wrong_use():
    done = run_here("decode", XML, "--flow", "271f10d8-bf82-47d4-8b0b-8840037279b4")
    assert (done.returncode, "not both" in done.stderr) == (2, True), done.stderr
