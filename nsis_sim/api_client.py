"""The registration API of a running simulator, as the commands use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from nsis_sim.terminal import FindingForPeople

API_PATH: Final = "/_sim/api"
TIMEOUT_SECONDS: Final = 20.0
_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404


class ApiUnreachableError(Exception):
    """Nobody answers at the base URL, or somebody else does."""


@dataclass(frozen=True, slots=True)
class ApiRefusalError(Exception):
    """The simulator refused; the message and the findings say why."""

    status: int
    code: str | None
    message: str
    findings: tuple[FindingForPeople, ...] = ()


class Api:
    """A client of one simulator's API. Use as a context manager."""

    def __init__(self, base_url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Take the broker's base URL. Proxy variables are not asked."""
        self._base_url = base_url.rstrip("/")
        self._client = httpx.Client(
            base_url=self._base_url + API_PATH, trust_env=False, timeout=TIMEOUT_SECONDS, transport=transport
        )

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self._client.close()

    def get(self, path: str, **params: str) -> Any:
        """Read JSON, or text where the answer is none.

        Raises:
            ApiUnreachableError: if no simulator answers.
            ApiRefusalError: for a status of 400 or more.
        """
        return self._read(self._send("GET", path, params=params))

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON and read JSON.

        Raises:
            ApiUnreachableError: if no simulator answers.
            ApiRefusalError: for a status of 400 or more.
        """
        return self._read(self._send(method, path, json=dict(body)))

    def send_text(self, method: str, path: str, text: str, *, media_type: str) -> Any:
        """Send a text and read JSON.

        Raises:
            ApiUnreachableError: if no simulator answers.
            ApiRefusalError: for a status of 400 or more.
        """
        return self._read(self._send(method, path, content=text.encode("utf-8"), headers={"Content-Type": media_type}))

    def flow_of(self, message_id: str) -> tuple[list[Mapping[str, Any]], str | None]:
        """Give the events and the id of the flow that a message belonged to; none for a message that never came by.

        Raises:
            ApiUnreachableError: if no simulator answers.
            ApiRefusalError: for any other refusal.
        """
        try:
            told = self.get(f"/messages/{quote(message_id, safe='')}/flow")
        except ApiRefusalError as refusal:
            if refusal.status == _NOT_FOUND:
                return [], None
            raise
        return list(told["events"]), str(told["flow"])

    def parties(self, kind: str) -> list[Mapping[str, Any]]:
        """List the registered parties of a kind: `systems`, `idps` or `attribute-services`.

        Raises:
            ApiUnreachableError: if no simulator answers.
            ApiRefusalError: if it refuses.
        """
        return list(self.get(f"/{kind}"))

    def _send(self, method: str, path: str, **what: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **what)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiUnreachableError(
                f"No simulator answers at {self._base_url} ({error}). Start one with `make demo`, or name it: --base-url URL"
            ) from error

    def _read(self, response: httpx.Response) -> Any:
        is_json = response.headers.get("content-type", "").startswith("application/json")
        if response.status_code >= _BAD_REQUEST:
            raise _refusal(response.status_code, response.json() if is_json else {})
        return response.json() if is_json else response.text


def _refusal(status: int, body: Any) -> ApiRefusalError:
    told = body if isinstance(body, dict) else {}
    code = told.get("code")
    sentence = told.get("sentence")
    sentence = sentence.get("en") if isinstance(sentence, dict) else sentence
    parts = [str(part) for part in (sentence or told.get("message"), told.get("detail")) if part]
    findings = tuple(read_finding(finding) for finding in told.get("findings") or ())
    return ApiRefusalError(status, code, " ".join(parts) or f"the simulator answered HTTP {status}", findings)


def read_finding(finding: Mapping[str, Any]) -> FindingForPeople:
    """Read a finding from the API's JSON."""
    return FindingForPeople(
        rule=str(finding.get("rule_id", "")),
        requirement=str(finding.get("requirement", "MUST")),
        sentence=str(finding.get("sentence", "")),
        detail=str(finding.get("detail", "")),
        line=finding.get("line"),
        mend=finding.get("mend"),
    )
