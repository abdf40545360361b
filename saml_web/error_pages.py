"""The one place where a refusal becomes an answer to a browser or an API client.

`ErrorPages.install` registers it on an app; no house catches `SamlError` to build a page of its own. The person reads
a sentence, who must mend it and a reference; the folded part is for the engineer. Nothing here ever shows a
traceback.
"""

import logging
from enum import StrEnum
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from oiosaml.errors import Party, SamlError, UpstreamRefusal
from oiosaml.redaction import fit_to_show
from oiosaml.refusals import REFUSALS
from oiosaml.rules.rule import RuleViolation
from saml_web.finding_documents import FindingDocument
from saml_web.languages import Language, language_of
from saml_web.pages import Pages
from saml_web.security_headers import NO_STORE

API_PREFIX: Final = "/_sim/api"
"""Paths below it are answered in JSON."""

MAX_SHOWN: Final = 500
"""Characters of a detail or a placeholder that are shown; the rest may be an attacker's essay (invariant I4)."""

RETRY_AFTER_SECONDS: Final = 5
"""What a client is told when the store cannot be written."""

_MOST_PLACES: Final = 20
"""Places told of input that does not fit; `MAX_SHOWN` characters hold no more."""

_UNAVAILABLE: Final = 503

_log = logging.getLogger(__name__)


class Mend(StrEnum):
    """Who can mend it. Part of the API's answers; the sentences stand in templates/error.html."""

    USER = "user"
    SYSTEM = "system"
    HOME_IDP = "home-idp"
    LEVEL = "level"
    ATTRIBUTE_SERVICE = "attribute-service"
    ADMINISTRATOR = "administrator"
    METADATA = "metadata"
    CONTEXT_HANDLER = "context-handler"
    SENDER = "sender"


_MEND_BY_CODE: Final = {
    "fed.loa": Mend.LEVEL,
    "fed.no-nsis": Mend.HOME_IDP,
    "fed.no-roles": Mend.ADMINISTRATOR,
    "fed.no-idp": Mend.ADMINISTRATOR,
    "aq.unknown-user": Mend.ADMINISTRATOR,
    "aq.unregistered": Mend.ADMINISTRATOR,
    "web.internal": Mend.CONTEXT_HANDLER,
    "web.unavailable": Mend.CONTEXT_HANDLER,
    "proto.cancelled": Mend.USER,
    "proto.in-response-to": Mend.USER,
    "proto.no-passive": Mend.USER,
    "proto.replay": Mend.USER,
    "proto.unsolicited": Mend.USER,
    "req.replay": Mend.USER,
}
_ANOTHER_LOGIN_WOULD_DO: Final = frozenset({"fed.profile:person", "fed.profile:credential-type"})
"""Refusals of an answer that is right in itself: the person logged in as another, or by other means, than the system wants."""

_WRONG_LEVEL_STATED: Final = frozenset(
    {"fed.loa:above-registration", "fed.loa:not-a-level", "fed.loa:not-an-assurance-level"}
)
"""Refusals of a level that is wrong whatever the person logs in with: whoever stated it mends it."""

_MEND_BY_FAMILY: Final = {
    "aq": Mend.ATTRIBUTE_SERVICE,
    "flow": Mend.USER,
    "md": Mend.METADATA,
    "req": Mend.SYSTEM,
    "web": Mend.USER,
}
_MEND_BY_PARTY: Final = {
    Party.SYSTEM: Mend.SYSTEM,
    Party.HOME_IDP: Mend.HOME_IDP,
    Party.ATTRIBUTE_SERVICE: Mend.ATTRIBUTE_SERVICE,
    Party.CONTEXT_HANDLER: Mend.CONTEXT_HANDLER,
    Party.USER: Mend.USER,
}
_CODE_BY_STATUS: Final = {401: "web.auth", 404: "web.not-found", 405: "web.method", 413: "size", 503: "web.unavailable"}
_DANISH_LEVELS: Final = {"Low": "Lav", "Substantial": "Betydelig", "High": "Høj"}


def who_mends(error: SamlError) -> Mend:
    """Tell who can mend `error`: by the code alone, else by the party whose message it was, else by the code's family.

    A level that is wrong in itself is its sender's to mend, though it has the code of one that is too low.
    """
    if error.refusal.key in _WRONG_LEVEL_STATED:
        return _MEND_BY_PARTY[error.party or Party.HOME_IDP]
    if error.refusal.key in _ANOTHER_LOGIN_WOULD_DO:
        return Mend.USER
    own = _MEND_BY_CODE.get(error.code)
    if own is not None:
        return own
    if error.party is not None:
        return _MEND_BY_PARTY[error.party]
    return _MEND_BY_FAMILY.get(error.code.partition(".")[0], Mend.SENDER)


def name_flow(request: Request, reference: str, *, step: str | None = None, record_url: str | None = None) -> None:
    """Tell the error page which flow (and step) `request` belongs to, so that its reference is the flow's id.

    `record_url` is where the house that shows the page serves the record of that flow; without it the reference leads nowhere.
    """
    request.state.reference = reference
    request.state.step = step
    request.state.record_url = record_url


def name_logout(request: Request) -> None:
    """Tell the error page that `request` is part of a logout, so that its title speaks of no login."""
    request.state.logs_out = True


