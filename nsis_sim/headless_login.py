"""A whole login without a window: what a person would press, pressed. What was issued is read from the broker's own record of the flow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from federation.model import Profile
from federation.urls import ContextHandlerUrls, SystemUrls
from nsis_sim.api_client import Api
from nsis_sim.browser import Browser, FormOnPage, Page
from nsis_sim.decoding import UndecodableError, unpack
from nsis_sim.login_report import LoginReport, is_success, report_refusal, report_success, request_id, status_codes
from nsis_sim.named_parties import UnknownPartyError, find_party
from nsis_sim.refusal_on_page import first_lines, refusal_on
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.nist import NistLevel

PERSONA_HEADER: Final = "X-NSIS-Persona"
"""Tells our mock IdPs who logs in. A foreign IdP does not know it, and shows its login page."""

_CHOICE: Final = "idp"
"""Name of the discovery page's buttons; their value is the IdP's entityID."""

_ERROR_STATUS: Final = 400


class WrongWishError(Exception):
    """A house did not understand what was wished for; the message says which, and what it knows."""


class LoginStuckError(Exception):
    """The login came to rest at a page that this program cannot work; the message says which, and what would help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginWish:
    """Who logs in where. `idp` is an entityID."""

    idp: str
    persona: str
    level: str | None
    start_url: str
    """Where the system's login begins."""


def resolve(api: Api, *, system: str, idp: str, persona: str, level: str | None, start: str | None) -> LoginWish:
    """Find system and IdP at the simulator, by short id or entityID.

    Raises:
        UnknownPartyError: if one is not registered, the persona is unknown to the municipality's IdP, or the system is not one of ours
            and nobody says where its login begins.
        WrongWishError: if a demo system asks on the other ladder than the level stands on.
    """
    found = find_party(api, "systems", system)
    _require_ladder(found, level)
    home = find_party(api, "idps", idp)
    _require_persona(api, home, persona)
    return LoginWish(idp=str(home["entity_id"]), persona=persona, level=level, start_url=start or _demo_login(found))


def _require_ladder(system: Mapping[str, Any], level: str | None) -> None:
    registration = system["registration"]
    if level is None or not registration.get("simulated"):
        return
    is_old, is_nist = registration.get("profile") == Profile.OIOSAML2, level in tuple(NistLevel)
    if is_old and not is_nist:
        raise WrongWishError(f"{system['id']} reads OIOSAML 2 and asks by NIST: say --assurance-level 2, 3 or 4.")
    if is_nist and not is_old:
        raise WrongWishError(f"{system['id']} asks by NSIS: say --level Low, Substantial or High.")


def _require_persona(api: Api, idp: Mapping[str, Any], persona: str) -> None:
    """NemLog-in has users of its own and says itself whom it knows; so does an IdP that is not ours."""
    registration = idp["registration"]
    if not registration.get("simulated") or registration.get("profile") == Profile.NEMLOGIN3:
        return
    people = api.people()
    known = [person["id"] for person in people if person["cvr"] in registration["cvrs"]]
    if persona in known:
        return
    elsewhere = next((f", who is at {each['municipality']}" for each in people if each["id"] == persona), "")
    raise UnknownPartyError(f"{idp['id']} has no persona {persona}{elsewhere}. It has {', '.join(known) or 'none'}.")


def _demo_login(system: Mapping[str, Any]) -> str:
    registration = system["registration"]
    if not registration.get("simulated"):
        raise UnknownPartyError(f"{system['id']} is a system of your own: say where its login begins with --start URL.")
    entity = read_metadata(str(registration["metadata"]).encode()).entity
    services = entity.sp.assertion_consumer_services if entity and entity.sp else ()
    if not services:
        raise UnknownPartyError(f"{system['id']} has no AssertionConsumerService in its metadata.")
    return services[0].location.removesuffix(SystemUrls.ACS_PATH) + SystemUrls.LOGIN_PATH


def log_in(wish: LoginWish, *, api: Api, base_url: str, transport: httpx.BaseTransport | None = None) -> LoginReport:
    """Perform a login at the broker with that base URL.

    Raises:
        UnreachableError: if a house does not answer.
        WrongWishError: if a house does not know the persona or the level.
        LoginStuckError: if a page asks for what this program does not know.
    """
    urls = ContextHandlerUrls(base_url)
    with Browser(headers={PERSONA_HEADER: wish.persona}, transport=transport) as browser:
        page = browser.visit(_start(wish))
        form = _discovery_form(page)
        if form is not None:
            # Also where the page does not offer it: then the broker's own refusal says why not.
            page = browser.submit(form, press=(_CHOICE, wish.idp))
        return _report(browser, page, api, urls)


def _start(wish: LoginWish) -> str:
    # Our demo systems know these; a system that does not leaves them alone, and the discovery page asks.
    asked = {"idp": wish.idp, **({"level": wish.level} if wish.level else {})}
    return wish.start_url + ("&" if "?" in wish.start_url else "?") + urlencode(asked)


def _discovery_form(page: Page) -> FormOnPage | None:
    return next((form for form in page.forms if any(name == _CHOICE for name, _ in form.buttons)), None)


def _report(browser: Browser, page: Page, api: Api, urls: ContextHandlerUrls) -> LoginReport:
    events, flow = _flow(browser, api, urls)
    answers = [seen for seen in browser.seen if seen.parameter == "SAMLResponse" and seen.destination != urls.acs_url]
    status = status_codes(answers[-1].encoded) if answers else ()
    refused = any(event.get("outcome") == "refused" for event in events)
    where = page.url.partition("?")[0]
    if not answers and not refused:
        _require_an_end(page, where)
    if flow is not None and is_success(status) and page.status < _ERROR_STATUS:
        return report_success(events, flow=flow, status=status)
    told = refusal_on(page)
    who = (
        "The Context Handler issued a token, but the system answered it with"
        if is_success(status)
        else f"{where} answered"
    )
    explanation = f"{who} HTTP {page.status}" + (f": {told.detail}" if told else _quoted(page))
    return report_refusal(events, flow=flow, status=status, explanation=explanation, code=told.code if told else None)


def _quoted(page: Page) -> str:
    return "".join(f"\n  | {line}" for line in first_lines(page))


def _require_an_end(page: Page, where: str) -> None:
    """The Context Handler neither answered nor refused: then another house has to have said why."""
    told = refusal_on(page)
    if told is not None and told.code == "web.form":
        raise WrongWishError(f"{where} does not know what it was asked for: {told.detail}")
    if page.status < _ERROR_STATUS:
        raise LoginStuckError(
            f"The login stopped at {where}, which waits for a person. Only the simulator's own IdPs log in by name; "
            "and the IdP must be one that the discovery page offers."
        )


def _flow(browser: Browser, api: Api, urls: ContextHandlerUrls) -> tuple[list[Mapping[str, Any]], str | None]:
    """Find the flow by the ID of the system's request, which is on the wire for everybody to see."""
    asked = next((s for s in browser.seen if s.parameter == "SAMLRequest" and s.destination == urls.sso_url), None)
    if asked is None:
        return [], None
    try:
        octets, _ = unpack(asked.encoded)
    except UndecodableError:
        return [], None
    message_id = request_id(octets)
    return api.flow_of(message_id) if message_id else ([], None)
