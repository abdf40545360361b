"""What a running simulator writes to its log while strangers send it whatever they like (attacks WEB-06, WEB-10)."""

import base64
import json
import socket
import zlib
from urllib.parse import quote, urlsplit

import pytest

from nsis_sim.browser import Browser
from nsis_sim.headless_login import PERSONA_HEADER
from tests.processes import END_SECONDS, clean_environment, simulator

FORGED = '\r\n{"at": "now", "level": "info", "message": "forged"}\x1b[2J\u202e\u2028\x85'
CPR = "6111118881"
KEY = "0123456789-api-key-0123456789"
PATHS = (
    "/",
    "/runtime/saml2/issue.idp",
    "/idp/korsbaek/sso",
    "/attributes/skovrup/soap",
    "/nemlogin/sso",
    "/sp/byggesag/acs",
)


def sent(port: int, head: bytes, body: bytes = b"") -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=END_SECONDS) as connection:
        connection.sendall(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        answer = b""
        while more := connection.recv(65536):
            answer += more
    return answer


def hostile_query() -> str:
    issuer = (
        f"https://evil.test/{FORGED}".replace("\r", "&#13;")
        .replace("\n", "&#10;")
        .replace("\x1b", "")
        .replace('"', "'")
    )
    xml = (
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1"'
        f' Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><a:Issuer>{issuer}</a:Issuer></p:AuthnRequest>'
    )
    packer = zlib.compressobj(wbits=-15)
    message = base64.b64encode(packer.compress(xml.encode()) + packer.flush())
    state = quote(FORGED + CPR)
    return f"SAMLRequest={quote(message, safe='')}&RelayState={state}&idp={state}&q={state}&login={state}&lang={state}"


@pytest.fixture(scope="module")
def log(tmp_path_factory, certs):
    """The log of a simulator at its most talkative, after a login and much that no browser sends."""
    environment = clean_environment(NSIS_LOG_LEVEL="debug", NSIS_CERTS_DIR=str(certs))
    with simulator(tmp_path_factory.mktemp("log"), environment=environment) as running:
        port = urlsplit(running.base_url).port or 0
        with Browser(headers={PERSONA_HEADER: "ane-holm"}) as browser:
            page = browser.visit(f"{running.base_url}/sp/byggesag/login?idp=https://saml.idp.korsbaek.test")
            assert page.status == 200
            handles = [cookie.value for cookie in browser._client.cookies.jar if cookie.name != "nsis_lang"]
        hostile = FORGED.replace("\r\n", "\x0b").replace("\x1b", "").encode("utf-8").replace(b"\x0b", b"")
        for path in PATHS:
            for method in ("GET", "POST"):
                head = f"{method} {path}/../{quote(FORGED)}{CPR}?{hostile_query()} HTTP/1.1\r\nHost: localhost\r\n".encode()
                sent(port, head + b"User-Agent: " + hostile + b"\r\nCookie: nsis_login=" + KEY.encode() + b"\r\n")
                head = f"{method} {path}?{hostile_query()} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {KEY}\r\n".encode()
                sent(port, head + b"Content-Type: text/" + hostile + b"\r\n", f"password={CPR}&x={FORGED}".encode())
        sent(port, b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\nX: \x01\r\n")
        assert running.interrupt() == 0
        yield running.log.read_bytes(), handles


def test_every_line_of_the_log_is_one_json_object_that_turns_nothing_web_06(log):
    # What a person who starts it is told comes before and after, and none of it holds a word of a request.
    lines = [line for line in log[0].split(b"\n") if line.startswith(b"{")]
    assert len(lines) > 4 * len(PATHS)
    for line in lines:
        text = line.decode("utf-8")
        assert text.isprintable(), text
        assert set(json.loads(text)) <= {"at", "level", "logger", "message", "trace"}
        assert json.loads(text)["at"] != "now"
    rest = [line for line in log[0].split(b"\n") if not line.startswith(b"{")]
    assert not any(word in line for line in rest for word in (b"forged", b"evil", b"GET", b"\x1b"))


def test_no_request_made_a_house_fail(log):
    assert b"trace" not in log[0]


def test_no_secret_is_in_the_log_web_10(log):
    written, handles = log
    assert handles
    for secret in (CPR, KEY, *handles):
        assert secret.encode() not in written
    assert b"SAMLRe" not in written
