"""The same faults on a system's back channel for logout (plan U): bounded time, all others told, the person reads who may still be in."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from context_handler.adapters.soap_over_http import TOTAL_SECONDS
from federation.dev_ca import KeyRing, KeySet
from oiosaml.bindings.redirect import read_redirect
from oiosaml.ids import EntityId, MessageId
from oiosaml.keys import read_verification_key
from oiosaml.logout_openings import open_logout_request_soap, vouch_for_logout_request
from oiosaml.logout_sending import logout_envelope
from oiosaml.messages.logout import LogoutResponse, read_logout_response
from oiosaml.messages.response import Status
from oiosaml.uris import STATUS_SUCCESS
from oiosaml.xml.parse import parse_message
from saml_web.ids import SystemIds
from scripts.bench.attribute_stub import SoapStub
from scripts.bench.peers import KORSBAEK, SSO, Driver
from scripts.chaos.brokers import Site, ended
from scripts.chaos.people import Crowd
from scripts.chaos.upstream import CLOSED_WITHIN, OPEN_SECONDS, REST_SECONDS, Upstream
from scripts.chaos.wire import Fault, FaultyWire

BEHIND_THE_WIRE: Final = "ydelser"
ANOTHER: Final = "vendor"
"""Systems that take logout requests by SOAP; the first one misbehaves, the other one is registered like it, with the same key."""

_NAMES: Final = {BEHIND_THE_WIRE: "Ydelser", ANOTHER: "Leverandør"}
EVERYBODY: Final = "everybody"
WITHOUT_IT: Final = "everybody else"
_HARMLESS: Final = frozenset({Fault.LATENCY_100_MS, Fault.LATENCY_1_S, Fault.JITTER})

_CLIENT_SECONDS: Final = 30.0
_OK, _ONWARD = 200, 303
_LIST: Final = re.compile(rb"<ul>(.*?)</ul>", re.DOTALL)
_ITEM: Final = re.compile(rb"<li>(.*?)</li>", re.DOTALL)
_BACK: Final = re.compile(rb'href="([^"]*SAMLResponse=[^"]*)"')


class StubParticipant(SoapStub):
    """Says yes to each LogoutRequest of the broker that comes by SOAP, and remembers its ID."""

    def __init__(self, name: EntityId, own: KeySet, broker: KeySet) -> None:
        super().__init__()
        self._name = name
        self._own = own
        self._broker = read_verification_key(broker.certificate_der)
        self._ids = SystemIds()
        self.asked: list[MessageId] = []

    def answer(self, envelope: bytes) -> bytes:
        """Give the signed answer."""
        request = vouch_for_logout_request(open_logout_request_soap(envelope), (self._broker,)).value
        self.asked.append(request.id)
        response = LogoutResponse(
            id=self._ids.message_id(),
            issue_instant=datetime.now(UTC),
            issuer=self._name,
            destination=None,
            in_response_to=request.id,
            status=Status(STATUS_SUCCESS),
        )
        return logout_envelope(response, self._own.signing)


class LogoutRun:
    """People who log in at three systems and out at the first; one of the others is behind a faulty wire."""

    def __init__(self, site: Site, wire: FaultyWire, healthy: Sequence[StubParticipant], rest_seconds: float) -> None:
        self._site = site
        self._bound = (site.patience or TOTAL_SECONDS) + rest_seconds
        self._wire = wire
        self._healthy = healthy
        self._lock = threading.Lock()
        self._partial = 0
        self._logouts = 0
        self.seen = Upstream()

    def run(self, faults: Sequence[Fault], logouts: int) -> Upstream:
        """Let so many people log out at once under each fault, and see that all is well again after it."""
        seen = self.seen
        with Crowd(self._site.base_url, lambda: self._site.keys, rate=5.0, size=2, who=(KORSBAEK,)) as others:
            others.broker_is_up()
            self._log_out()  # something true that a wrong answer can be
            for fault in faults:
                self._under(fault, logouts)
        ordered = sorted(others.ledger.seconds)
        seen.others, seen.others_p95 = others.ledger.completed, ordered[int(0.95 * len(ordered))] if ordered else 0.0
        seen.wrong += others.ledger.wrong
        for each in self._healthy:
            if len(each.asked) != self._logouts:
                seen.wrong.append(f"a participant was asked {len(each.asked)} times in {self._logouts} logouts")
        report = self._site.audit()
        if not report.conserved or (report.logouts.started, report.logouts.partial) != (self._logouts, self._partial):
            seen.wrong.append(f"{self._logouts} logouts, {self._partial} partial: {report}")
        return seen

    def _under(self, fault: Fault, logouts: int) -> None:
        self._wire.set(fault)
        with ThreadPoolExecutor(logouts) as people:
            told = Counter(people.map(lambda _: self._log_out(), range(logouts)))
        self.seen.outcomes[fault.value] = told
        allowed = {EVERYBODY} if fault in _HARMLESS else {WITHOUT_IT}
        if fault is Fault.FLAPPING:
            allowed = {EVERYBODY, WITHOUT_IT}
        if unexpected := set(told) - allowed:
            self.seen.wrong.append(f"logout, {fault}: got {sorted(unexpected)}, expected {sorted(allowed)}")
        self._wire.set(Fault.NONE)
        began = time.monotonic()
        while self._log_out() != EVERYBODY:
            if time.monotonic() - began > CLOSED_WITHIN:
                self.seen.wrong.append(f"after {fault} the system was not asked again")
                return
            time.sleep(0.05)

    def _log_out(self) -> str:
        """Log in everywhere and out at the first system; give who is logged out by what the person reads and the system is told."""
        with Driver(self._site.base_url, self._site.keys) as driver:
            token, cookies = driver.session(KORSBAEK)
            for system in (BEHIND_THE_WIRE, ANOTHER):
                status, _, page = driver.exchange(
                    "GET", f"{SSO}?{driver.query(KORSBAEK, system=system)}", None, cookies
                )
                if status != _OK or b"SAMLResponse" not in page:
                    raise RuntimeError(f"the broker answered {status} for {system}: {page[:600]!r}")
            began = time.monotonic()
            status, headers, page = driver.exchange("GET", f"{SSO}?{driver.logout_query(token)}", None, cookies)
            took = time.monotonic() - began
        with self._lock:
            self.seen.slowest = max(self.seen.slowest, took)
            self._logouts += 1
            self._partial += status == _OK
        if took > self._bound:
            self.seen.wrong.append(f"a person waited for {took:.1f} s to be logged out")
        if status == _ONWARD:
            return EVERYBODY if _told_of(headers["Location"]).everybody_is_logged_out else "a success that is none"
        return self._read(status, page)

    def _read(self, status: int, page: bytes) -> str:
        """Read the page of a partial logout: who is still logged in, who is not, and what the link back tells the system."""
        lists = [[unescape(each.decode()) for each in _ITEM.findall(found)] for found in _LIST.findall(page)]
        back = _BACK.search(page)
        if status != _OK or back is None or len(lists) < 2:
            return f"HTTP {status}"
        still, out = lists[-2:]
        if still != [_NAMES[BEHIND_THE_WIRE]] or _NAMES[ANOTHER] not in out or len(out) != 2:
            return f"still {still}, out {out}"
        told = _told_of(unescape(back[1].decode()))
        partial = told.status.is_success and not told.everybody_is_logged_out
        return WITHOUT_IT if partial else f"told {told.status}"


def _told_of(url: str) -> LogoutResponse:
    return read_logout_response(parse_message(read_redirect(urlsplit(url).query.encode(), "SAMLResponse").octets))


@contextmanager
def logout_run(
    directory: Path, *, patience: float | None = None, rest_seconds: float = REST_SECONDS
) -> Iterator[LogoutRun]:
    """Give a run in a directory of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    site = Site(directory, patience=patience)
    keys = site.keys = _with_another(site.keys)
    stub = [
        StubParticipant(EntityId(f"https://saml.{name}.sim.test"), keys.system(name), keys.context_handler)
        for name in (BEHIND_THE_WIRE, ANOTHER)
    ]
    home = EntityId(f"https://saml.idp.{KORSBAEK.id}.test")
    idp = StubParticipant(home, keys.idp(KORSBAEK.id), keys.context_handler)
    with stub[0] as behind, stub[1] as another, idp, FaultyWire(urlsplit(behind.base_url).port or 0) as wire:
        places = {f"sp_demo:{BEHIND_THE_WIRE}": wire.base_url, f"idp_mock:{KORSBAEK.id}": idp.base_url}
        site.environment = {"NSIS_BASE_URLS": " ".join(f"{name}={url}" for name, url in places.items())}
        broker = site.start(open_seconds=OPEN_SECONDS)
        with ended(broker):
            _register_another(f"{site.base_url}/_sim/api/systems", wire.base_url, another.base_url)
            yield LogoutRun(site, wire, (another, idp), rest_seconds)


def _with_another(keys: KeyRing) -> KeyRing:
    return replace(keys, key_sets={**keys.key_sets, f"sp-{ANOTHER}": keys.system(BEHIND_THE_WIRE)})


def _register_another(systems: str, behind: str, another: str) -> None:
    with httpx.Client(trust_env=False, timeout=_CLIENT_SECONDS) as client:
        found = next(each for each in client.get(systems).json() if each["id"] == BEHIND_THE_WIRE)
        metadata = str(found["registration"]["metadata"]).replace(f"saml.{BEHIND_THE_WIRE}.sim", f"saml.{ANOTHER}.sim")
        document = {
            "id": ANOTHER,
            "name": _NAMES[ANOTHER],
            "cvr": "95000013",
            "metadata": metadata.replace(behind, another),
            "allow_unsigned_metadata": True,
        }
        client.post(systems, json=document).raise_for_status()
