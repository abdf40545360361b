"""The catalogue as data: what tests/attacks/catalogue/*.yaml says, read and checked against its schema."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

DIRECTORY = Path(__file__).parent / "catalogue"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where there is one: each process that tests reads twelve thousand nodes before its first test."""

STAGES = ("content", "signed", "sealed", "octets", "fields", "wire")
SHARED = (*STAGES, "expect", "base", "naive", "uses-up", "drops", "circumstances", "cpu-ms")
"""What a case may say once for all its messages."""

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """One fault: the recipe that puts it into an honest message, and what each entry says of it."""

    fault: str
    expect: Mapping[str, str]
    """The code by entry; `accepted` for what must not be refused."""
    base: str | None
    """One of the base messages; None for the one that an entry takes by itself."""
    stages: Mapping[str, tuple[Step, ...]]
    circumstances: tuple[Step, ...]
    naive: str | None
    drops: str | None
    """The code under which a right is left out of a login that goes on."""
    uses_up: bool
    cpu_ms: int

    def steps(self, stage: str) -> tuple[Step, ...]:
        return self.stages.get(stage, ())


@dataclass(frozen=True)
class Case:
    """One case of the catalogue."""

    id: str
    title: str
    reference: str
    messages: tuple[Message, ...]
    tested_by: tuple[str, ...]
    """Tests that hold it where it is no message to be sent: files below tests/."""
    left_out: str
    """Why nothing is tried for it."""


HONEST = Message("", {}, None, {}, (), None, None, uses_up=False, cpu_ms=250)
"""The twin of every message: the same without a fault."""


@dataclass(frozen=True)
class Group:
    """The cases that attack one thing."""

    id: str
    title: str
    cases: tuple[Case, ...]


@cache
def groups() -> tuple[Group, ...]:
    """Give every group, in the catalogue's order.

    Raises:
        jsonschema.ValidationError: if a file does not keep to the schema.
    """
    schema = json.loads((DIRECTORY / "schema.json").read_text("utf-8"))
    found: list[Group] = []
    for name in schema["x-groups"]:
        document = yaml.load((DIRECTORY / f"{name.lower()}.yaml").read_text("utf-8"), LOADER)
        jsonschema.validate(document, schema)
        read = tuple(_case(each, document.get("defaults", {})) for each in document["cases"])
        found.append(Group(document["group"], document["title"], read))
    return tuple(found)


def cases() -> tuple[Case, ...]:
    """Give every case of every group."""
    return tuple(case for group in groups() for case in group.cases)


def tried() -> Iterator[tuple[Case, Message, str]]:
    """Give every message with every entry that it is sent to."""
    for case in cases():
        for message in case.messages:
            for entry in message.expect:
                yield case, message, entry


def _case(document: Mapping[str, Any], defaults: Mapping[str, Any]) -> Case:
    shared = {key: document[key] for key in SHARED if key in document}
    messages = document.get("messages", [{"fault": ""}] if "expect" in document else [])
    return Case(
        document["id"],
        document["title"],
        document.get("reference", ""),
        tuple(_message(defaults | shared | each) for each in messages),
        tuple(document.get("tested-by", ())),
        document.get("left-out", ""),
    )


def _message(document: Mapping[str, Any]) -> Message:
    return Message(
        fault=document["fault"],
        expect=document["expect"],
        base=document.get("base"),
        stages={stage: tuple(document[stage]) for stage in STAGES if stage in document},
        circumstances=tuple(document.get("circumstances", ())),
        naive=document.get("naive"),
        drops=document.get("drops"),
        uses_up=document.get("uses-up", False),
        cpu_ms=document.get("cpu-ms", 250),
    )
