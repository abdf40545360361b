"""The simulator under attack: a process of its own, reached over loopback as anybody would, and the keys of everybody in it."""

import base64
import http.client
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.load import load_world
from federation.model import World
from federation.topology import Topology, default_topology
from oiosaml.ids import EntityId, MessageId
from saml_web.ids import SystemIds
from scripts.bench.process_clock import cpu_seconds
from tests.processes import END_SECONDS, Simulator, clean_environment, simulator

FEDERATION = Path(__file__).parents[2] / "federation.yaml"
T = TypeVar("T")
SAID_BY_THE_SERVER = frozenset({414, 431})
"""The HTTP server itself has had enough, before any of our code sees the request."""

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came back, as it was on the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    text: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def cookies_set(self) -> dict[str, str]:
        """Cookies that hold something now; one that is taken away is none."""
        pairs = (value.partition(";")[0].partition("=") for key, value in self.headers if key.lower() == "set-cookie")
        return {name: value for name, _, value in pairs if value not in {"", '""'}}

    @property
    def code(self) -> str | None:
        """The public code of a refusal, wherever this kind of answer says it."""
        if self.status in SAID_BY_THE_SERVER:
            return "size"
        if self.header("content-type").startswith("application/json"):
            said: Mapping[str, Any] = json.loads(self.text)
            return said.get("code")
        found = re.search(r"<dt>Kode</dt><dd>([^<]+)</dd>", self.text) or re.search(
            r"(?:StatusMessage|faultstring)>([a-z]+(?:\.[a-z0-9-]+)?): ", self.text + (self.message or b"").decode()
        )
        return found and found[1]

    @property
    def is_told_onward(self) -> bool:
        """Whether this is no page to be read but one that carries a SAML Response to whoever asked."""
        return self.status == 200 and self.form_field("SAMLResponse") is not None

    @property
    def reference(self) -> str | None:
        """What a refused person tells whoever helps: the flow's id."""
        found = re.search(r'class="sim-reference">([^<]+)<|Reference: ([0-9a-f-]+)</faultstring>', self.text)
        return found and (found[1] or found[2])

    @property
    def detail(self) -> list[str]:
        return [unescape(text) for text in re.findall(r"<dd[^>]*>([^<]+)</dd>", self.text)]

    def form_field(self, name: str) -> str | None:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        return unescape(found[1]) if found else None

    @property
    def message(self) -> bytes | None:
        """The SAML Response that this page or envelope carries onward."""
        value = self.form_field("SAMLResponse")
        if value is not None:
            return base64.b64decode(value)
        is_soap = self.header("content-type").startswith("text/xml")
        return self.text.encode() if is_soap and "samlp:Response" in self.text else None


