"""NemLog-in's doors: each reads, calls the story, writes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nemlogin_mock.attribute_query import answer_query
from nemlogin_mock.inbound import Choice, InboundRequest, LookAgain, PickedIdentity, Refusal, Visitor
from nemlogin_mock.local_login import begin_local_login, finish_local_login
from nemlogin_mock.login import Answer, LoginPage, begin_login, finish_login
from nemlogin_mock.ports import Ports
from nemlogin_mock.scenarios import SCENARIOS
from oiosaml.bindings.post import PostForm
from oiosaml.bindings.soap import CONTENT_TYPE, write_fault
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from saml_web.cookies import Cookie
from saml_web.form_origin import read_own_form
from saml_web.inbound import Form, one_named, parse_form, read_body, read_query
from saml_web.languages import is_switch
from saml_web.outbound import auto_post_page, pass_on, repost_page, without_marker
from saml_web.pages import Pages, SwitchForm
from saml_web.security_headers import NO_STORE
from saml_web.xml_view import view_xml

PERSONA_PARAMETER: Final = "persona"
"""Query parameter of the SSO URL that names who logs in, for use without a page."""

PERSONA_HEADER: Final = "X-NSIS-Persona"
"""Does the same as `PERSONA_PARAMETER`, as at the mock IdPs."""

SCENARIO_PARAMETER: Final = "scenario"
"""Names the test case that the answer plays, beside a persona."""

SCENARIO_HEADER: Final = "X-NSIS-Scenario"
"""Does the same as `SCENARIO_PARAMETER`."""

MAX_LOGIN_FORM_BYTES: Final = 64 * 1024
"""Longest login form: it carries the request's query, escaped once more."""

MAX_ENVELOPE_BYTES: Final = 64 * 1024
"""Longest attribute query accepted."""


class Routes:
    """The handlers of NemLog-in."""

    def __init__(
        self,
        ports: Ports,
        pages: Pages,
        *,
        browser: Cookie,
        session: Cookie,
        clock: Callable[[], datetime],
    ) -> None:
        """`browser` binds a login at a local IdP, `session` holds a session's handle. Ask `clock` once for each request."""
        self._ports = ports
        self._pages = pages
        self._browser = browser
        self._session = session
        self._clock = clock

    async def sso(self, request: Request) -> Response:
        """An AuthnRequest in the query; NemLog-in takes no other binding."""
        inbound = InboundRequest(read_query(request))
        visitor = Visitor(self._session.read(request), _picked_in(request))
        return self._answer(request, begin_login(inbound, visitor, at=self._clock(), ports=self._ports))

    async def login(self, request: Request) -> Response:
        """A choice made on the login page, or the page in another language."""
        form = await read_own_form(request, base_url=self._ports.urls.base_url, limit=MAX_LOGIN_FORM_BYTES)
        inbound = InboundRequest(form.one("message").encode("latin-1", "replace"))
        local = form.optional("local")
        if local is not None:
            return self._ask_local_idp(request, inbound, EntityId(local))
        visitor, at = Visitor(self._session.read(request)), self._clock()
        choice = LookAgain() if is_switch(request) else _choice_in(form)
        return self._answer(request, finish_login(inbound, choice, visitor, at=at, ports=self._ports))

    def _ask_local_idp(self, request: Request, inbound: InboundRequest, idp: EntityId) -> Response:
        handle = self._browser.read(request) or self._ports.ids.handle()
        outcome = begin_local_login(inbound, idp, handle, at=self._clock(), ports=self._ports)
        if isinstance(outcome, PostForm):
            return auto_post_page(self._pages, request, action=outcome.action, fields=outcome.fields)
        response = pass_on(self._pages, request, outcome.url)
        self._browser.set(response, handle)
        return response

    async def consume(self, request: Request) -> Response:
        """A local IdP sends a person back."""
        body, came_back = without_marker(await read_body(request))
        handle = self._browser.read(request)
        if handle is None and not came_back:
            # a cross-site POST leaves Lax cookies behind; sent once more from our own page, it brings them along
            fields = tuple(parse_form(body).fields.items())
            return repost_page(self._pages, request, action=self._ports.urls.acs_url, fields=fields)
        session_handle = self._session.read(request)
        answer = finish_local_login(body, handle, session_handle, at=self._clock(), ports=self._ports)
        return self._answer(request, answer)

    async def metadata_towards_idps(self, _: Request) -> Response:
        """The metadata towards local IdPs."""
        return Response(self._ports.metadata_towards_idps, media_type="application/samlmetadata+xml")

    async def attribute_query(self, request: Request) -> Response:
        """An AttributeQuery in SOAP 1.1."""
        try:
            envelope = await read_body(request, limit=MAX_ENVELOPE_BYTES)
            return _soap(answer_query(envelope, at=self._clock(), ports=self._ports))
        except SamlError as refusal:
            # what is no SOAP is answered 4xx: nothing failed here (WS-I Basic Profile 1.1, R1113)
            return _soap(
                write_fault("Client", f"{refusal.code}: {refusal.sentence('en')}"), refusal.refusal.http_status
            )

    async def metadata(self, _: Request) -> Response:
        """The metadata towards clients."""
        return Response(self._ports.metadata, media_type="application/samlmetadata+xml")

    async def health(self, _: Request) -> Response:
        """That this house stands."""
        return JSONResponse({"status": "ok", "service": "nemlogin_mock"})

    def _answer(self, request: Request, outcome: LoginPage | Answer) -> Response:
        if isinstance(outcome, Answer):
            form = outcome.form
            response: Response = auto_post_page(self._pages, request, action=form.action, fields=form.fields)
            if outcome.session is not None:
                self._session.set(response, outcome.session.handle)
            return response
        message = outcome.inbound.octets.decode("latin-1")
        return self._pages.render(
            request,
            "login.html",
            # the page answers a message, which its URL does not bring back once it was posted; its forms carry it
            switch=SwitchForm(self._ports.urls.login_url, (("message", message),)),
            login_url=self._ports.urls.login_url,
            nemlogin=self._ports.nemlogin,
            identities=tuple(self._ports.identities),
            local_idps=tuple(self._ports.local_idps),
            organisations=self._ports.names().organisations,
            scenarios=SCENARIOS,
            asked=outcome.asked,
            session=outcome.session,
            request_xml=view_xml(outcome.asked.octets),
            message=message,
        )


def _picked_in(request: Request) -> PickedIdentity | None:
    identity = one_named(_named(request, PERSONA_PARAMETER, PERSONA_HEADER), "personas")
    scenario = one_named(_named(request, SCENARIO_PARAMETER, SCENARIO_HEADER), "scenarios")
    return None if identity is None else PickedIdentity(identity, scenario)


def _named(request: Request, parameter: str, header: str) -> list[str]:
    return [*request.query_params.getlist(parameter), *request.headers.getlist(header)]


def _choice_in(form: Form) -> Choice:
    persona = form.optional("persona")
    if persona is not None:
        return PickedIdentity(persona, form.optional("scenario") or None)
    refusal = form.one("refusal")
    try:
        return Refusal(refusal)
    except ValueError as error:
        raise SamlError("web.form", f"got {refusal!r:.60}, expected one of {', '.join(Refusal)}") from error


def _soap(octets: bytes, status: int = 200) -> Response:
    return Response(octets, status_code=status, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": NO_STORE})
