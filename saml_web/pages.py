"""HTML pages of all houses: one layout, two languages, strict headers.

A house makes one `Pages` at its composition root and calls `render`. Its templates extend `base.html` and import
`macros/…` from here. They translate (`{% trans %}`, `_()`); Python code hands them values in no language.

The language switch keeps the page. Where the URL alone leads back to the page, it is a link (`?lang=`). Where it does
not, because the page answers a POST or a URL that carries a SAML message which must not be sent twice, the page holds
both languages and the switch is a link to the other one inside the page, shown by CSS `:target`. A page that can be
asked for once more by a form of ours has a `SwitchForm`: its title follows and the choice is kept, as by a link. None
needs a script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from oiosaml.ids import IdSource
from saml_web.catalog import load_translations
from saml_web.compiled_templates import CompiledTemplates
from saml_web.form_origin import TOKEN_FIELD, form_cookie
from saml_web.languages import Language, chosen_by_query, form_switch_query, language_cookie, language_of, switch_query
from saml_web.security_headers import ContentPolicy, html_header_octets, html_headers
from saml_web.static_files import static_url
from saml_web.stencil import MARKS, Stencil


@dataclass(frozen=True, slots=True)
class SwitchForm:
    """A form of ours that brings the same page again: the language goes into the query of `action`, where `is_switch` finds it."""

    action: str
    fields: Sequence[tuple[str, str]]


Switch = Literal["link", "in-page"] | SwitchForm

_MESSAGE_PARAMETERS: Final = frozenset({"SAMLRequest", "SAMLResponse"})
_LANGUAGE_MEMORY_SECONDS: Final = 365 * 24 * 3600
"""How long a browser remembers the language that was chosen: a year, as it says nothing of anybody."""

_OWN_SITE: Final = ContentPolicy()

_COMPILED: Final = CompiledTemplates()
"""One for all houses of a process, whose environments have the same options (`Pages._environment`)."""


class Pages:
    """The pages of one house at one base URL."""

    def __init__(self, package: str, *, base_url: str, ids: IdSource, loader: BaseLoader | None = None) -> None:
        """Load templates and texts of `package` (from `loader` if given, else from its `templates` directory)."""
        self._base_url = base_url
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._ids = ids
        self._form_cookie = form_cookie(base_url)
        house = loader or PackageLoader(package)
        shared = ChoiceLoader([house, PackageLoader("saml_web")])
        self._environments = {language: self._environment(shared, package, language) for language in Language}
        self._stencils: dict[tuple[str, Language], Stencil] = {}

    @property
    def ids(self) -> IdSource:
        """Where nonces and references come from."""
        return self._ids

    def is_at_home(self, url: str) -> bool:
        """Tell whether an absolute URL is at the origin of these pages."""
        return urlsplit(url)[:2] == urlsplit(self._base_url)[:2]

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        policy: ContentPolicy = _OWN_SITE,
        headers: Mapping[str, str] | None = None,
        switch: Switch | None = None,
        **context: Any,  # noqa: ANN401 - what a template shows is of any type
    ) -> HTMLResponse:
        """Answer `request` with `template`, in the reader's language, never to be stored.

        `switch` overrules `switch_kind` for a page whose URL does not lead back to it for another reason.

        Raises:
            jinja2.UndefinedError: if the template names something `context` does not hold.
        """
        language = language_of(request)
        switch = switch or switch_kind(request)
        token = self._form_cookie.read(request) or self._ids.handle()
        values = {
            **context,
            "query": request.scope["query_string"],
            "switch": switch,
            "token": token,
            "nonce": policy.script_nonce,
        }
        other = self._fragment(template, language.other, values) if switch == "in-page" else Markup("")
        html = self._environments[language].get_template(template).render(values, fragment=False, other_language=other)
        response = HTMLResponse(html, status_code=status, headers={**html_headers(policy), **(headers or {})})
        response.headers["Content-Language"] = language.value
        if TOKEN_FIELD in html:
            self._form_cookie.set(response, token)
        self._remember_language(request, response)
        return response

    def render_message(
        self, request: Request, template: str, *, action: str, fields: Sequence[tuple[str, str]]
    ) -> Response:
        """Answer with a page that POSTs `fields` to `action`, in both languages: what `render` gives, at a small part of its price.

        The template may show `action`, its host, `fields` and `nonce`, and nothing else of a request.

        Raises:
            ValueError: if `action` is not an absolute http or https URL.
        """
        language = language_of(request)
        policy = ContentPolicy(form_targets=(action,), script_nonce=self._ids.handle())
        stencil = self._stencils.get((template, language)) or self._cut(template, language)
        html = stencil.fill(action=action, nonce=policy.script_nonce or "", fields=fields)
        response = Response(html, media_type=HTMLResponse.media_type)
        response.raw_headers += html_header_octets(policy)
        response.raw_headers.append((b"content-language", language.value.encode()))
        self._remember_language(request, response)
        return response

    def _cut(self, template: str, language: Language) -> Stencil:
        values: dict[str, Any] = {**MARKS, "switch": "in-page"}
        other = self._fragment(template, language.other, values)
        html = self._environments[language].get_template(template).render(values, fragment=False, other_language=other)
        stencil = self._stencils[template, language] = Stencil(html)
        return stencil

    def _fragment(self, template: str, language: Language, values: dict[str, Any]) -> Markup:
        environment = self._environments[language]
        # Safe: it is the output of our own autoescaping environment.
        html = environment.get_template(template).render(values, fragment=True, other_language="")
        return Markup(html)  # noqa: S704 - see above

    def _remember_language(self, request: Request, response: Response) -> None:
        chosen = chosen_by_query(request)
        if chosen is None:
            return
        secure = self._base_url.startswith("https:")
        response.set_cookie(
            language_cookie(secure=secure),
            chosen.value,
            max_age=_LANGUAGE_MEMORY_SECONDS,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    def _environment(self, loader: BaseLoader, package: str, language: Language) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_COMPILED,
        )
        environment.install_gettext_translations(load_translations(package, language), newstyle=True)  # type: ignore[attr-defined]  # added by the i18n extension
        environment.globals |= {
            "language": language,
            "languages": tuple(Language),
            "switch_query": switch_query,
            "form_switch_query": form_switch_query,
            "static": self._static,
            "path_prefix": self._prefix,
            "token_field": TOKEN_FIELD,
        }
        environment.filters["host_of"] = _host_of
        return environment

    def _static(self, name: str) -> str:
        return static_url(name, prefix=self._prefix)


def switch_kind(request: Request) -> Switch:
    """Tell how the language switch keeps this page: by a link to its URL, or inside the page if that does not lead back."""
    if request.method not in {"GET", "HEAD"} or not _MESSAGE_PARAMETERS.isdisjoint(request.query_params):
        return "in-page"
    return "link"


def _host_of(url: str) -> str:
    return urlsplit(url).netloc