@dataclass
class Wires:
    """Connections to one server, used again while it keeps them open."""

    netloc: str
    idle: list[http.client.HTTPConnection] = field(default_factory=list)

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request exactly as given."""
        while self.idle:
            connection = self.idle.pop()
            try:
                return self._exchange(connection, method, path, body, headers)
            except http.client.RemoteDisconnected:
                connection.close()  # it had been idle for too long
        return self._exchange(http.client.HTTPConnection(self.netloc, timeout=END_SECONDS), method, path, body, headers)

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
        except (BrokenPipeError, ConnectionResetError) as error:
            if isinstance(error, http.client.RemoteDisconnected):
                raise
            # The server may close while a body that is too long is still being sent; what it said first is read anyway.
            response = http.client.HTTPResponse(connection.sock)
            response.begin()
        answer = Answer(response.status, tuple(response.getheaders()), response.read().decode("utf-8", "replace"))
        if response.will_close:
            connection.close()
        else:
            self.idle.append(connection)
        return answer

    def close(self) -> None:
        for connection in self.idle:
            connection.close()


@dataclass
class Browser:
    """One browser: its cookies, and requests exactly as given. Nothing is followed and nothing is written otherwise."""

    wires: Wires
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, headers)

    def post(self, path: str, body: bytes, content_type: str = FORM, **headers: str) -> Answer:
        return self.send("POST", path, body, {"Content-Type": content_type, **headers})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        own = {"Accept-Language": "da"} | ({"Cookie": cookies} if cookies else {})
        answer = self.wires.send(method, path, body, own | dict(headers))
        self.cookies |= answer.cookies_set
        return answer


@dataclass
class Target:
    """A running simulator, with everybody's keys in the attacker's hands where a case needs them."""

    running: Simulator
    world: World
    keys: KeyRing
    open_things: ExitStack
    ids: SystemIds = field(default_factory=SystemIds)
    _made: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Give what `make` gave the first time somebody asked for `name`."""
        if name not in self._made:
            self._made[name] = make()
        made: T = self._made[name]
        return made

    def keep_open(self, thing: AbstractContextManager[T]) -> T:
        """Open something that stays open as long as the simulator runs."""
        return self.open_things.enter_context(thing)

    @property
    def base_url(self) -> str:
        return self.running.base_url

    @property
    def pid(self) -> int:
        return self.running.process.pid

    @cached_property
    def topology(self) -> Topology:
        return default_topology(self.base_url, self.world)

    @cached_property
    def wires(self) -> Wires:
        wires = Wires(urlsplit(self.base_url).netloc)
        self.open_things.callback(wires.close)
        return wires

    @cached_property
    def operator(self) -> Browser:
        """Whoever sits at the machine: reads the record, changes registrations."""
        return self.browser()

    def browser(self) -> Browser:
        return Browser(self.wires)

    def now(self, seconds: float = 0) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=seconds)

    def fresh_id(self) -> MessageId:
        return self.ids.message_id()

    def entity_id(self, kind: str, party: str) -> EntityId:
        return next(each.entity_id for each in getattr(self.world, kind) if each.id == party)

    # --- as the operator

    def api(self, method: str, path: str, document: object = None) -> Answer:
        body = None if document is None else json.dumps(document).encode()
        return self.operator.send(method, f"/_sim/api{path}", body, {"Content-Type": "application/json"})

    def events(self, flow: str) -> list[dict[str, Any]]:
        answer = self.api("GET", f"/flows/{flow}")
        events: list[dict[str, Any]] = json.loads(answer.text).get("events", [])
        return events

    def events_of_message(self, message_id: str) -> list[dict[str, Any]]:
        answer = self.api("GET", f"/messages/{message_id}/flow")
        events: list[dict[str, Any]] = json.loads(answer.text).get("events", [])
        return events

    def audit(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.api("GET", "/audit").text)
        return report

    def registration(self, kind: str, party: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.api("GET", f"/{kind}/{party}").text)["registration"]
        return document

    def change(self, kind: str, party: str, **changes: Any) -> None:
        """Change a registration as `nsis apply` does; None takes a key out."""
        document = self.registration(kind, party) | changes
        answer = self.api(
            "PUT", f"/{kind}/{party}", {key: value for key, value in document.items() if value is not None}
        )
        assert answer.status == 200, answer.text

    def switch(self, kind: str, party: str, *, enabled: bool) -> None:
        answer = self.api("PUT", f"/{kind}/{party}/enabled?enabled={str(enabled).lower()}")
        assert answer.status == 204, answer.text

    # --- as the machine

    def cpu_seconds(self) -> float:
        """CPU that the process has used, all threads together."""
        return cpu_seconds(self.pid)

    def peak_memory(self) -> int:
        """Most octets in memory since `forget_peak`."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def open_target(directory: Path) -> Iterator[Target]:
    """Start the shipped federation over an empty store, with keys of 2048 bits."""
    with simulator(directory, environment=clean_environment()) as running:
        world = load_world(FEDERATION)
        topology = default_topology(running.base_url, world)
        at = datetime.now(UTC)
        keys = ensure_keys(directory / "certs", key_holders(world), rsa_bits=2048, at=at, urls=topology.context_handler)
        with ExitStack() as open_things:
            yield Target(running, world, keys, open_things)
        # pysaml2 logs every refusal of its own with a trace
        lines = [line for line in running.log.read_text("utf-8").splitlines() if '"logger": "saml2' not in line]
        assert [line[:2000] for line in lines if "Traceback" in line] == []
