"""What holds for every answer of every route of every house, found by walking the running apps (attacks WEB-02, 04, 05, 08, 09, 11 to 13).

A route that is added is walked without anybody thinking of it, and must say here whether it takes messages of others or forms of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from saml_web.inbound import MAX_MESSAGE_BODY_BYTES
from tests.flows.forging import KORSBAEK
from tests.flows.street import BASE_URL, Seen, Street, heading, open_street, press, start

EVIL = "evil.test"
FORGED = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "https",
    "Forwarded": f"host={EVIL};proto=https",
    "X-Original-URL": f"//{EVIL}/",
}
FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
FROM_OTHERS = re.compile(
    r"/runtime/saml2/(issue|signoff)\.idp|/runtime/saml2auth/(consume|signoffrequest|signoffresponse)\.idp|/runtime/services/.*"
    r"|/idp/[^/]+/(sso|slo|slo/soap)|/attributes/[^/]+/saml2/soap|/nemlogin/(sso|slo|acs|attributequery)|/sp/[^/]+/(acs|slo|slo/soap)"
)
"""Endpoints whose messages come from other sites by design: they are judged by signature and pending request."""

LEADING_AWAY = (
    "RelayState",
    "return",
    "ReturnTo",
    "next",
    "url",
    "target",
    "redirect_uri",
    "idp",
    "entityID",
    "login",
    "back",
)
AWAY = (f"https://{EVIL}/x", f"//{EVIL}", f"/\\{EVIL}", f"javascript://{EVIL}/%0aalert(1)")


@dataclass(frozen=True)
class Door:
    """One path of one house, as it is asked for."""

    path: str
    methods: frozenset[str]


def doors(street: Street) -> list[Door]:
    """Every route of every house; of houses with the same routes, one."""
    found: dict[str, set[str]] = {}
    kinds = set()
    for base_url, app in street.transport.app._houses.items():
        routes = tuple(_paths(street, app.routes))
        if (kind := frozenset(path for path, _ in routes)) in kinds:
            continue
        kinds.add(kind)
        for path, methods in routes:
            found.setdefault(urlsplit(base_url).path + path, set()).update(methods)
    return [Door(path, frozenset(methods)) for path, methods in sorted(found.items())]


def _paths(street: Street, routes: list[BaseRoute]) -> Iterator[tuple[str, set[str]]]:
    for route in routes:
        if isinstance(route, Route):
            yield re.sub(r"{[^}]+}", "x", route.path), set(route.methods or ())
        elif isinstance(route, Mount):
            assert route.path == "/_sim/api", "a part of a house that nobody walks"
            for path, methods in street.get("/_sim/api/openapi.json").json()["paths"].items():
                yield re.sub(r"{[^}]+}", "x", path), {method.upper() for method in methods}
        else:
            raise AssertionError(f"a kind of route that nobody walks: {route!r}")


@pytest.fixture(scope="module")
def walked(street) -> list[Door]:
    every = doors(street)
    assert len(every) > 80
    assert {door.path.split("/")[1] for door in every} >= {"runtime", "idp", "attributes", "nemlogin", "sp", "_sim", ""}
    return every


Asked = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers and body."""


