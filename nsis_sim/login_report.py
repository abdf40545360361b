"""The outcome of a login as `nsis login --json` prints it, and where its parts come from: the wire, and the broker's record of the flow."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from nsis_sim.login_remarks import Remark, dropped_in, remarks_in
from oiosaml import oiosaml2
from oiosaml.attributes import ASSURANCE_LEVEL, LOA, PRIVILEGES_INTERMEDIATE
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import Assertion, read_assertion
from oiosaml.privileges import PrivilegeGroup, read_privileges
from oiosaml.uris import NS_SAMLP, STATUS_SUCCESS
from oiosaml.xml.parse import parse_message

_ISSUING_STEP: Final = "compose_assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginReport:
    """How a login ended. The JSON form is a fixed contract."""

    outcome: str
    """`success` or `refused`."""
    code: str | None = None
    status: tuple[str, ...] = ()
    """Status codes of the last Response that reached the system, top level first; empty if none did."""
    level: str | None = None
    """The NSIS level; None where the token states none, as an OIOSAML 2 token never does."""
    assurance_level: str | None = None
    """The NIST level (AssuranceLevel) of the token; None where it states none."""
    profile: str | None = None
    """The profile the token follows: `OIOSAML3` or `OIOSAML2`."""
    name_id: str | None = None
    attributes: Mapping[str, tuple[str, ...]]
    privileges: tuple[PrivilegeGroup, ...] = ()
    flow: str | None = None
    """None if the broker never saw a request."""
    findings: tuple[Remark, ...] = ()
    """What the rules say of the messages of this login: broken SHOULDs, and the broken MUSTs of a refusal."""
    dropped: tuple[str, ...] = ()
    """Rights that the municipality sent and the token does not hold, each with why."""
    explanation: str = ""
    """For people; not in the JSON."""

    @property
    def succeeded(self) -> bool:
        """Tell whether the person is in."""
        return self.outcome == "success"

    @property
    def refused_as(self) -> str:
        """The code of the refusal; where nobody gave one, who refused: the system only if an answer reached it."""
        return self.code or ("by the system" if self.status else "on the way")

    @property
    def stated_level(self) -> str:
        """The level as people call it."""
        return self.level or (f"AssuranceLevel {self.assurance_level}" if self.assurance_level else "no level")

    def to_json(self) -> dict[str, Any]:
        """Give the contract's form."""
        return {
            "outcome": self.outcome,
            "code": self.code,
            "status": list(self.status),
            "level": self.level,
            "name_id": self.name_id,
            "attributes": {name: list(values) for name, values in self.attributes.items()},
            "privileges": [_group_to_json(group) for group in self.privileges],
            "flow": self.flow,
            "assurance_level": self.assurance_level,
            "profile": self.profile,
            "findings": [finding.to_json() for finding in self.findings],
            "dropped": list(self.dropped),
        }


def _group_to_json(group: PrivilegeGroup) -> dict[str, Any]:
    constraints = [{"name": constraint.name, "value": constraint.value} for constraint in group.constraints]
    return {"scope": group.scope, "privileges": list(group.privileges), "constraints": constraints}


def report_success(events: Sequence[Mapping[str, Any]], *, flow: str, status: tuple[str, ...]) -> LoginReport:
    """Report what the broker says it issued: the assertion before it was encrypted, from the flow's events."""
    assertion = _issued(events)
    findings, dropped = remarks_in(events), dropped_in(events)
    if assertion is None:
        return LoginReport(
            outcome="success", status=status, attributes={}, flow=flow, findings=findings, dropped=dropped
        )
    subject = assertion.subject
    return LoginReport(
        outcome="success",
        status=status,
        level=next(iter(assertion.values_of(LOA)), None),
        assurance_level=next(iter(assertion.values_of(ASSURANCE_LEVEL)), None),
        profile="OIOSAML2" if assertion.values_of(oiosaml2.SPEC_VERSION) else "OIOSAML3",
        name_id=subject.name_id.value if subject and subject.name_id else None,
        attributes={attribute.name: attribute.values for attribute in assertion.attributes},
        privileges=tuple(
            group
            for name in (PRIVILEGES_INTERMEDIATE, oiosaml2.PRIVILEGES_INTERMEDIATE)
            for text in assertion.values_of(name)
            for group in read_privileges(text).groups
        ),
        flow=flow,
        findings=findings,
        dropped=dropped,
    )


def report_refusal(
    events: Sequence[Mapping[str, Any]],
    *,
    flow: str | None,
    status: tuple[str, ...],
    explanation: str,
    code: str | None = None,
) -> LoginReport:
    """Report a refusal with the code of the event that refused last; where the broker refused nothing, `code` is another house's."""
    refused = [event for event in events if event.get("code")]
    detail = str(refused[-1].get("detail") or "") if refused else ""
    return LoginReport(
        outcome="refused",
        code=str(refused[-1]["code"]) if refused else code,
        status=status,
        attributes={},
        flow=flow,
        findings=remarks_in(events),
        dropped=dropped_in(events),
        explanation=detail or explanation,
    )


def _issued(events: Sequence[Mapping[str, Any]]) -> Assertion | None:
    octets = next((event.get("octets_out") for event in events if event.get("step") == _ISSUING_STEP), None)
    if not octets:
        return None
    try:
        return read_assertion(parse_message(base64.b64decode(octets)))
    except (SamlError, binascii.Error) as error:
        raise ValueError(f"the broker's record of the assertion cannot be read: {error}") from error


def status_codes(encoded_response: str) -> tuple[str, ...]:
    """Give the status codes of a Response by POST, top level first; none if it cannot be read."""
    try:
        root = parse_message(base64.b64decode(encoded_response))
    except (SamlError, binascii.Error):
        return ()
    codes: list[str] = []
    found = root.find(f"{{{NS_SAMLP}}}Status/{{{NS_SAMLP}}}StatusCode")
    while found is not None:
        codes.append(found.get("Value", ""))
        found = found.find(f"{{{NS_SAMLP}}}StatusCode")
    return tuple(codes)


def is_success(codes: Sequence[str]) -> bool:
    """Tell whether the status says that a token came along."""
    return bool(codes) and codes[0] == STATUS_SUCCESS


def request_id(octets: bytes) -> str | None:
    """Give the ID of a request that passed through the browser; None if it cannot be read."""
    try:
        return etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)).get(
            "ID"
        )
    except etree.XMLSyntaxError:
        return None
