"""Honest logins while strangers send the broker what is meant to be dear: entities, wide documents, bombs, XSLT (XML-04, 10, 14, SIG-15).

The inputs need no key and no registration: whoever can reach the broker can send them. Each is refused, and none may slow those who log in.
"""

import base64
import http.client
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final
from urllib.parse import quote, urlsplit

from context_handler.audit import AuditReport, audit
from context_handler.store.database import Database
from context_handler.store.sqlite_record import SqliteRecord
from nsis_sim.settings import STORE_FILE
from oiosaml.ids import DEFAULT_WORKSPACE
from saml_web.clock import utc_now
from scripts.bench.__main__ import running
from scripts.chaos.brokers import patience_hook
from scripts.load.pacing import LATE_SECONDS, Pace, at_a_steady_rate
from scripts.load.walking import PEOPLE, Walk
from scripts.load.watching import Watch

HOSTILE_RATE: Final = 20.0
"""Hostile inputs a second."""

_SSO: Final = "/runtime/saml2/issue.idp"
_ACS: Final = "/runtime/saml2auth/consume.idp"
_SYSTEM: Final = "https://saml.byggesag.sim.test"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_NAMESPACES: Final = 'xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"'
_DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
_SECONDS: Final = 120.0
_THREADS: Final = 4
_WARM_UP: Final = 4


@dataclass(frozen=True, slots=True)
class Hostile:
    """One input: where it goes and what goes there."""

    name: str
    path: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Siege:
    """What a run showed."""

    honest: Pace
    hostile: Pace
    report: AuditReport
    cpu_seconds: float
    slowness: float

    def wrong(self) -> list[str]:
        """Say what does not hold: an honest login that failed, an input that was not refused, a flow that was lost."""
        counts = self.report.counts
        told = [*self.honest.failures[:5], *self.hostile.failures[:5]]
        if not self.report.conserved:
            told.append(f"not conserved: {self.report}")
        if counts.completed != self.honest.done + _WARM_UP:
            told.append(f"{self.honest.done} people logged in, the broker knows {counts}")
        if counts.refused != self.hostile.done:
            told.append(f"{self.hostile.done} inputs were refused, the broker knows {counts}")
        return told

    @property
    def cores(self) -> float:
        """How many cores the broker and all other houses needed for it."""
        return self.cpu_seconds / self.hostile.seconds

    def figures(self) -> dict[str, float]:
        """Give it as it is published."""
        return {
            "logins": self.honest.done,
            "failed": len(self.honest.failures),
            "p95_seconds": round(self.honest.percentile(0.95), 3),
            "hostile_inputs": self.hostile.done,
            "hostile_rate": round(self.hostile.rate, 1),
            "not_refused": len(self.hostile.failures),
            "cores": round(self.cores, 2),
            "hostile_p95_seconds": round(self.hostile.percentile(0.95), 3),
        }


def under_siege(
    directory: Path,
    *,
    rate: float,
    seconds: float,
    hostile_rate: float = HOSTILE_RATE,
    late_seconds: float = LATE_SECONDS,
    patience: float | None = None,
) -> Siege:
    """Run the demo, log people in at `rate` a second, and send hostile inputs at `hostile_rate` all the while."""
    with running(directory, "demo", hooks=patience_hook(patience), NSIS_RSA_BITS="2048") as (pid, base_url, _):

        def log_in(_thread: int, unit: int) -> None:
            with Walk(base_url) as walk:
                walk.log_in(PEOPLE[unit % len(PEOPLE)])

        for unit in range(_WARM_UP):
            log_in(0, unit)
        stormed: list[Pace] = []
        with Watch([pid]) as watch:
            storm = Thread(target=lambda: stormed.append(_storm(base_url, hostile_rate, seconds, late_seconds)))
            storm.start()
            honest = at_a_steady_rate(log_in, rate=rate, seconds=seconds, threads=_THREADS, late_seconds=late_seconds)
            storm.join()
        database = Database(directory / "var" / STORE_FILE)
        report = audit(SqliteRecord(database), DEFAULT_WORKSPACE, utc_now())
        database.close()
    return Siege(honest, stormed[0], report, watch.cpu_seconds, watch.slowness)


