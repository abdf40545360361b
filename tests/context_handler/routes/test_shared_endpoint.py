"""Which message came to the address that requests for login and for logout share."""

import base64
import zlib
from urllib.parse import urlencode

import pytest

from context_handler.routes.logout import is_logout_message
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT

LOGOUT = b'<samlp:LogoutRequest xmlns:samlp="urn:x" ID="_a">' + bytes(range(32, 127)) * 60
LOGIN = LOGOUT.replace(b"LogoutRequest", b"AuthnRequest")


LOGGED_OUT = LOGOUT.replace(b"LogoutRequest", b"LogoutResponse")
LOGGED_IN = LOGOUT.replace(b"LogoutRequest", b"Response")


def posted(octets: bytes, parameter: str = "SAMLRequest") -> bytes:
    return urlencode({"RelayState": "a&b", parameter: base64.b64encode(octets)}).encode()


def redirected(octets: bytes, parameter: str = "SAMLRequest") -> bytes:
    deflated = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(deflated.compress(octets) + deflated.flush())
    return urlencode({parameter: packed, "RelayState": "x", "SigAlg": "urn:x", "Signature": "AA=="}).encode()


@pytest.mark.parametrize(("octets", "logs_out"), [(LOGOUT, True), (LOGIN, False), (LOGOUT[:80], True), (b"", False)])
def test_tells_them_apart_by_the_first_octets(octets: bytes, *, logs_out: bool) -> None:
    assert is_logout_message(posted(octets), BINDING_POST) is logs_out
    assert is_logout_message(redirected(octets), BINDING_REDIRECT) is logs_out


@pytest.mark.parametrize(
    ("octets", "parameter", "logs_out"),
    [
        (LOGGED_OUT, "SAMLResponse", True),
        (LOGGED_OUT[:80], "SAMLResponse", True),
        (LOGGED_IN, "SAMLResponse", False),
        (LOGOUT, "SAMLResponse", False),
        (LOGGED_OUT, "SAMLRequest", False),
    ],
)
def test_an_answer_that_strayed_here_is_told_from_a_logins(octets: bytes, parameter: str, *, logs_out: bool) -> None:
    assert is_logout_message(posted(octets, parameter), BINDING_POST) is logs_out
    assert is_logout_message(redirected(octets, parameter), BINDING_REDIRECT) is logs_out


def test_beside_a_request_an_answer_decides_nothing() -> None:
    answer = posted(LOGGED_OUT, "SAMLResponse")
    assert not is_logout_message(posted(LOGIN) + b"&" + answer, BINDING_POST)
    assert not is_logout_message(answer + b"&" + posted(LOGIN), BINDING_POST)
    assert is_logout_message(answer + b"&" + posted(LOGOUT), BINDING_POST)
    assert not is_logout_message(answer + b"&" + answer, BINDING_POST)


@pytest.mark.parametrize(
    "octets",
    [b"", b"SAMLRequest", b"SAMLRequest=", b"SAMLRequest=%", b"SAMLRequest=AAAA", b"SAMLRequest=\xff%zz", b"x=1&y=2"],
)
def test_what_is_neither_is_left_to_the_login(octets: bytes) -> None:
    assert not is_logout_message(octets, BINDING_REDIRECT)
    assert not is_logout_message(octets, BINDING_POST)


@pytest.mark.parametrize("plain", range(3))
def test_the_look_may_end_within_an_escape(plain: int) -> None:
    """It ends after so many octets; that an escape was cut there is no fault of the sender's."""
    packed = base64.b64encode(LOGOUT)
    escaped = "".join(f"%{octet:02X}" for octet in packed[plain:]).encode()
    assert is_logout_message(b"SAMLRequest=" + packed[:plain] + escaped, BINDING_POST)


def test_two_messages_are_left_to_the_login_which_refuses_them() -> None:
    assert not is_logout_message(redirected(LOGOUT) + b"&" + redirected(LOGOUT), BINDING_REDIRECT)


def test_a_plus_sign_that_was_not_escaped_is_base64s_own() -> None:
    octets = posted(LOGOUT.replace(b'ID="_a"', b'ID="_>>>>"'))
    bare = octets.replace(b"%2B", b"+")
    assert bare != octets
    assert is_logout_message(bare, BINDING_POST)
