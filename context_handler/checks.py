"""The profile's rules put to one message each, with what this broker knows as the expectations."""

from datetime import datetime

from context_handler.level import LevelDemand
from context_handler.login_state import PendingLogin
from context_handler.name_ids import name_id_format_for
from context_handler.ports import Ports, RegisteredIdp, RegisteredSystem, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_idp
from context_handler.visit import Requester
from oiosaml.errors import SamlError, UpstreamRefusal
from oiosaml.ids import MessageId
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.messages.response import Answer, Status
from oiosaml.nist import beside
from oiosaml.rules.assertion import AssertionExpectations
from oiosaml.rules.authn_request import AUTHN_REQUEST_RULES, AuthnRequestExpectations
from oiosaml.rules.response import RESPONSE_RULES, ResponseExpectations
from oiosaml.rules.rule import Finding, enforce
from oiosaml.uris import STATUS_NO_AUTHN_CONTEXT, STATUS_NO_PASSIVE, STATUS_REQUEST_DENIED
from oiosaml.verified import Verified


def check_request(
    request: Verified[AuthnRequest],
    requester: Requester,
    system: RegisteredSystem,
    binding: str,
    registry: Registry,
    *,
    at: datetime,
    ports: Ports,
) -> tuple[Finding, ...]:
    """Put the rules of a request to it.

    Raises:
        RuleViolation: if a MUST is broken.
    """
    listed = request.value.scoping.idp_list if request.value.scoping else ()
    expectations = AuthnRequestExpectations(
        at=at,
        issuer=system.registration.entity_id,
        sso_location=ports.urls.sso_url,
        assertion_consumer_services=system.metadata.sp.assertion_consumer_services if system.metadata.sp else (),
        our_entity_ids=(ports.entity_id_towards_systems, ports.entity_id_towards_idps),
        known_idps=frozenset([each for each in listed if registry.idp(each) is not None]),
        minimum_level=system.registration.minimum_level,
        name_id_formats=(name_id_format_for(system),),
        binding=binding,
        relay_state=requester.relay_state,
        skew=ports.clock_skew,
    )
    return enforce(AUTHN_REQUEST_RULES, request.value, expectations)


def check_envelope(
    answer: Answer, login: PendingLogin, idp: RegisteredIdp, *, at: datetime, ports: Ports
) -> tuple[Finding, ...]:
    """Put the rules of the envelope to it.

    Raises:
        RuleViolation: if a MUST is broken.
    """
    request_id, requested_at = _question(login)
    expectations = ResponseExpectations(
        at=at,
        idp=idp.registration.entity_id,
        assertion_consumer_service=ports.urls.acs_url,
        request_id=request_id,
        requested_at=requested_at,
        envelope_signed=answer.envelope_signer is not None,
        skew=ports.clock_skew,
    )
    return enforce(RESPONSE_RULES, answer.envelope, expectations)


def check_assertion(
    assertion: Verified[Assertion],
    login: PendingLogin,
    idp: RegisteredIdp,
    system: RegisteredSystem,
    *,
    at: datetime,
    ports: Ports,
) -> tuple[Finding, ...]:
    """Put the rules of its profile to a home IdP's assertion: protocol first, then who may say what of whom, and at which level.

    Raises:
        RuleViolation: if a MUST is broken.
        SamlError: `fed.profile` if the IdP is registered for a profile that is not understood.
    """
    request_id, requested_at = _question(login)
    asked = login.request.requested_authn_context
    profile = profile_of_idp(idp)
    demand = LevelDemand.of(login.request.requested_authn_context, system.registration)
    expectations = AssertionExpectations(
        at=at,
        idp=idp.registration.entity_id,
        our_entity_id=ports.entity_id_towards_idps,
        assertion_consumer_service=ports.urls.acs_url,
        request_id=request_id,
        requested_at=requested_at,
        registered_cvrs=idp.registration.cvrs,
        registered_level=idp.registration.nsis_reach,
        system=system.registration.entity_id,
        force_authn=login.request.force_authn,
        requested_level=demand.requested,
        comparison=demand.comparison,
        minimum_level=demand.floor,
        acceptable_levels=demand.acceptable if demand.is_in_nist else None,
        registered_assurance_level=idp.registration.maximum_assurance_level,
        acceptable_assurance_levels=demand.acceptable_assurance_levels,
        demanded=demand.named,
        knows_roles=idp.registration.knows_roles,
        name_id_formats=profile.name_id_formats,
        credential_types=profile.credential_types_of(asked),
        skew=ports.clock_skew,
    )
    return enforce(profile.assertion_rules, assertion.value, expectations)


def require_level(subject: Subject, login: PendingLogin, system: RegisteredSystem) -> None:
    """Hold the level that would go into our token against the whole demand, whichever profile's rules have let it pass.

    Each profile has a rule that says this in its own words. That rule is one of many to forget something; what leaves rests on this one.

    Raises:
        SamlError: `fed.loa`.
    """
    demand = LevelDemand.of(login.request.requested_authn_context, system.registration)
    if not demand.met_by(subject.level):
        raise SamlError(
            "fed.loa",
            f"got {subject.level.spoken}, expected {demand.named}",
            params={"required": demand.named, "actual": beside(demand.named, subject.level).spoken},
        )


def status_refusal(status: Status, required: str) -> UpstreamRefusal:
    """Say what a home IdP's refusal means, in our own codes; its second-level status is passed on."""
    key = {
        STATUS_REQUEST_DENIED: "proto.cancelled",
        STATUS_NO_PASSIVE: "proto.no-passive",
        STATUS_NO_AUTHN_CONTEXT: "fed.loa:idp-cannot",
    }.get(status.second_code or "", "proto.status")
    detail = f"got the status {status.code!r:.120} {status.second_code or ''!r:.120} {status.message or ''!r:.200}, expected Success"
    return UpstreamRefusal(
        key, detail, second_code=status.second_code, message=status.message, params={"required": required}
    )


def _question(login: PendingLogin) -> tuple[MessageId, datetime]:
    if login.idp_request_id is None or login.idp_request_at is None:
        raise RuntimeError("no IdP was asked in this login")
    return login.idp_request_id, login.idp_request_at
