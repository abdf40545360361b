import base64
import zlib
from urllib.parse import quote

import pytest

from nsis_sim.decoding import UndecodableError, decode
from tests.processes import run_here

XML = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    ' ID="_1" IssueInstant="2026-11-23T12:00:00Z"><saml:Issuer>https://saml.byggesag.sim.test</saml:Issuer></samlp:AuthnRequest>'
)
PLAIN = base64.b64encode(XML.encode()).decode()
_deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
DEFLATED = base64.b64encode(_deflater.compress(XML.encode()) + _deflater.flush()).decode()


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
    ],
    ids=["xml", "base64", "wrapped", "unpadded", "escaped", "deflate", "redirect-url", "form", "query"],
)
def test_says_what_it_is(text):
    decoded = decode(text)
    assert decoded.what.startswith("AuthnRequest (")
    assert decoded.what.endswith("from https://saml.byggesag.sim.test")
    assert "ID: _1" in decoded.notes
    assert 'ID="_1"' in decoded.xml


def test_shows_relay_state():
    assert "RelayState: a b" in decode(f"SAMLRequest={quote(PLAIN, safe='')}&RelayState=a+b").notes


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
    ],
    ids=["empty", "prose", "damaged-field", "control", "base64-of-prose", "cut", "doctype"],
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
