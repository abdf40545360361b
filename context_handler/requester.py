"""Who may take part: a registered party that is switched on, and an address it has registered."""

from datetime import datetime
from typing import Final

from context_handler.login_state import LoginState, PendingLogin
from context_handler.ports import Ports, RegisteredAttributeService, RegisteredIdp, RegisteredSystem, Registry
from context_handler.visit import Visit
from federation.model import Profile
from oiosaml.errors import Party, SamlError
from oiosaml.ids import EntityId, FlowId
from oiosaml.keys import require_not_barred
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.rules.authn_request import chosen_assertion_consumer_service
from oiosaml.uris import BINDING_POST

ADDRESS_LOST: Final = frozenset({"req.unknown-sp", "md.expired", "req.acs", "fed.withdrawn", "key.unchecked"})
"""Refusals of a system whose address is its own no longer, and gets not even a refusal."""

BY_COOKIE: Final = (
    "we know a browser by the cookie it was given with our first answer, which a client must keep and send"
)
"""What a client without cookies is told, such as Java's own: it comes back as a stranger."""

RegisteredParty = RegisteredSystem | RegisteredIdp | RegisteredAttributeService


def login_under_way(flow: FlowId, browser: str, at: datetime, ports: Ports) -> PendingLogin:
    """Give a login that this browser has begun and not finished.

    A person who went back from the home IdP may choose again, so being there counts as under way.

    Raises:
        SamlError: `flow.unknown` if this browser has no such login, `flow.expired` if it took too long, or what `require_not_expired`
            raises.
    """
    login = ports.store.pending_by_handle(ports.workspace, flow)
    if login is None or login.browser != browser:
        raise SamlError(
            "flow.unknown",
            f"got a login that is not under way in this browser, expected one that it began; {BY_COOKIE}",
            party=Party.USER,
        )
    require_not_expired(login)
    if login.state not in (LoginState.CHOOSING_IDP, LoginState.AT_HOME_IDP):
        raise SamlError(
            "flow.unknown", f"got a login that is {login.state}, expected one that is under way", party=Party.USER
        )
    if login.has_expired(at):
        raise SamlError(
            "flow.expired",
            f"got a choice after {login.expires_at:%H:%M:%S}, when the login had expired",
            party=Party.USER,
        )
    return login


def require_not_expired(login: PendingLogin) -> None:
    """Let a login go on that was not ended for its age or for the machine's end.

    Raises:
        SamlError: `flow.expired` or `flow.interrupted`, whichever ended it.
    """
    if login.state is LoginState.EXPIRED:
        raise SamlError(
            login.code or "flow.expired", "got a login that was ended, expected one under way", party=Party.USER
        )


def registered_system(registry: Registry, entity_id: EntityId | None, at: datetime) -> RegisteredSystem:
    """Give the system that goes by `entity_id`.

    Raises:
        SamlError: `req.unknown-sp` if there is none, or what `require_usable` raises.
    """
    system = registry.system(entity_id) if entity_id is not None else None
    if system is None:
        raise SamlError(
            "req.unknown-sp", f"got the issuer {entity_id!r:.200}, expected the entityID of a registered system"
        )
    require_usable(system, at)
    return system


def system_as_registered_now(
    visit: Visit, entity_id: EntityId, registry: Registry, *, idp: EntityId | None = None
) -> RegisteredSystem:
    """Give the system that a visit is about as it is registered now. Asked whenever somebody was waited for: the person, an IdP, a service.

    If the address that its answer would go to is its own no longer, the visit forgets it, whatever the refusal is: somebody else may own it
    by now, and gets neither token nor refusal (attack REQ-03). `idp` is whose user the system would get, once that is known.

    Raises:
        SamlError: as `registered_system`, `req.acs` if the address is registered no longer, `fed.no-idp` if the system is limited to other
            IdPs by now (attack FED-07). Its party is said.
    """
    requester, found = visit.requester, registry.system(entity_id)
    has_moved = requester is not None and (found is None or not _takes_answers_at(found, requester.acs_url))
    try:
        system = registered_system(registry, entity_id, visit.at)
        if requester is not None and has_moved:
            raise SamlError(
                "req.acs", f"got a login that began with {requester.acs_url!r:.300}, which is registered no longer"
            )
    except SamlError as error:
        error.party = Party.SYSTEM
        if has_moved or error.code in ADDRESS_LOST:
            visit.requester = None
        raise
    if idp is not None and system.registration.idps and idp not in system.registration.idps:
        raise SamlError(
            "fed.no-idp",
            f"got a user of {idp}, expected one of an IdP that the system is limited to by now",
            party=Party.CONTEXT_HANDLER,
        )
    return system


