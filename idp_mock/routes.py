"""The IdP's doors: each reads, calls the story, writes."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp_mock.asked import is_above_registration
from idp_mock.inbound import (
    Choice,
    InboundRequest,
    LookAgain,
    Password,
    PickedPerson,
    Refusal,
    Visitor,
    read_level,
)
from idp_mock.login import Answer, LoginPage, begin_login, finish_login
from idp_mock.ports import Ports
from oiosaml.errors import SamlError
from oiosaml.nsis import AssuranceLevel
from saml_web.cookies import Cookie
from saml_web.form_origin import read_own_form
from saml_web.front_channel import Binding
from saml_web.inbound import Form, one_named, read_body, read_query
from saml_web.languages import is_switch
from saml_web.outbound import auto_post_page
from saml_web.pages import Pages, SwitchForm
from saml_web.xml_view import view_xml

PERSONA_PARAMETER: Final = "persona"
"""Query parameter of the SSO URL that names who logs in, for use without a page."""

PERSONA_HEADER: Final = "X-NSIS-Persona"
"""Does the same as `PERSONA_PARAMETER`."""

LEVEL_PARAMETER: Final = "at-level"
"""Query parameter beside `persona`: the level to log in at, where it is not the highest the person can reach."""

LEVEL_HEADER: Final = "X-NSIS-Level"
"""Does the same as `LEVEL_PARAMETER`."""

MAX_REQUEST_BYTES: Final = 64 * 1024
"""Longest AuthnRequest by POST, still encoded. One with a certificate in its signature needs about 6 kB."""

MAX_LOGIN_FORM_BYTES: Final = 4 * MAX_REQUEST_BYTES
"""Longest login form: it carries the request, escaped once more."""

WRONG_PASSWORD_STATUS: Final = 422
"""A form that was understood and not accepted; 401 would have the browser ask with a dialogue of its own."""


class Routes:
    """The handlers of one IdP."""

    def __init__(self, ports: Ports, pages: Pages, cookie: Cookie, *, clock: Callable[[], datetime]) -> None:
        """Ask `clock` once for each request; `cookie` holds the handle of the session."""
        self._ports = ports
        self._pages = pages
        self._cookie = cookie
        self._clock = clock

    async def sso_by_redirect(self, request: Request) -> Response:
        """An AuthnRequest in the query (R3-SP-01)."""
        inbound = InboundRequest(Binding.REDIRECT, read_query(request))
        return self._answer(request, begin_login(inbound, self._visitor(request), at=self._clock(), ports=self._ports))

    async def sso_by_post(self, request: Request) -> Response:
        """An AuthnRequest in a form."""
        inbound = InboundRequest(Binding.POST, await read_body(request, limit=MAX_REQUEST_BYTES))
        return self._answer(request, begin_login(inbound, self._visitor(request), at=self._clock(), ports=self._ports))

    async def login(self, request: Request) -> Response:
        """A choice made on the login page, or the page in another language."""
        form = await read_own_form(request, base_url=self._ports.urls.base_url, limit=MAX_LOGIN_FORM_BYTES)
        visitor = Visitor(self._cookie.read(request))
        choice = LookAgain(form.optional("username")) if is_switch(request) else _choice_in(form)
        outcome = finish_login(_inbound_in(form), choice, visitor, at=self._clock(), ports=self._ports)
        return self._answer(request, outcome)

    async def metadata(self, _: Request) -> Response:
        """The IdP's own metadata."""
        return Response(self._ports.idp.metadata, media_type="application/samlmetadata+xml")

    async def health(self, _: Request) -> Response:
        """That this house stands."""
        return JSONResponse({"status": "ok", "service": "idp_mock", "id": self._ports.idp.id})

    def _visitor(self, request: Request) -> Visitor:
        persona = _named(request, PERSONA_PARAMETER, PERSONA_HEADER)
        level = read_level(_named(request, LEVEL_PARAMETER, LEVEL_HEADER))
        return Visitor(self._cookie.read(request), None if persona is None else PickedPerson(persona, level))

    def _answer(self, request: Request, outcome: LoginPage | Answer) -> Response:
        if isinstance(outcome, LoginPage):
            return self._login_page(request, outcome)
        page = auto_post_page(self._pages, request, action=outcome.form.action, fields=outcome.form.fields)
        if outcome.session is not None:
            self._cookie.set(page, outcome.session.handle)
        return page

    def _login_page(self, request: Request, page: LoginPage) -> Response:
        message = (
            ("binding", page.inbound.binding.value),
            ("message", page.inbound.octets.decode("latin-1")),
        )
        wrong = () if page.wrong_password_for is None else (("username", page.wrong_password_for),)
        return self._pages.render(
            request,
            "login.html",
            status=200 if page.wrong_password_for is None else WRONG_PASSWORD_STATUS,
            # the page answers a message, which its URL does not bring back once it was posted; its forms carry it
            switch=SwitchForm(self._ports.urls.login_url, (*message, *wrong)),
            login_url=self._ports.urls.login_url,
            idp=self._ports.idp,
            asker=self._ports.asker,
            people=tuple(self._ports.people),
            roles=self._ports.job_function_roles,
            asked=page.asked,
            above_registration=is_above_registration,
            levels=tuple(AssuranceLevel),
            session=page.session,
            request_xml=view_xml(page.asked.octets),
            message_fields=message,
            wrong_password_for=page.wrong_password_for,
        )


def _named(request: Request, parameter: str, header: str) -> str | None:
    return one_named([*request.query_params.getlist(parameter), *request.headers.getlist(header)], parameter)


def _inbound_in(form: Form) -> InboundRequest:
    try:
        return InboundRequest(Binding(form.one("binding")), form.one("message").encode("latin-1"))
    except ValueError as error:
        raise SamlError("web.form", f"got {error!s:.120}, expected the form of the login page") from error


def _choice_in(form: Form) -> Choice:
    persona, refusal, level = form.optional("persona"), form.optional("refusal"), read_level(form.optional("level"))
    if persona is not None:
        return PickedPerson(persona, level)
    if refusal is None:
        return Password(form.one("username"), form.one("password"), level)
    try:
        return Refusal(refusal)
    except ValueError as error:
        raise SamlError("web.form", f"got {refusal!r:.60}, expected one of {', '.join(Refusal)}") from error
