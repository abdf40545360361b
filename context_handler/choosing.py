"""Which home IdP a login goes to: chosen without a question, or by the person on our page; then it is asked in our own name."""

from dataclasses import replace
from datetime import datetime

from context_handler import discovery
from context_handler.asking import OutboundMessage, compose_request, send_request
from context_handler.discovery import AskForHomeIdp, Wishes
from context_handler.inbound import ChosenIdp, RequestFromSystem
from context_handler.level import LevelDemand
from context_handler.login_state import PENDING_LOGIN_LIFETIME, LoginState, PendingLogin
from context_handler.ports import AnswerUsedError, Ports, RegisteredIdp, RegisteredSystem, Registry
from context_handler.requester import login_under_way, registered_system, system_as_registered_now
from context_handler.visit import Visit, step
from oiosaml.errors import Party, SamlError
from oiosaml.ids import FlowId
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.verified import Verified


def demand_of(login: PendingLogin, system: RegisteredSystem) -> LevelDemand:
    """Give the level this login must reach."""
    return LevelDemand.of(login.request.requested_authn_context, system.registration)


def wishes_of(inbound: RequestFromSystem, request: Verified[AuthnRequest]) -> Wishes:
    """Give what the browser and the system say of where the person belongs."""
    scoping = request.value.scoping
    if scoping is None or scoping.idp_list == inbound.wishes.idp_list:
        return inbound.wishes
    return replace(inbound.wishes, idp_list=scoping.idp_list)


@step(Party.CONTEXT_HANDLER)
def choose_home_idp(
    visit: Visit, system: RegisteredSystem, demand: LevelDemand, wishes: Wishes, registry: Registry
) -> RegisteredIdp | AskForHomeIdp:
    """The home IdP is the hinted one, the only one, the one logged in to or the remembered one; else the person is asked."""
    chosen = discovery.choose(system, registry, demand, wishes, visit.at)
    if isinstance(chosen, RegisteredIdp):
        visit.note(party=chosen.registration.entity_id)
        return chosen
    if visit.requester is not None and visit.requester.request.is_passive:
        raise SamlError(
            "proto.no-passive",
            "got IsPassive with several IdPs to choose among, expected a request that names one",
        )
    visit.note(asked=True, detail=f"{len(chosen.able)} to choose among")
    return AskForHomeIdp(visit.flow, system, chosen, demand)


@step(Party.CONTEXT_HANDLER)
def remember_login(visit: Visit, browser: str) -> PendingLogin:
    """What the answer will need is put aside, bound to this browser."""
    requester = visit.known_requester()
    return PendingLogin(
        flow=visit.flow,
        state=LoginState.CHOOSING_IDP,
        system=requester.system,
        request=requester.request,
        relay_state=requester.relay_state,
        acs_url=requester.acs_url,
        browser=browser,
        started_at=visit.at,
        expires_at=visit.at + PENDING_LOGIN_LIFETIME,
    )


def put_aside(visit: Visit, login: PendingLogin, ports: Ports) -> None:
    """Make the login and its events durable, and its request used up (attack REQ-10): whatever leaves now can be answered after a crash."""
    try:
        ports.store.save_pending(ports.workspace, login, tuple(visit.events))
    except AnswerUsedError as error:
        raise SamlError(
            "req.replay", f"got the request ID {login.request.id!r:.120} a second time", party=Party.SYSTEM
        ) from error
    visit.take_events()


@step(Party.CONTEXT_HANDLER)
def ask_home_idp(
    visit: Visit, login: PendingLogin, idp: RegisteredIdp, demand: LevelDemand, ports: Ports
) -> tuple[PendingLogin, OutboundMessage]:
    """Our own signed request asks the home IdP: the level carried over, the system named behind us."""
    request = compose_request(visit.known_requester(), idp, demand, at=visit.at, ports=ports)
    message, octets = send_request(request, idp, ports)
    visit.note(party=idp.registration.entity_id, message_id=request.id, octets_out=octets, asked=True)
    return login.asked_at(idp.registration.entity_id, request.id, visit.at), message


@step(Party.USER)
def resume_choice(
    visit: Visit, chosen: ChosenIdp, registry: Registry, ports: Ports
) -> tuple[PendingLogin, RegisteredSystem]:
    """The choice belongs to a login under way in this browser, of a system that may still be answered at its address (attack REQ-03)."""
    login = login_under_way(chosen.flow, chosen.browser, visit.at, ports)
    visit.resume(login)
    visit.ends_if_refused = True
    return login, system_as_registered_now(visit, login.system, registry)


@step(Party.CONTEXT_HANDLER)
def take_choice(
    visit: Visit, chosen: ChosenIdp, system: RegisteredSystem, demand: LevelDemand, registry: Registry
) -> RegisteredIdp:
    """The chosen IdP is one the person could choose."""
    scoping = visit.known_requester().request.scoping
    wishes = Wishes(idp_list=scoping.idp_list if scoping else (), hint=chosen.idp)
    candidates = discovery.candidates_for(system, registry.idps(), demand, wishes, visit.at)
    idp = discovery.decide(candidates, wishes)
    barred = [each for each in candidates.too_low if each.registration.entity_id == chosen.idp]
    # somebody is left to choose, so a wrong choice leaves the login open
    visit.ends_if_refused = idp is not None and idp.registration.entity_id == chosen.idp
    if barred:
        raise discovery.unreachable(demand, barred)
    if idp is None or idp.registration.entity_id != chosen.idp:
        raise SamlError("fed.no-idp", f"got the choice {chosen.idp!r:.200}, expected one of those on the page")
    visit.note(party=idp.registration.entity_id)
    return idp


def show_choice(flow: FlowId, browser: str, at: datetime, ports: Ports) -> AskForHomeIdp:
    """Give the discovery page of a login under way once more; looking changes nothing and is no step.

    Raises:
        SamlError: `flow.unknown` or `flow.expired` if this browser has no such login, or what choosing itself would refuse with.
    """
    login = login_under_way(flow, browser, at, ports)
    registry = ports.registry()
    system = registered_system(registry, login.system, at)
    demand = demand_of(login, system)
    wishes = Wishes(idp_list=login.request.scoping.idp_list if login.request.scoping else ())
    candidates = discovery.candidates_for(system, registry.idps(), demand, wishes, at)
    return AskForHomeIdp(flow, system, candidates, demand)
