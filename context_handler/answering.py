"""What a refusal becomes: what is written down, and whether the system is told (context-handler section 11, invariants I2 and I3)."""

from dataclasses import dataclass

from context_handler import issue
from context_handler.login_state import LoginState
from context_handler.ports import Ports
from context_handler.visit import Visit
from oiosaml.bindings.post import PostForm
from oiosaml.errors import Party, SamlError, UpstreamRefusal
from oiosaml.ids import EntityId, FlowId
from oiosaml.messages.response import Status
from oiosaml.uris import STATUS_REQUESTER, STATUS_RESPONDER

WITHOUT_PAGE = frozenset({"proto.cancelled", "proto.no-passive"})
"""Refusals that need no explaining: the person cancelled, or the system asked for no pages."""


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A visit that ended in a refusal."""

    error: SamlError
    flow: FlowId
    step: str
    system: EntityId | None
    answer: PostForm | None
    """The signed refusal for the system; None if the system must not or cannot be told."""
    at_once: bool
    """Whether the answer goes without a page of ours in between."""


def refuse_login(visit: Visit, error: SamlError, ports: Ports) -> RefusedLogin:
    """End the visit: write down the refusal, and compose the system's answer where it may have one.

    A system is answered once its request was vouched for and the flow is over. A message that failed authentication is written down and
    ends nothing, so that the honest answer can still come.
    """
    step = visit.events[-1].step if visit.events else ""
    is_over = visit.pending is None or visit.answer_accepted
    answer = None
    if is_over and visit.requester is not None:
        octets = issue.refuse(status_of(error), visit.requester, at=visit.at, ports=ports)
        visit.note(party=visit.requester.system, octets_out=octets)
        visit.record("refuse_login", None)
        answer = issue.answer_form(octets, visit.requester)
    _write_down(visit, error, ports)
    passive = visit.requester is not None and visit.requester.request.is_passive
    at_once = answer is not None and (passive or error.code in WITHOUT_PAGE)
    system = visit.requester.system if visit.requester else None
    return RefusedLogin(error, visit.flow, step, system, answer, at_once)


def _write_down(visit: Visit, error: SamlError, ports: Ports) -> None:
    events = visit.take_events()
    if visit.pending is None:
        ports.store.refuse_unstarted(ports.workspace, visit.flow, visit.at, error.code, events)
    elif visit.answer_accepted:
        ports.store.finish(ports.workspace, visit.flow, LoginState.REFUSED, error.code, events)
    elif error.code == "flow.expired":
        ports.store.finish(ports.workspace, visit.flow, LoginState.EXPIRED, error.code, events)
    else:
        ports.store.record(ports.workspace, events)


def status_of(error: SamlError) -> Status:
    """Say a refusal in SAML: `Requester` if the system's own request is at fault, else `Responder`; the IdP's own second code passed on."""
    top = STATUS_REQUESTER if error.party is Party.SYSTEM else STATUS_RESPONDER
    second = error.refusal.second_status
    if isinstance(error, UpstreamRefusal) and error.second_code is not None:
        second = error.second_code
    return Status(top, second, f"{error.code}: {error.sentence('en')}")
