"""SOAP to an address out of registered metadata: the answer or the one code for every failure (attacks AQ-05, MD-10)."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from context_handler.adapters.soap_over_http import SoapOverHttp
from tests.conftest import Member
from tests.context_handler.adapters.soap_rig import answer, refusal, saying, serving, twice

pytestmark = pytest.mark.anyio

SOON = 0.01
"""Seconds after which a connection that never comes about is given up."""


async def test_aq_05_control_the_answer_is_given() -> None:
    async with serving(saying(answer(b"<answer/>"))) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /soap?of=us HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Accept-Encoding: identity" in head
    assert body == b"<soap/>"


async def test_a_soap_fault_is_an_answer() -> None:
    async with serving(saying(answer(b"<fault/>", "500 Broken"))) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<fault/>"


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found", "204 No Content"])
async def test_another_status_is_refused_and_no_redirect_followed(status: str) -> None:
    async with serving(saying(answer(b"", status, headers="Location: /soap\r\n"))) as server:
        assert status[:3] in (await refusal(SoapOverHttp(), server.url)).detail
    assert len(server.requests) == 1


async def test_interim_answers_are_passed_over() -> None:
    octets = b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"<answer/>")
    async with serving(saying(octets)) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async with serving(saying(b"HTTP/1.1 200 OK\r\n\r\n<answer/>")) as server, SoapOverHttp() as carrier:
        assert await carrier.post_soap(server.url, b"<soap/>") == b"<answer/>"


# --- no connection


async def test_refused_is_tried_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    connect, tried = loop.create_connection, []

    async def counted(*arguments: object, **options: object) -> object:
        tried.append(arguments)
        return await connect(*arguments, **options)  # type: ignore[call-overload]  # whatever it was given

    monkeypatch.setattr(loop, "create_connection", counted)
    with socket.socket() as nobody:  # bound and not listening: the port is refused
        nobody.bind(("127.0.0.1", 0))
        await refusal(SoapOverHttp(), f"http://127.0.0.1:{nobody.getsockname()[1]}/")
    assert len(tried) == 2


async def test_nobody_answers_the_knock_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    assert "NoConnectionError" in (await refusal(SoapOverHttp(connect_seconds=SOON), "http://own.test/")).detail


def server_tls(member: Member, directory: Path) -> ssl.SSLContext:
    path = directory / "server.pem"
    path.write_bytes(member.key_pem + member.certificate_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def tls(idp: Member, tmp_path: Path) -> ssl.SSLContext:
    return server_tls(idp, tmp_path)


async def test_a_certificate_that_nobody_trusts_is_refused(tls: ssl.SSLContext) -> None:
    async with serving(saying(answer(b"<answer/>")), tls=tls) as server:
        await refusal(SoapOverHttp(), server.url)
    assert not server.requests


async def test_control_the_same_with_trust(idp: Member, tls: ssl.SSLContext) -> None:
    trusting = ssl.create_default_context(cadata=idp.certificate_pem.decode())
    trusting.check_hostname = False  # the member's certificate names no host
    async with serving(saying(answer(b"1"), answer(b"2")), tls=tls) as server:
        assert await twice(server, SoapOverHttp(tls=lambda: trusting)) == [b"1", b"2"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://xn--zz99/",
        "https://\u2603.test/",
        "https://[v1.x]/",
        "ftp://own.test/",
        "https:///soap",
        "http://own.test:99999/",
        f"http://{'a' * 64}.test/",
    ],
)
async def test_address_that_is_none(url: str) -> None:
    await refusal(SoapOverHttp(), url)
