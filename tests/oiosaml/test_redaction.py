"""What is never shown in clear (attack WEB-10), and what is shown as it is."""

import base64
import re
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oiosaml import redaction
from oiosaml.redaction import fit_to_show, redacted, visible

HANDLE = "9f-wT3bJq0mZ_x7KpL2sVdYc4NhRgUaE8tQ1iOo5B6k"
CPR = "6111118881"
"""An invented person's; replacement numbers add 60 to the day of birth."""

ARMOUR = "-----{} PRIVATE KEY-----"
PEM = f"{ARMOUR.format('BEGIN')}\nMII0\n{ARMOUR.format('END')}"
DER = b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x04\x82\x04\xa7"


def deflated(text: str) -> str:
    packer = zlib.compressobj(wbits=-15)
    return base64.b64encode(packer.compress(text.encode()) + packer.flush()).decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"got {CPR}, expected none", "got [CPR], expected none"),
        ("611111-8881", "[CPR]"),
        (f"/%C2%85{CPR}%20", "/%C2%85[CPR]%20"),
        ("010170 1234", "[CPR]"),
        (f"cprNumberIdentifier{CPR}x", "cprNumberIdentifier[CPR]x"),
        (f"a\n{PEM}\nb", "a\n[private key]\nb"),
        (PEM[:40], "[private key]"),
        (PEM.replace("PRIVATE", "RSA PRIVATE"), "[private key]"),
        (f"handle {HANDLE} of a browser", "handle [handle] of a browser"),
        ("username=ane&password=kode%20ord&x=1", "username=ane&password=[secret]&x=1"),
        ("{'password': 'kode ord', 'x': 1}", "{'password': [secret], 'x': 1}"),
        ('{"Password": "kode ord"}', '{"Password": [secret]}'),
        ("X-Api-Key: 0123 and more", "X-Api-Key: [secret] and more"),
        ("api_key=abc", "api_key=[secret]"),
        ("pa\u017fsword=abc", "pa\u017fsword=[secret]"),
        (f"handle {HANDLE.replace('K', chr(0x212A))}", "handle [handle]"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("Cookie: nsis_login=abc; nsis_session=def", "Cookie: [secret]; nsis_session=[secret]"),
        ("__Host-nsis_login=abc; Path=/", "__Host-nsis_login=[secret]; Path=/"),
        (f"SAMLRequest={quote(deflated(f'<Subject>{CPR}</Subject>'), safe='')}&x", "SAMLRequest=[base64 of a secret]&x"),
        (base64.b64encode(f"<NameID>{CPR}</NameID>".encode()).decode(), "[base64 of a secret]"),
        (base64.b64encode(DER).decode(), "[base64 of a secret]"),
    ],
)  # fmt: skip
def test_secrets_are_taken_out(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "got 29189846, expected one of ['91000013']",
        "got an answer at 1795000000, expected one before",
        "got 9211018881 and 6113018881: no day, no month",
        "61111188811 has one digit too many",
        "got fields ['password', 'username'], expected 'idp' among them",
        "uuid 0a1b2c3d-6111-4188-8161-611111888101 and message _61111188810123456789abcdef012345",
        f"fingerprint {'6111118881ab' * 5}6111",
        "http://localhost:8000/runtime/saml2auth/consume.idp",
        deflated("<AuthnRequest ID='_x'/> and nothing that is secret"),
        "NSIS_PORT=8001 make demo",
        "a" * 42 + " " + "b" * 44,
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from([CPR, HANDLE, PEM, f"password={HANDLE}"]))
def test_a_secret_is_found_wherever_it_stands(before: str, after: str, secret: str) -> None:
    assert secret not in redacted(f"{before} {secret} {after}")
    assert secret not in fit_to_show(f"{before} {secret} {after}", 40)


PIECES = (
    *(
        "Pass",
        "word",
        "PassPhrase",
        "api",
        "-",
        "_",
        " ",
        ":",
        "=",
        '"',
        "key",
        "NSIS_",
        "nsis_",
        "Cookie",
        "secret",
        "adgangs",
        "kode",
    ),
    *(
        "form_token",
        "Authorization",
        "Bearer ",
        "PRIVATE KEY",
        "-----BEGIN ",
        "-----END ",
        "-----",
        "611111",
        "8881",
        "%C2",
        "%2B",
        "%3D",
    ),
    *("abcdefghij", HANDLE[:21], HANDLE[21:], "\u017f", "\u212a", "\n"),
)
"""Parts of secrets. Two of the last letters are an s and a K where case plays no part."""


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_is_not_searched_in_full_holds_nothing(text: str) -> None:
    if not redaction._may_hold_secret(text):
        assert redaction._SECRETS.sub(redaction._replacement, text) == text


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="Aa0+/%2B3D=. ", max_size=60))
def test_looking_ahead_finds_the_same_base64(text: str) -> None:
    whole = re.compile(redaction._BASE64.pattern.partition(")")[2])
    assert list(map(re.Match.span, redaction._BASE64.finditer(text))) == list(map(re.Match.span, whole.finditer(text)))


def test_a_secret_at_the_cut_is_not_half_shown() -> None:
    for length in range(30):
        assert CPR[:6] not in fit_to_show("x" * length + f" {CPR}", 20)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one line, æøå and 日本", "one line, æøå and 日本"),
        ('a\r\n{"level": "info"}', 'a\\r\\n{"level": "info"}'),
        ("\x1b[2J\x00\x7f\x9b", "\\x1b[2J\\x00\\x7f\\x9b"),
        ("\u202eevil\u2066 \u2028\u2029\u0085\ufeff", "\\u202eevil\\u2066 \\u2028\\u2029\\x85\\ufeff"),
        ("half \ud800 a character", "half \\ud800 a character"),
    ],
)
def test_text_is_one_line_that_turns_nothing(text: str, line: str) -> None:
    assert visible(text) == line
    assert visible(line) == line


def test_text_is_cut_to_a_length() -> None:
    assert fit_to_show("x" * 10, 10) == "x" * 10
    assert fit_to_show("x" * 1_000_000, 10) == "x" * 10 + "…"
