"""Events as rows of the store: written many at once, read back as they were."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from context_handler.events import Event, EventOutcome
from context_handler.login_state import LoginState
from context_handler.store.database import from_microseconds, to_microseconds
from oiosaml.ids import EntityId, FlowId, MessageId, WorkspaceId
from oiosaml.rules.rule import Finding, Requirement


@dataclass(frozen=True, slots=True)
class Move:
    """What a transaction did to its login. It is written on the transaction's last event: the stream alone tells how a flow stands."""

    origin: LoginState | None
    """None begins a flow."""
    target: LoginState


_INSERT: Final = (
    "INSERT INTO events (workspace, flow, at, step, outcome, code, detail, party, message_id, findings,"
    " octets_in, octets_out, moved_from, moved_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT: Final = (
    "SELECT flow, at, step, outcome, code, detail, party, message_id, findings, octets_in, octets_out"
    " FROM events WHERE workspace = ? AND flow = ? ORDER BY seq"
)


def insert_events(
    connection: sqlite3.Connection, workspace: WorkspaceId, events: Sequence[Event], move: Move | None = None
) -> None:
    """Write events in their order, and on the last one the move they caused.

    Raises:
        ValueError: if there is a move and no event that could tell of it.
    """
    if move is not None and not events:
        raise ValueError(f"a login moved to {move.target} without an event, expected one that tells of it")
    if events:
        connection.executemany(_INSERT, _rows(workspace, events, move))


def events_of(connection: sqlite3.Connection, workspace: WorkspaceId, flow: FlowId) -> tuple[Event, ...]:
    """Read a flow's events, oldest first."""
    rows = connection.execute(_SELECT, (workspace, flow))
    return tuple(_event_of(row) for row in rows)


def findings_text(findings: Iterable[Finding]) -> str:
    """Write findings as JSON, with the fields' names as keys."""
    return json.dumps([{name: getattr(f, name) for name in _FINDING_FIELDS} for f in findings], ensure_ascii=False)


def findings_of(text: str) -> tuple[Finding, ...]:
    """Read back what `findings_text` wrote."""
    return tuple(_finding_of(fields) for fields in json.loads(text))


def _rows(workspace: WorkspaceId, events: Sequence[Event], move: Move | None) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (
            workspace,
            event.flow,
            to_microseconds(event.at),
            event.step,
            event.outcome.value,
            event.code,
            event.detail,
            event.party,
            event.message_id,
            findings_text(event.findings) if event.findings else None,
            event.octets_in,
            event.octets_out,
            None,
            None,
        )
        for event in events
    ]
    if move is not None:
        rows[-1] = (*rows[-1][:-2], move.origin and move.origin.value, move.target.value)
    return rows


def _event_of(row: tuple[Any, ...]) -> Event:
    flow, at, step, outcome, code, detail, party, message_id, findings, octets_in, octets_out = row
    return Event(
        flow=FlowId(flow),
        at=from_microseconds(at),
        step=step,
        outcome=EventOutcome(outcome),
        code=code,
        detail=detail,
        party=None if party is None else EntityId(party),
        message_id=None if message_id is None else MessageId(message_id),
        octets_in=octets_in,
        octets_out=octets_out,
        findings=() if findings is None else findings_of(findings),
    )


_FINDING_FIELDS: Final = tuple(Finding.__dataclass_fields__)


def _finding_of(fields: dict[str, Any]) -> Finding:
    fields["requirement"] = Requirement(fields["requirement"])
    fields["params"] = tuple((name, value) for name, value in fields["params"])
    return Finding(**fields)
