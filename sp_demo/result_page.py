"""What the pages show, as values; the templates put it into words."""

from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response

from oiosaml import oiosaml2 as old
from oiosaml.attributes import (
    CPR_NUMBER_IDENTIFIER,
    FRIENDLY_NAMES,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    Attribute,
)
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT
from saml_web.logout_behaviour import LogoutBehaviour
from saml_web.security_headers import NO_STORE
from saml_web.xml_view import view_xml
from sp_demo.checks import profile_of
from sp_demo.login import LoggedIn, Outcome, TurnedAway
from sp_demo.names import Names
from sp_demo.seb.register import Register
from sp_demo.seb.rights import read_health_rights
from sp_demo.system import DemoSystem, IdpChoice, StackName

_STATUS_PREFIX: Final = "urn:oasis:names:tc:SAML:2.0:status:"
_MAX_SHOWN_VALUE: Final = 400
"""Characters of an attribute value in the table; the whole of it stands in the assertion below."""


def home_context(system: DemoSystem, idps: tuple[IdpChoice, ...], *, logged_in: bool) -> dict[str, Any]:
    """Give what home.html shows."""
    login_url = system.urls.login_url
    return {
        "system": system,
        "logged_in": logged_in,
        "login_url": login_url,
        "result_url": f"{system.urls.base_url}/result",
        "metadata_url": system.urls.metadata_url,
        "levels": [(level.spoken, _with(login_url, level=level.attribute_value)) for level in system.levels],
        "idps": [(idp.name, _with(login_url, idp=idp.entity_id)) for idp in idps],
        "force_url": _with(login_url, force="1"),
        "passive_url": _with(login_url, passive="1"),
        "post_url": _with(login_url, binding="post") if system.stack is StackName.PYSAML2 else None,
    }


def result_context(
    system: DemoSystem,
    outcome: Outcome,
    names: Names,
    behaviour: LogoutBehaviour,
    register: Register | None = None,
) -> tuple[str, dict[str, Any]]:
    """Give the template for `outcome` and what it shows."""
    common = {
        "system": system,
        "home_url": system.urls.home_url,
        "again_url": _with(system.urls.login_url, level=_again_at(system, outcome), force="1"),
        "passive_url": _with(system.urls.login_url, level=_again_at(system, outcome), passive="1"),
        "end_url": f"{system.urls.base_url}/end",
        "response_url": f"{system.urls.base_url}/result/response.xml",
        "response_view": view_xml(outcome.response),
    }
    if isinstance(outcome, TurnedAway):
        return "turned_away.html", {**common, **_turned_away(outcome)}
    shown = {**_logged_in(system, outcome, names), **_session(system, outcome, behaviour), **_health(outcome, register)}
    return "result.html", {**common, **shown}


def downloads(outcome: Outcome | None, name: str) -> Response:
    """Give the octets called `name`.

    Raises:
        HTTPException: 404 if there are none.
    """
    octets = None
    if outcome is not None and name == "response.xml":
        octets = outcome.response
    elif isinstance(outcome, LoggedIn) and name == "assertion.xml":
        octets = outcome.token.assertion
    if octets is None:
        raise HTTPException(404)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": NO_STORE,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(octets, media_type="application/xml", headers=headers)


def _name(names: Names, language: str, uri: str) -> str | None:
    return names(uri, language)


def _logged_in(system: DemoSystem, outcome: LoggedIn, names: Names) -> dict[str, Any]:
    token = outcome.token
    used = {constraint.name for group in outcome.rights.groups for constraint in group.constraints}
    return {
        "person": outcome.person,
        "organisation": next(iter(token.values(ORG_NAME) or token.values(old.ORGANISATION_NAME)), None),
        "profile": profile_of(token).value,
        "level": outcome.level.spoken,
        "rights": outcome.rights,
        "names": {language: partial(_name, names, language) for language in ("da", "en")},
        "explains_kle": CONSTRAINT_KLE in used,
        "explains_unit": CONSTRAINT_ORGANISATION_UNIT in used,
        "accepted": token,
        "attributes": [
            (
                _friendly(attribute),
                attribute.name,
                _shown(attribute.name, value),
            )
            for attribute in token.attributes
            for value in attribute.values or ("",)
        ],
        "assertion_view": view_xml(token.assertion),
        "assertion_url": f"{system.urls.base_url}/result/assertion.xml",
    }


def _session(system: DemoSystem, outcome: LoggedIn, behaviour: LogoutBehaviour) -> dict[str, Any]:
    highest = system.levels[-1]
    high = highest.attribute_value
    step_up_url = _with(system.urls.login_url, level=high) if _again_at(system, outcome) != high else None
    return {
        "ends_at": outcome.ends_at,
        "logout_url": f"{system.urls.base_url}/logout",
        "behaviour_url": f"{system.urls.base_url}/logout-behaviour",
        "behaviour": behaviour,
        "behaviours": tuple(LogoutBehaviour),
        "step_up_url": step_up_url,
        "step_up_level": highest.spoken,
    }


def _health(outcome: LoggedIn, register: Register | None) -> dict[str, Any]:
    """Give what SEB makes of the token; nothing for other systems."""
    if register is None:
        return {"health": None}
    cpr = next(iter(outcome.token.values(CPR_NUMBER_IDENTIFIER)), None)
    looked_up = register.attributes_of(cpr)
    reading = read_health_rights(outcome.rights.groups, register)
    return {"health": {"reading": reading, "units": register.units, "looked_up": looked_up}}


def _friendly(attribute: Attribute) -> str:
    known = FRIENDLY_NAMES.get(attribute.name) or old.FRIENDLY_NAMES.get(attribute.name)
    return known or attribute.friendly_name or ""


def _again_at(system: DemoSystem, outcome: Outcome) -> str:
    """The level to log in at once more, in the system's own words: its registration may have changed under way."""
    level = outcome.level if type(outcome.level) is type(system.minimum_level) else system.minimum_level
    return level.attribute_value


def _turned_away(outcome: TurnedAway) -> dict[str, Any]:
    answer = outcome.answer
    second = answer.second_code or ""
    return {
        "answer": answer,
        "level": outcome.level.spoken,
        "reason": second.removeprefix(_STATUS_PREFIX),
        "side": answer.code.removeprefix(_STATUS_PREFIX),
    }


def _shown(name: str, value: str) -> str:
    if name in (PRIVILEGES_INTERMEDIATE, old.PRIVILEGES_INTERMEDIATE) and len(value) > _MAX_SHOWN_VALUE:
        return f"{value[:80]}…"
    return value if len(value) <= _MAX_SHOWN_VALUE else f"{value[:_MAX_SHOWN_VALUE]}…"


def _with(url: str, **parameters: str) -> str:
    return f"{url}?{urlencode(parameters)}"
