"""What the registration API gives."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from context_handler.audit import AuditReport
from context_handler.endings import Ending, MemberKey
from context_handler.events import Event, EventOutcome
from context_handler.inspection import encrypted_assertion_in
from context_handler.metadata_refresh import RefreshState
from context_handler.prompts import PromptCount
from federation.person import Person
from oiosaml.keys import DecryptionKey
from oiosaml.redaction import redacted
from saml_web.finding_documents import FindingDocument


class Answer(BaseModel):
    """An answer; it never changes once made."""

    model_config = ConfigDict(frozen=True)


class PartyAnswer(Answer):
    """A registered party as the store keeps it."""

    id: str
    entity_id: str
    registration: dict[str, Any] = Field(description="The registration, with the keys of federation.yaml.")


class RegisteredAnswer(Answer):
    """What was registered, and what the rules advise about its metadata."""

    registered: tuple[str, ...] = Field(description="entityIDs, URIs, CVR numbers or ids, as each kind is called.")
    findings: tuple[FindingDocument, ...] = Field(description="Broken SHOULDs; a broken MUST is refused.")
    not_applied: tuple[str, ...] = Field(
        default=(),
        description="`context_handler` and `nemlogin`, where the document has them otherwise: only a start reads them.",
    )


class RefusedAnswer(Answer):
    """A refusal. Nothing was stored."""

    code: str = Field(description="Public and stable.", examples=["md.key"])
    sentence: str = Field(description="For people.")
    detail: str = Field(description="What was got, and what was expected.")
    reference: str = Field(description="What to tell whoever helps.")
    mend: str = Field(description="Who can mend it.")
    findings: tuple[FindingDocument, ...] = Field((), description="Every breach of a rule, with line and mend.")


class EndingAnswer(Answer):
    """Something of a member that ends within 30 days, or has ended."""

    entity_id: str
    name: str
    what: str = Field(description="`certificate`, `metadata` or `activation`.")
    ends_at: datetime
    within_days: int | None = Field(description="30, 7 or 1; none once it has ended.")


class RefreshAnswer(Answer):
    """How the metadata of a member stands that publishes it at an address."""

    entity_id: str
    next_at: datetime
    good_at: datetime | None
    fault: str | None = Field(description="The code of what is wrong; the last good copy stays in use until it ends.")
    detail: str


class MemberKeyAnswer(Answer):
    """One key of a member."""

    entity_id: str
    use: str = Field(description="`signing`, `encryption` or `both`.")
    fingerprint: str = Field(description="SHA-256 of the public key in hexadecimal: what a withdrawal names.")
    barred: str | None = Field(description="`key.withdrawn` or `key.revoked` if it counts no longer.")


class MembersAnswer(Answer):
    """What needs somebody's attention."""

    endings: tuple[EndingAnswer, ...]
    metadata: tuple[RefreshAnswer, ...]
    keys: tuple[MemberKeyAnswer, ...]

    @classmethod
    def of(cls, found: Iterable[Ending], states: Iterable[RefreshState], keys: Iterable[MemberKey]) -> "MembersAnswer":
        """Give them, the most urgent first."""
        return cls(
            keys=tuple(
                MemberKeyAnswer(entity_id=k.entity_id, use=k.use, fingerprint=k.fingerprint, barred=k.barred)
                for k in keys
            ),
            endings=tuple(
                EndingAnswer(
                    entity_id=each.entity_id,
                    name=each.name,
                    what=each.what,
                    ends_at=each.ends_at,
                    within_days=each.within.days if each.within else None,
                )
                for each in found
            ),
            metadata=tuple(
                RefreshAnswer(
                    entity_id=each.entity_id,
                    next_at=each.next_at,
                    good_at=each.good_at,
                    fault=each.fault,
                    detail=redacted(each.detail),
                )
                for each in sorted(states, key=lambda state: (state.fault is None, state.entity_id))
            ),
        )


