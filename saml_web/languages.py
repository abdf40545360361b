"""Which language a person reads: the link they clicked, else their last choice, else the browser's wish, else Danish."""

from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from saml_web.inbound import query_value

_LANGUAGE_COOKIE: Final = "nsis_lang"
"""Remembers the last choice. Holds nothing about the person, so all services share it."""

LANGUAGE_PARAMETER: Final = "lang"

_SWITCH_PARAMETER: Final = "again"

_MAX_ACCEPT_LANGUAGE: Final = 500
"""Characters of Accept-Language that are read. Browsers send fewer than 100."""


class Language(StrEnum):
    """A language every page is complete in."""

    DA = "da"
    EN = "en"

    @property
    def own_name(self) -> str:
        """The language's name in the language itself, as a language switch shows it."""
        return {"da": "Dansk", "en": "English"}[self.value]

    @property
    def other(self) -> "Language":
        """The language the switch leads to."""
        return Language.EN if self is Language.DA else Language.DA


_BY_TAG: Final = {language.value: language for language in Language}


def language_of(request: Request) -> Language:
    """Give the language to answer `request` in: query, then cookie, then Accept-Language, then Danish."""
    return (
        chosen_by_query(request)
        or _remembered(request)
        or _preferred(request.headers.get("accept-language", "")[:_MAX_ACCEPT_LANGUAGE])
        or Language.DA
    )


def language_cookie(*, secure: bool) -> str:
    """Give the name of the cookie; over https one that no other host name can plant (RFC 6265bis 4.1.3.2)."""
    return f"__Host-{_LANGUAGE_COOKIE}" if secure else _LANGUAGE_COOKIE


def _remembered(request: Request) -> Language | None:
    # Which of the two counts does not hang on the request's scheme, which a proxy may have changed.
    names = (language_cookie(secure=True), language_cookie(secure=False))
    return next((known for name in names if (known := _known(request.cookies.get(name, "")))), None)


def chosen_by_query(request: Request) -> Language | None:
    """Give the language named by `?lang=`, or None where there is none or we do not have it."""
    return _known(query_value(request, LANGUAGE_PARAMETER) or "")


def switch_query(raw_query: bytes, language: Language) -> str:
    """Give a relative link (`?…`) to the same page in `language`; takes nothing from the Host header."""
    pairs = parse_qsl(raw_query.decode("latin-1"), keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != LANGUAGE_PARAMETER]
    return "?" + urlencode([*kept, (LANGUAGE_PARAMETER, language.value)])


def form_switch_query(language: Language) -> str:
    """Give the query of a form that only asks for its page in `language`."""
    return "?" + urlencode([(_SWITCH_PARAMETER, "1"), (LANGUAGE_PARAMETER, language.value)])


def is_switch(request: Request) -> bool:
    """Tell whether a form came from a language switch and so holds no choice of the person's."""
    return query_value(request, _SWITCH_PARAMETER) is not None


def _known(tag: str) -> Language | None:
    return _BY_TAG.get(tag)


def _preferred(accept_language: str) -> Language | None:
    """Give the best-loved language that we have (RFC 9110 12.5.4)."""
    best: tuple[float, Language] | None = None
    for item in accept_language.split(","):
        tag, _, parameter = item.partition(";")
        language = _known(tag.strip().lower().partition("-")[0])
        weight = _weight(parameter)
        if language and weight > 0 and (best is None or weight > best[0]):
            best = (weight, language)
    return best[1] if best else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
