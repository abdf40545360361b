"""The registers that SEB looks things up in: national roles as pairs of code and name, authorisations by CPR number, names of units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from federation.yaml_lines import read_yaml

HAS_USER_AUTHORIZATION: Final = "dk:healthcare:saml:attribute:HasUserAuthorization"
USER_AUTHORIZATION_CODE: Final = "dk:healthcare:saml:attribute:UserAuthorizationCode"
USER_EDUCATION_CODE: Final = "dk:healthcare:saml:attribute:UserEducationCode"
NATIONAL_ROLE_PREFIX: Final = "urn:dk:healthcare:national-federation-role:"
_NATIONAL_ROLE: Final = re.compile(NATIONAL_ROLE_PREFIX + r"code:([0-9]{5}):value:([A-Za-z0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Named:
    """A name in both languages."""

    da: str
    en: str

    def within(self, language: str) -> str:
        """Give the name in a language (`da` or `en`)."""
        return self.da if language == "da" else self.en


@dataclass(frozen=True, slots=True)
class NationalRole:
    """A national role. Code and name belong together: one without the other is no role."""

    code: str
    name: str
    title: Named


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A health professional's authorisation (autorisation) and education, as codes."""

    code: str
    education: str


class UnknownRoleError(ValueError):
    """The right names no national role; `reason` says what is wrong with the pair."""

    def __init__(self, reason: Named) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Register:
    """Everything SEB can look up."""

    national_roles: Mapping[str, NationalRole]
    authorisations: Mapping[str, Authorisation]
    units: Mapping[str, Named]

    def national_role(self, privilege: str) -> NationalRole:
        """Give the role that a right names by code and name.

        Raises:
            UnknownRoleError: if the code is not known, or the name is not the code's own.
        """
        found = _NATIONAL_ROLE.fullmatch(privilege)
        if found is None:
            raise UnknownRoleError(Named("den er ikke skrevet som kode og navn", "it is not written as code and name"))
        code, name = found[1], found[2]
        role = self.national_roles.get(code)
        if role is None:
            raise UnknownRoleError(Named(f"der er ingen national rolle {code}", f"there is no national role {code}"))
        if role.name != name:
            raise UnknownRoleError(
                Named(f"{code} hedder {role.name}, ikke {name}", f"{code} is called {role.name}, not {name}")
            )
        return role

    def attributes_of(self, cpr: str | None) -> tuple[tuple[str, str], ...]:
        """Give what the register says of a person; without a CPR number nothing, since nobody was looked up."""
        if cpr is None:
            return ()
        known = self.authorisations.get(cpr)
        if known is None:
            return ((HAS_USER_AUTHORIZATION, "false"),)
        return (
            (HAS_USER_AUTHORIZATION, "true"),
            (USER_AUTHORIZATION_CODE, known.code),
            (USER_EDUCATION_CODE, known.education),
        )


@cache
def shipped_register() -> Register:
    """Give the register that comes with the simulator."""
    text = files("sp_demo.seb").joinpath("register.yaml").read_text("utf-8")
    data: Any = read_yaml(text).data
    return Register(
        {
            role["code"]: NationalRole(role["code"], role["name"], Named(role["da"], role["en"]))
            for role in data["national_roles"]
        },
        {each["cpr"]: Authorisation(each["authorisation"], each["education"]) for each in data["authorisations"]},
        {unit["id"]: Named(unit["da"], unit["en"]) for unit in data["organisation_units"]},
    )
