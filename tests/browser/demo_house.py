"""A house with nothing but pages: every macro, every kind of answer. Drives the tests of saml_web in a browser."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

from fastapi import FastAPI
from jinja2 import FileSystemLoader
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from oiosaml.errors import Party, SamlError
from saml_web.api_docs import api_docs_route
from saml_web.cookies import transaction_cookie
from saml_web.error_pages import ErrorPages, name_flow
from saml_web.form_origin import require_own_page
from saml_web.ids import SystemIds
from saml_web.inbound import parse_form, read_body, read_form
from saml_web.outbound import auto_post_page, redirect, repost_page, without_marker
from saml_web.pages import Pages
from saml_web.static_files import static_route
from saml_web.xml_view import view_xml

TEMPLATES = Path(__file__).parent / "demo_templates"
MARKUP = '<script>document.title="taken"</script><img src=x onerror=alert(1)>'
XML = (
    b'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0"><!-- a note -->'
    b"<saml:Issuer>https://saml.idp.korsbaek.test</saml:Issuer><saml:Empty/>"
    b"<saml:AttributeValue>" + b"A" * 400 + b"</saml:AttributeValue></saml:Assertion>"
)
NAMES = {
    "urn:dk:gov:saml:cvrNumberIdentifier:29189999": "Korsb\u00e6k Kommune",
    "http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1": "Sagsbehandler",
}
GROUPS = (
    SimpleNamespace(
        scope="urn:dk:gov:saml:cvrNumberIdentifier:29189999",
        privileges=(
            "http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1",
            "http://byggesag.sim.test/roles/unnamed/1",
        ),
        constraints=(SimpleNamespace(name="http://sts.sim.test/constraints/KLE/1", value="27.*"),),
    ),
)
ERRORS = {
    "fed.loa": SamlError(
        "fed.loa", "got Low, expected at least Substantial", params={"required": "Substantial", "actual": "Low"}
    ),
    "markup": SamlError(
        "fed.scope", f"got {MARKUP}\r\n\x1b[31m{'x' * 2000}", params={"cvr": MARKUP}, party=Party.HOME_IDP
    ),
    "long": SamlError("sig.value", "got " + "A" * 480 + ", expected a value", party=Party.SYSTEM),
}


PLACES = ("Korsbæk", "Skovrup", "Ravnkær", "Mågevig")


class Greeting(BaseModel):
    """What is said."""

    text: str
    times: int | None = None


def make_demo_house(base_url: str, *, acs: str = "http://localhost:1/acs") -> FastAPI:
    pages = Pages("saml_web", base_url=base_url, ids=SystemIds(), loader=FileSystemLoader(TEMPLATES))
    app = FastAPI(
        title="Demo API",
        description="Every kind of operation.",
        openapi_url="/_sim/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.router.routes.append(static_route())
    app.router.routes.append(api_docs_route(pages, app, openapi_url=f"{base_url}/_sim/api/openapi.json"))
    ErrorPages(pages).install(app)
    _add_showroom(app, pages)
    _add_form(app, pages, base_url)
    _add_messages(app, pages, base_url, acs)
    _add_failures(app, base_url)
    return app


def _add_showroom(app: FastAPI, pages: Pages) -> None:
    @app.get("/", include_in_schema=False)
    def show_all(request: Request) -> Response:
        errors = [("name", "Skriv et navn"), (None, "Noget andet")] if "wrong" in request.query_params else []
        return pages.render(
            request, "all.html", errors=errors, groups=GROUPS, name_of=NAMES.get, view=view_xml(XML), markup=MARKUP
        )

    @app.post("/_sim/api/greetings/{person}")
    def greet(person: str, greeting: Greeting, *, loud: bool = False) -> Greeting:
        """Greet a person."""
        return greeting


def _add_form(app: FastAPI, pages: Pages, base_url: str) -> None:
    @app.get("/choose", include_in_schema=False)
    def choose(request: Request) -> Response:
        sought = request.query_params.get("q", "")
        names = [f"{place} Kommune" for place in PLACES if sought.lower() in place.lower()]
        return pages.render(request, "choose.html", sought=sought, names=names)

    @app.post("/choose", include_in_schema=False)
    async def chosen(request: Request) -> Response:
        form = await read_form(request)
        require_own_page(request, form, base_url=base_url)
        return pages.render(request, "chosen.html", name=form.one("name"))


def _add_messages(app: FastAPI, pages: Pages, base_url: str, acs: str) -> None:
    cookie = transaction_cookie("demo_flow", base_url=base_url, lifetime=timedelta(minutes=30))

    @app.get("/start", include_in_schema=False)
    def start(request: Request) -> Response:
        return auto_post_page(pages, request, action=acs, fields=(("SAMLResponse", "PHg+"), ("submit", "shadow")))

    @app.get("/begin", include_in_schema=False)
    def begin(request: Request) -> Response:
        response = redirect("/choose")
        cookie.set(response, "handle-1")
        return response

    @app.post("/acs", include_in_schema=False)
    async def receive(request: Request) -> Response:
        body, came_back = without_marker(await read_body(request))
        form = parse_form(body)
        kept = cookie.read(request)
        if kept is None and not came_back:
            return repost_page(pages, request, action=f"{base_url}/acs", fields=tuple(form.fields.items()))
        return pages.render(request, "chosen.html", name=f"{form.one('SAMLResponse')} {kept} {came_back}")


def _add_failures(app: FastAPI, base_url: str) -> None:
    @app.api_route("/error/{name}", methods=["GET", "POST"], include_in_schema=False)
    def fail(request: Request, name: str) -> Response:
        record_url = f"{base_url}/_sim/api/flows/3f0c5a1e-6f0e-4a3c-9d0b-7c1f0a4f1d11"
        name_flow(request, "flow-0001", step="finish_login", record_url=record_url)
        raise ERRORS[name]
