"""The registration API of a running simulator, as the commands use it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import httpx

from nsis_sim.outgoing import outgoing_transport
from nsis_sim.terminal import REFUSED, FindingForPeople, fail, say_findings

API_PATH: Final = "/_sim/api"
TIMEOUT_SECONDS: Final = 60.0
"""How long a command waits for the registration API, which may fetch metadata itself, on a machine that may be slow or busy."""

_BAD_REQUEST: Final = 400

JsonObject = Mapping[str, Any]


class ApiUnreachableError(Exception):
    """Nobody answers at the base URL, or somebody else does."""


@dataclass(slots=True)
class ApiRefusalError(Exception):
    """The simulator refused; the message and the findings say why."""

    status: int
    message: str
    findings: tuple[FindingForPeople, ...] = ()
    code: str = ""
    """The public code; empty if somebody else than a simulator answered."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """What was registered, and what the rules advise all the same."""

    registered: tuple[str, ...]
    findings: tuple[FindingForPeople, ...]
    not_applied: tuple[str, ...] = ()
    """Blocks of the document that are otherwise in the simulator, which reads them when it starts."""


class Api:
    """A client of one simulator's API. Use as a context manager.

    Every method raises ApiUnreachableError if no simulator answers, and ApiRefusalError for a status of 400 or more.
    """

    def __init__(self, base_url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Take the broker's base URL. Proxy variables are not asked."""
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(
            base_url=self._base_url + API_PATH,
            trust_env=False,
            timeout=TIMEOUT_SECONDS,
            transport=transport or outgoing_transport(),
            headers={"Accept-Language": "en"},
        )

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self._client.close()

    def get_text(self, path: str) -> str:
        """Read a text."""
        return self._send("GET", path).text

    def send(self, method: str, path: str, body: JsonObject) -> Registered:
        """Send JSON that registers something."""
        return _registered(self._send(method, path, json=body))

    def send_text(self, path: str, text: str, *, media_type: str) -> Registered:
        """Send a text that registers something."""
        return _registered(self._send("POST", path, content=text.encode(), headers={"Content-Type": media_type}))

    def flow_of(self, message_id: str) -> tuple[list[JsonObject], str | None]:
        """Give the events and the id of the flow that a message belonged to; none for a message that never came by."""
        told = self._flow_at(f"/messages/{quote(message_id, safe='')}/flow")
        return ([], None) if told is None else (list(told["events"]), str(told["flow"]))

    def flow(self, reference: str) -> list[JsonObject] | None:
        """Give the events of a login or logout by its reference; None if there is no such flow."""
        told = self._flow_at(f"/flows/{quote(reference, safe='')}")
        return None if told is None else list(told["events"])

    def _flow_at(self, path: str) -> JsonObject | None:
        try:
            told: JsonObject = self._send("GET", path).json()
        except ApiRefusalError as refusal:
            if refusal.code == "web.not-found":
                return None
            raise
        return told

    def parties(self, kind: str) -> list[JsonObject]:
        """List the registered parties of a kind: `systems`, `idps` or `attribute-services`."""
        return list(self._send("GET", f"/{kind}").json())

    def people(self) -> list[JsonObject]:
        """List the invented people who can log in."""
        return list(self._send("GET", "/people").json())

    def played(self) -> frozenset[str]:
        """Give the entityIDs of the parties that the simulator plays itself."""
        return frozenset(self._send("GET", "/played").json())

    def members(self) -> JsonObject:
        """Give what ends soon, how metadata by URL stands, and every key."""
        told: JsonObject = self._send("GET", "/members").json()
        return told

    def audit(self) -> JsonObject:
        """Give how all logins and logouts stand, and what does not add up."""
        told: JsonObject = self._send("GET", "/audit").json()
        return told

    def set_withdrawn(self, kind: str, party: str, *, withdrawn: bool, key: str | None) -> None:
        """Withdraw a party or one of its keys, or restore it."""
        asked = {"withdrawn": "true" if withdrawn else "false", **({"key": key} if key else {})}
        self._send("PUT", f"/{kind}/{quote(party, safe='')}/withdrawn?{urlencode(asked)}")

    def remove(self, kind: str, party: str) -> None:
        """Take a party out, by its short id."""
        self._send("DELETE", f"/{kind}/{quote(party, safe='')}")

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: JsonObject | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            response = self._client.request(method, path, json=json, content=content, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnreachableError(
                f"No simulator answers at {self._base_url} ({error}). Start one with `make demo`, or name it: --base-url URL"
            ) from error
        if response.status_code >= _BAD_REQUEST:
            raise _refusal(response)
        return response


def _registered(response: httpx.Response) -> Registered:
    told = response.json()
    return Registered(
        tuple(told["registered"]),
        tuple(_finding(finding) for finding in told["findings"]),
        tuple(told.get("not_applied", ())),
    )


def _refusal(response: httpx.Response) -> ApiRefusalError:
    if not response.headers.get("content-type", "").startswith("application/json"):
        return ApiRefusalError(
            response.status_code, f"{response.url} answers HTTP {response.status_code}; is a simulator there?"
        )
    told = response.json()
    message = f"{told.get('code', 'refused')}: {told.get('sentence', '')} {told.get('detail', '')}".strip()
    return ApiRefusalError(
        response.status_code,
        message,
        tuple(_finding(finding) for finding in told.get("findings") or ()),
        code=str(told.get("code", "")),
        detail=str(told.get("detail", "")),
    )


def _finding(finding: JsonObject) -> FindingForPeople:
    return FindingForPeople(
        rule=str(finding["rule_id"]),
        requirement=str(finding["requirement"]),
        sentence=str(finding["sentence"]),
        detail=str(finding["detail"]),
        line=finding.get("line"),
        mend=finding.get("mend"),
        entity_id=finding.get("entity_id"),
    )


@contextmanager
def registering(source: str, *, status: int = REFUSED) -> Iterator[None]:
    """End the command with what the simulator said, in plain words, should it refuse what is in `source` or not be there."""
    try:
        yield
    except ApiUnreachableError as error:
        fail(str(error))
    except ApiRefusalError as refusal:
        if refusal.findings:
            say_findings(source, refusal.findings)
            fail("Nothing was registered.", status=status)
        fail(refusal.message, status=status)