def registered_idp(registry: Registry, entity_id: EntityId | None, at: datetime) -> RegisteredIdp:
    """Give the home IdP that goes by `entity_id`.

    Raises:
        SamlError: `fed.unknown-issuer` if it was removed, `fed.disabled` if it was switched off or lost its federation agreement
            since it was asked (attack FED-07), or what `require_usable` raises.
    """
    idp = registry.idp(entity_id) if entity_id is not None else None
    if idp is None:
        raise SamlError("fed.unknown-issuer", f"got {entity_id!r:.200}, expected the entityID of a registered IdP")
    require_usable(idp, at)
    if not idp.registration.has_federation_agreement:
        raise SamlError("fed.disabled", f"got a message of {entity_id}, which has no federation agreement any more")
    return idp


def members_as_registered_now(
    visit: Visit, idp: RegisteredIdp, system: RegisteredSystem, before: Registry, ports: Ports
) -> tuple[RegisteredSystem, Registry]:
    """Ask anew, after a service was waited for, about those whom a token is about; give the system and the view to go on with.

    Nobody gets a token after it was confirmed that its IdP, its system or the key that vouched for it is out, nor at an address or by a key
    that the system has given up; a question to an attribute service takes up to five seconds.

    Raises:
        SamlError: as `system_as_registered_now`, which comes first so that no refusal goes to a lost address, and as `registered_idp`, or
            what a key of the IdP was barred with meanwhile. Its party is said.
    """
    registry = ports.registry()
    if registry is before:
        return system, before
    now = system_as_registered_now(visit, system.registration.entity_id, registry, idp=idp.registration.entity_id)
    try:
        counted = {key.fingerprint for key in idp.keys if key.barred is None}
        for key in registered_idp(registry, idp.registration.entity_id, visit.at).keys:
            if key.fingerprint in counted:
                require_not_barred(key)
    except SamlError as error:
        error.party = Party.HOME_IDP
        raise
    return now, registry


def require_usable(party: RegisteredParty, at: datetime) -> None:
    """Let a registered party take part at this instant, or not.

    Raises:
        SamlError: what `why_unusable` gives.
    """
    refusal = why_unusable(party, at)
    if refusal is not None:
        raise refusal


def why_unusable(party: RegisteredParty, at: datetime) -> SamlError | None:
    """Tell why a party cannot take part at this instant, None if it can. Asked at every use and not only at registration.

    `fed.withdrawn` in an emergency, `fed.disabled` if it is switched off or outside its activation period, `md.expired` if its metadata has
    expired (attack MD-02), `key.unchecked` if the revocation list that speaks of its certificates has ended.
    """
    registration = party.registration
    suffix = ":attribute-service" if isinstance(party, RegisteredAttributeService) else ""
    if registration.withdrawn:
        return SamlError(f"fed.withdrawn{suffix}", f"got a message of {registration.entity_id}, which is withdrawn")
    if not registration.enabled or not registration.active.includes(at):
        return SamlError(
            f"fed.disabled{suffix}",
            f"got a message of {registration.entity_id}, which is switched off or not active at this time",
        )
    if party.metadata.has_expired(at):
        return SamlError(
            "md.expired",
            f"got metadata of {registration.entity_id} that ended {party.metadata.valid_until}, expected newer",
        )
    if party.checked_until is not None and at >= party.checked_until:
        return SamlError(
            "key.unchecked",
            f"got certificates of {registration.entity_id} that were checked until {party.checked_until}",
        )
    return None


def vouches_still(idp: RegisteredIdp, profile: Profile, signer: str) -> bool:
    """Tell whether what an IdP once signed is still its word: it speaks that profile, and the key counts."""
    return idp.registration.profile is profile and any(
        key.fingerprint == signer and key.barred is None for key in idp.keys
    )


def registered_acs(request: AuthnRequest, system: RegisteredSystem) -> str:
    """Give the registered ACS that the request names by URL or index, or the default one.

    Raises:
        SamlError: `req.acs` if it names both, or one that is not registered for HTTP-POST (attack REQ-03).
    """
    services = system.metadata.sp.assertion_consumer_services if system.metadata.sp else ()
    url, index = request.assertion_consumer_service_url, request.assertion_consumer_service_index
    if url is not None and index is not None:
        raise SamlError(
            "req.acs", "got both AssertionConsumerServiceURL and -Index, expected at most one (SAML Core 3.4.1)"
        )
    service = chosen_assertion_consumer_service(request, services)
    if service is None:
        named = url if url is not None else index
        raise SamlError(
            "req.acs", f"got the response address {named!r:.300}, expected one registered in the system's metadata"
        )
    return service.location


def _takes_answers_at(system: RegisteredSystem, address: str) -> bool:
    """Tell whether a system has registered this address for answers by HTTP-POST."""
    services = system.metadata.sp.assertion_consumer_services if system.metadata.sp else ()
    return any(each.binding == BINDING_POST and each.location == address for each in services)