class PersonAnswer(Answer):
    """An invented person who can log in."""

    id: str
    name: str
    cvr: str
    municipality: str | None
    level: str
    purpose: dict[str, str] = Field(description="What the person is for, in Danish (da) and English (en).")
    job_function_roles: tuple[str, ...]

    @classmethod
    def of(cls, person: Person, municipality: str | None) -> "PersonAnswer":
        """Give a person, without CPR number and password."""
        return cls(
            id=person.id,
            name=person.name,
            cvr=person.cvr,
            municipality=municipality,
            level=person.stated_level.spoken,
            purpose={"da": person.purpose_da, "en": person.purpose_en},
            job_function_roles=person.job_function_roles,
        )


class EventAnswer(Answer):
    """What one step did."""

    at: datetime
    step: str
    outcome: EventOutcome
    code: str | None
    detail: str
    party: str | None
    message_id: str | None
    octets_in: str | None = Field(
        description="What came in, exactly as on the wire, in base64; the beginning of a long message that failed authentication."
    )
    octets_in_length: int | None = Field(description="How many octets came in, where only the beginning is kept.")
    octets_in_sha256: str | None = Field(description="Their SHA-256 in hexadecimal.")
    assertion_in: str | None = Field(
        description="The assertion that came in encrypted, decrypted by our key when you ask, in base64. Nobody vouches for it."
    )
    octets_out: str | None = Field(description="What went out, exactly as on the wire, in base64.")
    findings: tuple[FindingDocument, ...]

    @classmethod
    def of(cls, event: Event, keys: Sequence[DecryptionKey]) -> "EventAnswer":
        """Give an event; `keys` open what came in encrypted to us."""
        return cls(
            at=event.at,
            step=event.step,
            outcome=event.outcome,
            code=event.code,
            detail=redacted(event.detail),
            party=None if event.party is None else redacted(event.party),
            message_id=event.message_id,
            octets_in=_base64(event.octets_in),
            octets_in_length=event.whole_in.octets if event.whole_in else None,
            octets_in_sha256=event.whole_in.sha256 if event.whole_in else None,
            assertion_in=_base64(encrypted_assertion_in(event.octets_in, keys)) if event.octets_in else None,
            octets_out=_base64(event.octets_out),
            findings=tuple(FindingDocument.of(finding) for finding in event.findings),
        )


class FlowAnswer(Answer):
    """Everything that happened in one flow, oldest first."""

    flow: str
    events: tuple[EventAnswer, ...]


class DiscrepancyAnswer(Answer):
    """A flow that does not add up."""

    flow: str
    detail: str


class LogoutCountsAnswer(Answer):
    """How all logouts stand: started = completed + partial + refused + under_way."""

    started: int
    completed: int
    partial: int = Field(description="Ended with somebody still logged in.")
    refused: int
    under_way: int


class PromptAnswer(Answer):
    """How often one person was asked to log in on one day (UTC)."""

    day: date
    municipality: str = Field(description="Name of the home IdP's registration.")
    idp: str
    person: str = Field(description="A pseudonym: the same every day, and it leads to nobody.")
    logins: int
    prompts: int = Field(description="New logins at the home IdP.")
    from_session: int = Field(description="Logins that a session answered.")
    step_ups: int
    forced: int = Field(description="Logins that a system forced.")

    @classmethod
    def of(cls, count: PromptCount, municipality: str) -> "PromptAnswer":
        """Give one count."""
        return cls(municipality=municipality, **asdict(count))


class AuditAnswer(Answer):
    """How all logins stand: started = completed + refused + expired + pending; and all logouts, counted apart."""

    started: int
    completed: int
    refused: int
    expired: int
    pending: int
    conserved: bool
    logouts: LogoutCountsAnswer
    discrepancies: tuple[DiscrepancyAnswer, ...]

    @classmethod
    def of(cls, report: AuditReport) -> "AuditAnswer":
        """Give a report."""
        counts = report.counts
        return cls(
            started=counts.started,
            completed=counts.completed,
            refused=counts.refused,
            expired=counts.expired,
            pending=counts.pending,
            conserved=report.conserved,
            logouts=LogoutCountsAnswer(**asdict(report.logouts)),
            discrepancies=tuple(DiscrepancyAnswer(flow=d.flow, detail=d.detail) for d in report.discrepancies),
        )


def _base64(octets: bytes | None) -> str | None:
    return None if octets is None else b64encode(octets).decode("ascii")