def ask_all(street: Street, asked: list[Asked]) -> list[tuple[Asked, httpx.Response]]:
    """Ask in one go, where the houses are: a thousand requests through the portal one by one take five times as long."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=street.transport.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, trust_env=False) as client:
            return [
                await client.request(method, path, headers=headers, content=body)
                for method, path, headers, body in asked
            ]

    return list(zip(asked, street.transport.portal.call(ask), strict=True))


def strictness_of(answer: httpx.Response | Seen) -> list[str]:
    """What is missing, in words."""
    headers = answer.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers.get("content-security-policy", "").split(";"))
    static = "immutable" in headers.get("cache-control", "") and "/_sim/static/" in str(answer.url)
    wanted = {
        "nosniff": headers.get("x-content-type-options") == "nosniff",
        "no-referrer": headers.get("referrer-policy") == "no-referrer",
        "no-store": static or headers.get("cache-control") == "no-store",
        "no frame": headers.get("x-frame-options") == "DENY" and policy.get("frame-ancestors") == "'none'",
        "a policy": policy.get("default-src") in {"'none'", "'self'"},
        "nothing unsafe": "unsafe" not in str(policy) and "*" not in str(policy),
        "no foreign host": not re.search(r"https?:", policy.get("default-src", "") + policy.get("script-src", "")),
        "no server": "server" not in headers and "x-powered-by" not in headers,
        "a type": not answer.text or "content-type" in headers,
    }
    return [name for name, holds in wanted.items() if not holds]


def test_every_answer_is_strict_and_knows_no_forged_host_web_08_web_09(street, walked):
    asked: list[Asked] = []
    for door in walked:
        asked += [(method, door.path, {}, b"\xff\x00" if method == "POST" else b"") for method in METHODS]
        asked += [("GET", path, FORGED, b"") for path in (door.path, door.path + "/", door.path.rstrip("/") or "//")]
        asked += [("POST", door.path, FORGED, b"")]
    problems = []
    for (method, path, headers, _), answer in ask_all(street, asked):
        said = strictness_of(answer)
        # A refusal may quote the name; no address has it.
        said += [f"leads to {EVIL}"] * (f"//{EVIL}" in answer.text or EVIL in str(answer.headers))
        said += [f"status {answer.status_code}"] * (answer.status_code >= 500)
        said += ["405 without Allow"] * (answer.status_code == 405 and "allow" not in answer.headers)
        problems += [f"{method} {path} {'forged' if headers else ''}: {each}" for each in said]
    assert problems == []


def test_every_own_form_and_every_change_refuses_pages_of_others_web_02(street, walked):
    ways = [
        {"Origin": f"https://{EVIL}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": f"https://{EVIL}"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ]
    own = [door for door in walked if door.methods - {"GET", "HEAD"} and not FROM_OTHERS.fullmatch(door.path)]
    assert len(own) > 20
    asked: list[Asked] = []
    for door in own:
        kind, body = ("application/json", b"{}") if "/_sim/api/" in door.path else (FORM, b"x=y")
        changing = sorted(door.methods - {"GET", "HEAD"})
        asked += [(method, door.path, {**way, "Content-Type": kind}, body) for method in changing for way in ways]
    for request, answer in ask_all(street, asked):
        assert (answer.status_code, "web.csrf" in answer.text) == (403, True), (request, answer.text[:300])


TRICKS = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cwindows%5cwin.ini",
    "%c0%ae%c0%ae%c0%af",
    "x%00.css",
    "%0d%0aSet-Cookie:%20x=y",
    "%e2%80%ae%e2%81%a6",
    "x" * 15_000,
    "%25%2e%25%2e",
    "'%20OR%201=1--",
)


def test_no_trick_in_a_path_leads_anywhere_web_12(street, walked):
    parameters = [door for door in walked if "/x" in door.path]
    assert len(parameters) >= 20
    asked: list[Asked] = []
    for door, trick in product(parameters, TRICKS):
        path = re.sub(r"/x(?=/|$)", f"/{trick}", door.path)
        asked += [("GET", path, {}, b"")]
        asked += [
            (method, path, {"Content-Type": "application/json"}, b"{}") for method in door.methods & {"PUT", "DELETE"}
        ]
    for (method, path, _, _), answer in ask_all(street, asked):
        assert 400 <= answer.status_code < 500, (method, path[:80], answer.text[:200])
        assert "set-cookie" not in answer.headers or "x=y" not in answer.headers["set-cookie"], path[:80]
        assert "root:" not in answer.text, path[:80]


def test_no_form_is_too_large_or_has_too_many_fields_web_13(street, walked):
    posts = [door for door in walked if "POST" in door.methods and "/_sim/api/" not in door.path]
    assert len(posts) > 20
    large, many = b"a=" + b"x" * MAX_MESSAGE_BODY_BYTES, b"&".join(b"f%d=1" % number for number in range(10_000))
    asked: list[Asked] = [("POST", door.path, {"Content-Type": FORM}, body) for door in posts for body in (large, many)]
    for (_, path, _, body), answer in ask_all(street, asked):
        assert answer.status_code == 413 if body is large else 400 <= answer.status_code < 500, (
            path,
            answer.text[:200],
        )


def test_broken_tokens_come_only_where_they_are_asked_for_web_11(street):
    """NemLog-in's faulty test cases: no cookie, no RelayState and no parameter of a system's own reaches them."""
    system, wish = start(street, "selvbetjening"), {"scenario": "IT-LOA-1", "RelayState": "scenario=IT-LOA-1"}
    with street.browser(Referer=f"{BASE_URL}/?scenario=IT-LOA-1") as browser:
        for name in ("scenario", "X-NSIS-Scenario"):
            browser._client.cookies.set(name, "IT-LOA-1")
        page = press(browser, browser.visit(str(httpx.URL(system, params=wish))), "persona", "sif-oernhoej")
        assert heading(page) == "Du er logget ind"
    with street.browser() as browser:
        page = press(browser, browser.visit(system), "persona", "sif-oernhoej", scenario="IT-LOA-1")
        assert heading(page) != "Du er logget ind", "the same, asked for"


def targets_in(answer: httpx.Response) -> Iterator[str]:
    yield answer.headers.get("location", "")
    yield answer.headers.get("refresh", "").partition("url=")[2]
    yield from re.findall(r'(?:action|href|src|formaction)="([^"]*)"', answer.text)


def test_no_parameter_leads_away_web_05(street, walked):
    asked: list[Asked] = []
    for door, away in product((door for door in walked if "/_sim/api/" not in door.path), AWAY):
        query = "&".join(f"{name}={quote(away, safe='')}" for name in LEADING_AWAY)
        asked.append(("GET", f"{door.path}?{query}", {}, b""))
        if "POST" in door.methods:
            asked.append(("POST", door.path, {"Content-Type": FORM, "Origin": BASE_URL}, query.encode()))
    for request, answer in ask_all(street, asked):
        for target in targets_in(answer):
            assert EVIL not in (urlsplit(target.replace("\\", "/")).hostname or ""), (request, target)
            assert not target.lower().startswith("javascript"), (request, target)


def test_every_cookie_is_as_its_address_wants_it_web_04(street):
    first = len(street.transport.seen)
    with street.browser() as browser:
        press(browser, browser.visit(start(street, "byggesag", "korsbaek")), "persona", "ane-holm")
        browser.visit(f"{BASE_URL}/?lang=en")
    cookies = [value for seen in street.transport.seen[first:] for value in seen.headers.get_list("set-cookie")]
    assert len({cookie.partition("=")[0] for cookie in cookies}) >= 6
    for cookie in cookies:
        attributes = {
            part.strip().partition("=")[0].lower(): part.strip().partition("=")[2] for part in cookie.split(";")[1:]
        }
        assert "httponly" in attributes, cookie
        assert attributes["samesite"].lower() == "lax", cookie
        assert "secure" not in attributes, cookie
        assert "domain" not in attributes, cookie
        assert attributes["path"].startswith("/"), cookie


def test_over_https_every_cookie_is_a_host_cookie_and_crosses_sites_only_if_it_has_to_web_04(tmp_path, certs):
    with open_street(tmp_path, certs, sites=True) as street:
        login = str(httpx.URL(street.topology.system("byggesag").login_url, params={"idp": KORSBAEK}))
        with street.browser() as browser:
            page = press(browser, browser.visit(login), "persona", "ane-holm")
            browser.visit(f"{street.topology.context_handler_base_url}/?lang=en")
        cookies = [value for seen in street.transport.seen for value in seen.headers.get_list("set-cookie")]
        pages = [seen for seen in street.transport.seen if seen.is_page]
    assert page.url.startswith("https://byggesag.")
    assert all(not strictness_of(seen) for seen in pages)
    none = {cookie.partition("=")[0] for cookie in cookies if "samesite=none" in cookie.lower()}
    assert none == {"__Host-nsis_login", "__Host-nsis_session", "__Host-nsis_byggesag_login"}
    for cookie in cookies:
        assert cookie.startswith("__Host-nsis_"), cookie
        assert "; Secure" in cookie, cookie
        assert "; HttpOnly" in cookie, cookie
        assert "; Path=/;" in cookie, cookie
        assert "domain" not in cookie.lower(), cookie
