"""The way round by a local IdP: NemLog-in asks it in its own name, and issues its own token for whom it was told (nemlogin3, section 4).

Roles are changed for a moment: towards the local IdP NemLog-in is the service. What the client asked waits in memory, bound to the browser.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from federation.nemlogin import NemLogInIdentity
from nemlogin_mock.answer import answer_with_status
from nemlogin_mock.inbound import InboundRequest
from nemlogin_mock.local_idps import ConnectedIdp
from nemlogin_mock.login import Answer as Answered
from nemlogin_mock.login import answer_new_login
from nemlogin_mock.pending import PendingLogin
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import LOGIN_PAGE_LIFETIME, OpenedRequest, open_on_return
from nemlogin_mock.sessions import LocalLogin
from oiosaml.attributes import CVR
from oiosaml.bindings.post import PostForm
from oiosaml.bindings.redirect import write_redirect
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, MessageId, parse_cvr
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext, Scoping, write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Answer, Status
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison, lowest
from oiosaml.openings import open_response, unseal_response
from oiosaml.rules.assertion import AssertionExpectations, stated_level
from oiosaml.rules.local_idp_assertion import LOCAL_IDP_ASSERTION_RULES
from oiosaml.rules.response import RESPONSE_RULES, ResponseExpectations
from oiosaml.rules.rule import enforce
from oiosaml.uris import (
    BINDING_POST,
    NAMEID_PERSISTENT,
    STATUS_PROXY_COUNT_EXCEEDED,
    STATUS_RESPONDER,
    STATUS_UNKNOWN_PRINCIPAL,
)

PENDING_LIFETIME: Final[timedelta] = LOGIN_PAGE_LIFETIME
"""How long a person may take at the local IdP."""

FLOOR: Final = AssuranceLevel.SUBSTANTIAL
"""What NemLog-in asks of a local IdP whatever its client asked (nemlogin3, section 4)."""

DEFAULT_PROXY_COUNT: Final = 1
"""How many further brokers may stand behind the local IdP when the client did not say (our choice): one, the Context Handler."""

MAY_NOT_ASK: Final = Status(
    STATUS_RESPONDER, STATUS_PROXY_COUNT_EXCEEDED, "req.loop: the service does not let NemLog-in ask anybody else"
)


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """Send the browser to the local IdP, in a login that `browser` alone can finish."""

    url: str


def begin_local_login(
    inbound: InboundRequest, idp: EntityId, browser: str, *, at: datetime, ports: Ports
) -> RedirectTo | PostForm:
    """The person wants to log in at their own organisation; ask its IdP.

    Raises:
        SamlError: as `finish_login`, and `fed.no-idp:nemlogin` if that IdP is not connected.
    """
    opened = open_on_return(inbound, at=at, ports=ports)
    local = ports.local_idps.named(idp)
    came = opened.verified.value.scoping or Scoping()
    if came.proxy_count == 0:
        return answer_with_status(MAY_NOT_ASK, opened, at=at, ports=ports)
    request = _question(opened, came, local, at=at, ports=ports)
    ports.pending.put(request.id, PendingLogin(inbound, browser, idp, at), at=at)
    octets = serialise(write_authn_request(request))
    return RedirectTo(write_redirect(local.sso_location, octets, relay_state=None, key=ports.signing))


def finish_local_login(
    body: bytes, browser: str | None, session_handle: str | None, *, at: datetime, ports: Ports
) -> Answered:
    """The local IdP has answered; answer the client in NemLog-in's own name.

    Raises:
        SamlError: if the answer is not the asked IdP's to this browser. What is wrong in an answer that is, the client is told.
    """
    unverified = open_response(body)
    request_id = unverified.claimed_in_response_to or MessageId("")
    pending = ports.pending.get(request_id, at=at)
    if pending is None or pending.browser != browser:
        # another browser must not finish this login (attacks PRO-02, PRO-05)
        raise SamlError("proto.in-response-to", f"got an answer to {request_id!r:.120}, which this browser did not ask")
    local = ports.local_idps.named(pending.idp)
    answer = unseal_response(unverified, local.keys, (ports.decryption,))
    if answer.assertion is None and answer.envelope_signer is None:
        # anybody could have written it, so it ends nothing (invariant I3)
        raise SamlError("proto.status", f"got an unsigned {answer.envelope.status.code!r:.120}, expected a signed one")
    ports.pending.take(request_id, at=at)
    opened = open_on_return(pending.inbound, at=at, ports=ports)
    concluded = _conclude(answer, request_id, pending, local, opened, at=at, ports=ports)
    if isinstance(concluded, PostForm):
        return Answered(concluded)
    previous = ports.sessions.of(session_handle, at=at)
    identity, login = concluded
    return answer_new_login(identity, previous, opened, local_login=login, at=at, ports=ports)


def _conclude(
    answer: Answer,
    request_id: MessageId,
    pending: PendingLogin,
    local: ConnectedIdp,
    opened: OpenedRequest,
    *,
    at: datetime,
    ports: Ports,
) -> tuple[NemLogInIdentity, LocalLogin] | PostForm:
    """Give who logged in and how the local IdP names that login, or the refusal that the client gets."""
    status = answer.envelope.status
    if answer.assertion is None:
        passed_on = Status(STATUS_RESPONDER, status.second_code, f"{local.registration.name}: {status.message or ''}")
        return answer_with_status(passed_on, opened, at=at, ports=ports)
    try:
        _check(answer, request_id, pending, local, opened, at=at, ports=ports)
    except SamlError as error:
        refused = Status(STATUS_RESPONDER, error.refusal.second_status, f"{error.code}: {error.sentence('en')}")
        return answer_with_status(refused, opened, at=at, ports=ports)
    login = _login(answer.assertion.value, local)
    identity = _identity(answer.assertion.value, login.name_id, ports)
    if identity is None:
        unknown = Status(STATUS_RESPONDER, STATUS_UNKNOWN_PRINCIPAL, "The user is not provisioned to MitID Erhverv")
        return answer_with_status(unknown, opened, at=at, ports=ports)
    return identity, login


def _question(opened: OpenedRequest, came: Scoping, local: ConnectedIdp, *, at: datetime, ports: Ports) -> AuthnRequest:
    """Ask for Substantial or what the client wants above it; name everybody who asks, ourselves left out (SAML Core 3.4.1.2)."""
    asked = opened.verified.value
    left = DEFAULT_PROXY_COUNT if came.proxy_count is None else came.proxy_count - 1
    return AuthnRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=ports.nemlogin.entity_id_towards_idps,
        destination=local.sso_location,
        assertion_consumer_service_url=ports.urls.acs_url,
        protocol_binding=BINDING_POST,
        force_authn=asked.force_authn,
        is_passive=asked.is_passive,
        requested_authn_context=RequestedAuthnContext(Comparison.MINIMUM, (_level(opened).uri,)),
        scoping=Scoping(proxy_count=left, requester_ids=(*came.requester_ids, opened.client.face.entity_id)),
    )


def _level(opened: OpenedRequest) -> AssuranceLevel:
    context = opened.verified.value.requested_authn_context
    return max(FLOOR, context.levels[0]) if context and context.levels else FLOOR


def _check(
    answer: Answer,
    request_id: MessageId,
    pending: PendingLogin,
    local: ConnectedIdp,
    opened: OpenedRequest,
    *,
    at: datetime,
    ports: Ports,
) -> None:
    idp = local.registration
    enforce(
        RESPONSE_RULES,
        answer.envelope,
        ResponseExpectations(
            at=at,
            idp=idp.entity_id,
            assertion_consumer_service=ports.urls.acs_url,
            request_id=request_id,
            requested_at=pending.asked_at,
            envelope_signed=answer.envelope_signer is not None,
        ),
    )
    expected = AssertionExpectations(
        at=at,
        idp=idp.entity_id,
        our_entity_id=ports.nemlogin.entity_id_towards_idps,
        assertion_consumer_service=ports.urls.acs_url,
        request_id=request_id,
        requested_at=pending.asked_at,
        registered_cvrs=idp.cvrs,
        registered_level=AssuranceLevel.HIGH,
        system=opened.client.face.entity_id,
        force_authn=opened.verified.value.force_authn,
        minimum_level=_level(opened),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    if answer.assertion is not None:
        enforce(LOCAL_IDP_ASSERTION_RULES, answer.assertion.value, expected)


def _login(assertion: Assertion, local: ConnectedIdp) -> LocalLogin:
    if assertion.subject is None or assertion.subject.name_id is None:
        raise RuntimeError("the rules were not put to this assertion")
    index = next((each.session_index for each in assertion.authn_statements if each.session_index), None)
    return LocalLogin(local.registration.entity_id, assertion.subject.name_id, index)


def _identity(assertion: Assertion, name_id: NameId, ports: Ports) -> NemLogInIdentity | None:
    """Give whom the local IdP means, as provisioned, at the lower of both levels; None if nobody was provisioned under that name."""
    level = stated_level(assertion)
    if level is None:
        raise RuntimeError("the rules were not put to this assertion")
    cvr = parse_cvr(assertion.values_of(CVR)[0])
    identity = ports.identities.of_local_user(cvr, name_id.value)
    return None if identity is None else replace(identity, level=lowest((identity.level, level)))
