"""A flow as people read it: each step in order, how it ended, and the messages that came in or went out in it."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsis_sim.decoding import Decoded, UndecodableError, decode_octets
from oiosaml.redaction import fit_to_show, visible

LONGEST_BEGINNING: Final = 600
"""Characters that are shown of what is no SAML, such as a role catalogue's answer."""


@dataclass(frozen=True, slots=True)
class WireMessage:
    """What came in or went out in a step."""

    direction: str
    """`in` or `out`, as the Context Handler sees it; `in, decrypted` for an assertion that its key has opened."""
    octets: bytes
    length: int
    """How many octets there were; more than `octets` has where the record kept the beginning alone."""

    @property
    def is_cut(self) -> bool:
        """Tell whether the record kept the beginning alone."""
        return len(self.octets) < self.length

    def text(self) -> str:
        """Give the message decoded, or why it cannot be and how it begins."""
        kept = f"  the record keeps {len(self.octets)} of its {self.length} octets\n" if self.is_cut else ""
        try:
            decoded = self.decoded()
        except UndecodableError as error:
            beginning = fit_to_show(self.octets.decode("utf-8", "replace"), LONGEST_BEGINNING)
            return f"{self.direction}: this cannot be decoded: {visible(str(error))}\n{kept}  it begins: {beginning}"
        return f"{self.direction}: {decoded.text()}"

    def decoded(self) -> Decoded:
        """Decode the message.

        Raises:
            UndecodableError: if it holds no XML, or only the beginning of some.
        """
        return decode_octets(self.octets)


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step: a line that says how it ended, and its messages in the order in which they went."""

    headline: str
    detail: str
    messages: tuple[WireMessage, ...]

    def text(self) -> str:
        """Give the step for people; what strangers wrote in it moves no cursor."""
        told = [visible(self.headline), *([f"  {visible(self.detail)}"] if self.detail else [])]
        return "\n".join(told + [message.text() + "\n" for message in self.messages])


@dataclass(frozen=True, slots=True)
class FlowReport:
    """What `nsis decode --flow` says."""

    steps: tuple[FlowStep, ...]

    @classmethod
    def of(cls, events: Sequence[Mapping[str, Any]]) -> "FlowReport":
        """Read the events as the API gives them."""
        return cls(tuple(map(_step_of, events)))

    def text(self) -> str:
        """Give the report for people."""
        return "\n".join(step.text() for step in self.steps).rstrip()

    def xml(self) -> str:
        """Give the XML alone, one document after the other; what is no XML is left out."""
        return "\n\n".join(self._documents())

    def _documents(self) -> Iterator[str]:
        for message in (each for step in self.steps for each in step.messages):
            try:
                yield message.decoded().xml.rstrip()
            except UndecodableError:
                continue


def _step_of(event: Mapping[str, Any]) -> FlowStep:
    ended = " ".join(filter(None, (event["outcome"], event["code"])))
    party = f" ({event['party']})" if event["party"] else ""
    return FlowStep(f"{event['at']:.19}Z {event['step']}: {ended}{party}", event["detail"], tuple(_messages_of(event)))


def _messages_of(event: Mapping[str, Any]) -> Iterator[WireMessage]:
    # A step that has both asked somebody, and was answered.
    for direction in ("out", "in"):
        if event[f"octets_{direction}"] is not None:
            octets = base64.b64decode(event[f"octets_{direction}"])
            whole = event["octets_in_length"] if direction == "in" else None
            yield WireMessage(direction, octets, whole or len(octets))
    if event["assertion_in"] is not None:
        octets = base64.b64decode(event["assertion_in"])
        yield WireMessage("in, decrypted", octets, len(octets))