def refusal_context(request: Request, error: SamlError) -> dict[str, Any]:
    """Give what `error.html` shows, for a house's page that extends it.

    The flow must have been named (`name_flow`): its id is the reference the person reads.
    """
    return {
        "code": error.code,
        "logs_out": getattr(request.state, "logs_out", False),
        "sentences": {language: sentence_of(error, language) for language in Language},
        "mend": who_mends(error),
        "reference": request.state.reference,
        "detail": shown(error.detail),
        "step": request.state.step,
        "record_url": request.state.record_url,
        "upstream": _upstream(error),
    }


class ErrorPages:
    """The error pages of one house."""

    def __init__(self, pages: Pages) -> None:
        """Render with the house's own `pages`: its name stands in the header."""
        self._pages = pages

    def install(self, app: Starlette) -> None:
        """Let every refusal, unknown path and failure of `app` end here.

        A path with a slash too many is unknown as well: Starlette would redirect to an address that it takes from the Host header.
        """
        app.router.redirect_slashes = False
        app.add_exception_handler(SamlError, self._on_refusal)
        app.add_exception_handler(HTTPException, self._on_http_exception)
        app.add_exception_handler(RequestValidationError, self._on_invalid_input)
        app.add_exception_handler(Exception, self._on_failure)

    def answer(self, request: Request, error: SamlError) -> Response:
        """Answer `request` with `error`: JSON below the API's prefix, a page elsewhere."""
        reference = self._reference(request)
        response = self._json(request, error, reference) if is_api(request) else self._page(request, error)
        if error.refusal.http_status == _UNAVAILABLE:
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response

    def _reference(self, request: Request) -> str:
        """Give the flow's id, or a fresh reference where no flow was named."""
        if getattr(request.state, "reference", None) is None:
            name_flow(request, self._pages.ids.uuid())
        return str(request.state.reference)

    def _page(self, request: Request, error: SamlError) -> Response:
        context = refusal_context(request, error)
        return self._pages.render(request, "error.html", status=error.refusal.http_status, **context)

    def _json(self, request: Request, error: SamlError, reference: str) -> Response:
        body: dict[str, Any] = {
            "code": error.code,
            "sentence": sentence_of(_in_words_of_the_api(error), language_of(request)),
            "detail": shown(error.detail),
            "reference": reference,
            "mend": who_mends(error).value,
        }
        if isinstance(error, RuleViolation):
            body["findings"] = [FindingDocument.of(finding).model_dump(mode="json") for finding in error.findings]
        return JSONResponse(body, status_code=error.refusal.http_status, headers={"Cache-Control": NO_STORE})

    async def _on_refusal(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, SamlError):
            raise error
        return self.answer(request, error)

    async def _on_http_exception(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        code = _CODE_BY_STATUS.get(error.status_code, "web.form" if error.status_code < 500 else "web.internal")
        response = self.answer(request, SamlError(code, f"{request.method} {request.url.path}: {error.detail}"))
        response.headers.update(error.headers or {})
        return response

    async def _on_invalid_input(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        # Our own sentences stand behind pydantic's word for them.
        told = ((item["loc"], item["msg"].removeprefix("Value error, ")) for item in error.errors()[:_MOST_PLACES])
        places = "; ".join(f"{'.'.join(map(str, place))}: {sentence}" for place, sentence in told)
        return self.answer(request, SamlError("web.form", f"got input that does not fit: {places}"))

    async def _on_failure(self, request: Request, error: Exception) -> Response:
        reference = self._reference(request)
        # One line that ties the person's reference to the traceback, which the server writes itself when Starlette
        # raises it again.
        _log.error("reference %s: %s", reference, type(error).__name__)
        response = self.answer(request, SamlError("web.internal", "the cause stands in the log under the reference"))
        # The server closes the connection when it gets the exception. A client that is not told would send its next request into that.
        response.headers["Connection"] = "close"
        return response


def is_api(request: Request) -> bool:
    """Tell whether `request` is answered in JSON."""
    path: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return path.startswith(f"{API_PREFIX}/")


def sentence_of(error: SamlError, language: Language) -> str:
    """Give the sentence for the person, with assurance levels called by their name in `language`."""
    names = _DANISH_LEVELS if language is Language.DA else {}
    params = {name: shown(names.get(value, value)) for name, value in error.params.items()}
    return SamlError(error.refusal.key, error.detail, params=params).sentence(language.value)


def _in_words_of_the_api(error: SamlError) -> SamlError:
    """Give the refusal under the key whose sentence is for a program, which has filled in no form and seen no page."""
    key = f"{error.refusal.key}:api"
    return SamlError(key, error.detail, params=error.params, party=error.party) if key in REFUSALS else error


def shown(text: str) -> str:
    """Give `text` fit to be shown: redacted, on one line, cut to `MAX_SHOWN` characters. The template escapes it."""
    return fit_to_show(text, MAX_SHOWN)


def _upstream(error: SamlError) -> tuple[str, str] | None:
    """Give the home IdP's own second-level status and message, where the refusal was its."""
    if not isinstance(error, UpstreamRefusal):
        return None
    return shown(error.second_code or "–"), shown(error.message or "–")
