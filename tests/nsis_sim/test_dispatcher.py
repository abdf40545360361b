import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from nsis_sim.dispatcher import Dispatcher


def house(name, started=None):
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({"house": name, "path": request.url.path, "query": request.scope["query_string"].decode()})

    async def lifespan(_app):
        started.append(name)
        yield
        started.remove(name)

    from contextlib import asynccontextmanager

    return Starlette(
        routes=[Route("/", answer), Route("/sso", answer)],
        lifespan=None if started is None else asynccontextmanager(lifespan),
    )


def client_of(dispatcher):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=dispatcher), base_url="http://localhost:8000")


def get(path, **houses):
    import asyncio

    async def run():
        dispatcher = Dispatcher({url: house(name) for name, url in houses.items()})
        async with client_of(dispatcher) as client:
            return await client.get(path)

    return asyncio.run(run())


HOUSES = {
    "broker": "http://localhost:8000",
    "idp": "http://localhost:8000/idp/skov",
    "other_idp": "http://localhost:8000/idp/skovrup",
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "broker"),
        ("/sso", "broker"),
        ("/idp/skov/", "idp"),
        ("/idp/skov/sso", "idp"),
        ("/idp/skovrup/sso", "other_idp"),
    ],
)
def test_the_house_with_the_longest_path_answers(path, name):
    assert get(path, **HOUSES).json()["house"] == name


def test_a_house_sees_the_whole_path_and_the_raw_query():
    answer = get("/idp/skov/sso?SAMLRequest=a%2Bb&x", **HOUSES).json()
    assert answer == {"house": "idp", "path": "/idp/skov/sso", "query": "SAMLRequest=a%2Bb&x"}


def test_a_path_of_nobody_is_not_found():
    assert get("/idp/skov/sso", idp="http://localhost:8000/idp/skovrup").status_code == 404


def test_a_forged_host_changes_nothing():
    import asyncio

    async def run():
        async with client_of(Dispatcher({url: house(name) for name, url in HOUSES.items()})) as client:
            return await client.get("/idp/skov/sso", headers={"Host": "evil.test"})

    assert asyncio.run(run()).json()["house"] == "idp"


def test_refuses_two_houses_at_one_address():
    with pytest.raises(ValueError, match="two houses"):
        Dispatcher({"http://localhost/idp": house("a"), "http://localhost:80/idp/": house("b")})


SITES = {
    "broker": "https://ch.faelles.localhost:8443",
    "idp": "https://idp.skov.localhost:8443",
    "system": "https://byggesag.hus.localhost",
}


def get_at(host: str | None, path: str = "/sso") -> httpx.Response:
    """Ask over https with this Host header, or with none."""
    import asyncio

    async def run():
        dispatcher = Dispatcher({url: house(name) for name, url in SITES.items()})
        transport = httpx.ASGITransport(app=dispatcher)
        async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1:8443") as client:
            request = client.build_request("GET", path, headers={} if host is None else {"Host": host})
            if host is None:
                del request.headers["Host"]
            return await client.send(request)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("ch.faelles.localhost:8443", "broker"),
        ("idp.skov.localhost:8443", "idp"),
        ("IDP.Skov.LOCALHOST:8443", "idp"),
        ("byggesag.hus.localhost", "system"),
        ("byggesag.hus.localhost:443", "system"),
    ],
)
def test_where_paths_are_the_same_the_host_decides(host, name):
    assert get_at(host).json()["house"] == name


@pytest.mark.parametrize(
    "host", ["evil.test", "ch.faelles.localhost", "ch.faelles.localhost:8443.evil.test", "skov.localhost:8443", None]
)
def test_a_host_of_nobody_is_answered_by_nobody(host):
    answer = get_at(host)
    assert answer.status_code == 421
    assert "nobody lives" in answer.text


def test_starts_and_ends_every_house():
    import asyncio

    started: list[str] = []
    seen: list[list[str]] = []
    dispatcher = Dispatcher({"http://localhost/": house("a", started), "http://localhost/b": house("b", started)})
    inbound = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(inbound)

    async def send(message):
        seen.append([message["type"], *started])

    asyncio.run(dispatcher({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    assert seen == [["lifespan.startup.complete", "a", "b"], ["lifespan.shutdown.complete"]]
