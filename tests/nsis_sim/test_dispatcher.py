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


def test_refuses_two_houses_at_one_path():
    with pytest.raises(ValueError, match="two houses"):
        Dispatcher({"http://localhost:8000/idp": house("a"), "http://127.0.0.1:8001/idp/": house("b")})


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