def hostile_inputs() -> Sequence[Hostile]:
    """Give the inputs; making them costs more than sending them."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    laughs = f"<!DOCTYPE p:AuthnRequest [{entities}]>{_request('<a:Issuer>&e9;</a:Issuer>')}"
    attributes = " ".join(f'b{n}=""' for n in range(40_000))
    namespaces = " ".join(f'xmlns:n{n}="u:{n}"' for n in range(15_000))
    elements = "<a:Attribute/>" * 25_000
    return (
        Hostile("XML-04 by redirect", f"{_SSO}?{_query(laughs)}", None),
        Hostile("XML-04 by POST", _SSO, _form(laughs)),
        Hostile("XML-10 attributes", _SSO, _form(_request(f"<a:Issuer {attributes}>x</a:Issuer>"))),
        Hostile("XML-10 namespaces", _SSO, _form(_request(f"<a:Issuer {namespaces}>x</a:Issuer>"))),
        Hostile("XML-10 elements", _ACS, _form(_request(elements), "SAMLResponse")),
        Hostile("XML-10 text", _ACS, _form(_request(f"<a:Issuer>{'x' * 5_000_000}</a:Issuer>"), "SAMLResponse")),
        Hostile("XML-14", f"{_SSO}?{_query(' ' * 10_000_000)}", None),
        Hostile("SIG-15", _SSO, _form(_request(f"<a:Issuer>{_SYSTEM}</a:Issuer>{_stylesheet_signature()}"))),
    )


def _storm(base_url: str, rate: float, seconds: float, late_seconds: float) -> Pace:
    inputs = hostile_inputs()

    def send(_thread: int, unit: int) -> None:
        hostile = inputs[unit % len(inputs)]
        status = _status_of(base_url, hostile)
        if not 400 <= status < 500:
            raise RuntimeError(f"{hostile.name} was answered with {status}")

    return at_a_steady_rate(send, rate=rate, seconds=seconds, threads=_THREADS, late_seconds=late_seconds)


def _status_of(base_url: str, hostile: Hostile) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(base_url).port or 80, timeout=_SECONDS)
    headers: Mapping[str, str] = {"Cookie": "nsis_login=x", **(_FORM if hostile.body is not None else {})}
    try:
        connection.request("GET" if hostile.body is None else "POST", hostile.path, hostile.body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()


def _request(inside: str) -> str:
    destination = 'Destination="http://localhost/" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"'
    return (
        f'<p:AuthnRequest {_NAMESPACES} ID="_0123456789abcdef0123456789abcdef" {destination}>{inside}</p:AuthnRequest>'
    )


def _stylesheet_signature() -> str:
    doubling = '<x:template name="t"><x:param name="d"/><x:if test="$d"><x:call-template name="t"/></x:if></x:template>'
    sheet = f'<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">{doubling}</x:stylesheet>'
    transform = f'<d:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">{sheet}</d:Transform>'
    reference = (
        f'<d:Reference URI="#_0123456789abcdef0123456789abcdef"><d:Transforms>{transform}</d:Transforms>'
        '<d:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><d:DigestValue>eA==</d:DigestValue></d:Reference>'
    )
    return (
        f'<d:Signature xmlns:d="{_DSIG}"><d:SignedInfo>'
        '<d:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
        '<d:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
        f"{reference}</d:SignedInfo><d:SignatureValue>eA==</d:SignatureValue></d:Signature>"
    )


def _form(text: str, parameter: str = "SAMLRequest") -> bytes:
    return f"{parameter}={quote(base64.b64encode(text.encode()), safe='')}".encode()


def _query(text: str) -> str:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return f"SAMLRequest={quote(base64.b64encode(packer.compress(text.encode()) + packer.flush()), safe='')}"
