"""Events as rows of the store: the steps of one transaction in one row, read back as they were.

A row holds its steps as JSON, with the fields' names as keys, and after them all octets in one piece: each step tells how many are its own.
What that saves is measured in docs/adr/0013.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from context_handler.events import Event, EventOutcome, Whole
from context_handler.login_state import LoginState
from context_handler.logout_state import LogoutState
from context_handler.store.database import from_microseconds, to_microseconds
from context_handler.store.json_text import json_text, json_value
from oiosaml.ids import FlowId, MessageId, WorkspaceId
from oiosaml.redaction import redacted
from oiosaml.rules.rule import Finding, Requirement
from oiosaml.value_type import value_type


@value_type
class Move:
    """What a transaction did to its login. It stands in the row of the transaction's events: the stream alone tells how a flow stands."""

    origin: LoginState | LogoutState | None
    """None begins a flow."""
    target: LoginState | LogoutState
    through: LoginState | None = None
    """Where it stood between the two, within the same transaction."""


_INSERT: Final = (
    "INSERT INTO events (workspace, flow, at, moved_from, moved_through, moved_to, steps, octets, hearsay)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT: Final = "SELECT at, steps, octets, hearsay FROM events WHERE workspace = ? AND flow = ? ORDER BY seq"
# Octets, and what stands behind them, are left where they are; the index tells which logins were completed, and gives them one by one.
_SELECT_COMPLETED: Final = (
    "SELECT events.flow, events.at, events.steps FROM events AS ends CROSS JOIN events"
    " ON events.workspace = ends.workspace AND events.flow = ends.flow WHERE ends.workspace = ? AND ends.moved_to = ?"
    " AND EXISTS (SELECT 1 FROM json_each(?) WHERE instr(events.steps, value) > 0)"
)
_SELECT_FLOW_OF: Final = "SELECT flow FROM events WHERE workspace = ? AND instr(steps, ?) > 0 ORDER BY seq DESC LIMIT 1"

MAX_PARTY_CHARACTERS: Final = 1024
"""Characters kept of who claims to have sent a message: as many as an entityID may have (SAML Core 8.3.6)."""

MAX_MESSAGE_ID_CHARACTERS: Final = 256
"""Characters kept of a message's ID: no longer one is accepted."""

_OCTETS: Final = ("octets_in", "octets_out")


def insert_events(
    connection: sqlite3.Connection, workspace: WorkspaceId, events: Sequence[Event], move: Move | None = None
) -> None:
    """Write events of one flow in their order, and the move they caused.

    Raises:
        ValueError: if there is a move and no event that could tell of it, or if the events are of several flows.
    """
    if not events:
        if move is not None:
            raise ValueError(f"a login moved to {move.target} without an event, expected one that tells of it")
        return
    flow, at = events[0].flow, events[0].at
    pieces: list[bytes] = []
    steps = []
    for event in events:
        if event.flow != flow:
            raise ValueError(f"got events of {flow} and {event.flow}, expected those of one flow")
        step = _step_of(event, pieces)
        if event.at is not at and event.at != at:
            step["at"] = to_microseconds(event.at)
        steps.append(step)
    # sqlite3 asks a registry of adapters about whatever is not exactly a str, an int or bytes: members of enumerations, and even True.
    origin, through, target = (None, None, None) if move is None else _texts_of(move)
    octets, hearsay = b"".join(pieces) if pieces else None, int(events[0].hearsay)
    values = (workspace, flow, to_microseconds(at), origin, through, target, json_text(steps), octets, hearsay)
    connection.execute(_INSERT, values)


def events_of(connection: sqlite3.Connection, workspace: WorkspaceId, flow: FlowId) -> tuple[Event, ...]:
    """Read a flow's events, oldest first."""
    rows = connection.execute(_SELECT, (workspace, flow))
    return tuple(event for row in rows for event in _events_of(flow, row))


def events_of_completed_logins(
    connection: sqlite3.Connection, workspace: WorkspaceId, steps: AbstractSet[str]
) -> Iterator[Event]:
    """Read the events of these steps in completed logins: one row at a time, in no order, without octets."""
    members = json_text([f'"step":{json_text(step)}' for step in sorted(steps)])
    for flow, at, text in connection.execute(_SELECT_COMPLETED, (workspace, str(LoginState.COMPLETED), members)):
        for step in json_value(text):
            if step["step"] in steps:
                left_out = {name: None for name in (*_OCTETS, "whole_in") if name in step}
                yield _event_of(FlowId(flow), at, step | left_out)


def flow_of(connection: sqlite3.Connection, workspace: WorkspaceId, message_id: MessageId) -> FlowId | None:
    """Read which flow a message with that ID belonged to last: rows are looked through from the newest back."""
    # The whole member is looked for as it is written; inside a text its quotation marks would be escaped.
    member = f'"message_id":{json_text(message_id)}'
    row = connection.execute(_SELECT_FLOW_OF, (workspace, member)).fetchone()
    return None if row is None else FlowId(row[0])


def findings_text(findings: Iterable[Finding]) -> str:
    """Write findings as JSON, with the fields' names as keys."""
    return json_text(_finding_documents(findings))


def findings_of(text: str) -> tuple[Finding, ...]:
    """Read back what `findings_text` wrote."""
    return tuple(_finding_of(fields) for fields in json_value(text))


def _texts_of(move: Move) -> tuple[str | None, str | None, str]:
    origin, through = move.origin, move.through
    return None if origin is None else str(origin), None if through is None else str(through), str(move.target)


def _step_of(event: Event, pieces: list[bytes]) -> dict[str, object]:
    """Give a step as it is written. What an event leaves out is left out."""
    step: dict[str, object] = {"step": event.step}
    if event.outcome is not EventOutcome.PASSED:
        step["outcome"] = event.outcome
    if event.code is not None:
        step["code"] = event.code
    if event.detail:
        step["detail"] = redacted(event.detail)
    if event.party is not None:
        step["party"] = event.party[:MAX_PARTY_CHARACTERS]
    if event.message_id is not None:
        step["message_id"] = event.message_id[:MAX_MESSAGE_ID_CHARACTERS]
    if event.findings:
        step["findings"] = _finding_documents(event.findings)
    if event.octets_in is not None or event.octets_out is not None:
        _take_octets(event, step, pieces)
    return step


def _take_octets(event: Event, step: dict[str, object], pieces: list[bytes]) -> None:
    """Add an event's octets to the row's, and their lengths to the step."""
    if event.octets_in is not None:
        step["octets_in"] = len(event.octets_in)
        if event.whole_in is not None:
            step["whole_in"] = (event.whole_in.octets, event.whole_in.sha256)
        pieces.append(event.octets_in)
    if event.octets_out is not None:
        step["octets_out"] = len(event.octets_out)
        pieces.append(event.octets_out)


def _events_of(flow: FlowId, row: tuple[int, str, bytes | None, int]) -> Iterator[Event]:
    at, steps, octets, hearsay = row
    rest = memoryview(octets or b"")
    for step in json_value(steps):
        for name in _OCTETS:
            if (length := step.get(name)) is not None:
                step[name], rest = bytes(rest[:length]), rest[length:]
        yield _event_of(flow, at, step | {"hearsay": bool(hearsay)})


def _event_of(flow: FlowId, at: int, step: dict[str, Any]) -> Event:
    step["at"] = from_microseconds(step.get("at", at))
    step["outcome"] = EventOutcome(step.get("outcome", EventOutcome.PASSED))
    step["findings"] = tuple(map(_finding_of, step.get("findings", ())))
    if (whole := step.get("whole_in")) is not None:
        step["whole_in"] = Whole(*whole)
    return Event(flow=flow, **step)


def _finding_documents(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [_finding_document(finding) for finding in findings]


def _finding_document(finding: Finding) -> dict[str, Any]:
    """Give a finding as it is written. What it leaves out is left out."""
    document: dict[str, Any] = {
        "rule_id": finding.rule_id,
        "code": finding.code,
        "source": finding.source,
        "requirement": finding.requirement,
        "sentence": finding.sentence,
        "detail": redacted(finding.detail),
        "refusal_key": finding.refusal_key,
    }
    if finding.params:
        document["params"] = finding.params
    if finding.line is not None:
        document["line"] = finding.line
    if finding.mend is not None:
        document["mend"] = finding.mend
    if finding.entity_id is not None:
        document["entity_id"] = finding.entity_id
    return document


def _finding_of(fields: dict[str, Any]) -> Finding:
    fields["requirement"] = Requirement(fields["requirement"])
    fields["params"] = tuple((name, value) for name, value in fields.get("params", ()))
    return Finding(**fields)
