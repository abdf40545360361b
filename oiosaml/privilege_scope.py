"""The scopes of OIOBPP (section 4): for whom a privilege holds. Missing or unknown never means everywhere."""

import re
from enum import StrEnum
from typing import Final

from oiosaml.ids import Cvr
from oiosaml.value_type import value_type


class ScopeKind(StrEnum):
    """What a scope names; the value is the text before the last colon, where there is only one value after it."""

    CVR = "urn:dk:gov:saml:cvrNumberIdentifier:"
    PRODUCTION_UNIT = "urn:dk:gov:saml:productionUnitIdentifier:"
    SE = "urn:dk:gov:saml:seNumberIdentifier:"
    CPR = "urn:dk:gov:saml:cprNumberIdentifier:"
    HEALTHCARE_AUTHORIZATION = "urn:dk:healthcare:saml:userAuthorization:AuthorizationCode:"
    PHARMACIST_CPR = "urn:dk:healthcare:saml:RegisteredPharmacistCPR:"


CVR_SCOPE_PREFIX: Final = ScopeKind.CVR.value

_FORMS: Final = {
    ScopeKind.CVR: re.compile(r"[0-9]{8}"),
    ScopeKind.PRODUCTION_UNIT: re.compile(r"[0-9]{10}"),
    ScopeKind.SE: re.compile(r"[0-9]{8}"),
    ScopeKind.CPR: re.compile(r"[0-9]{10}"),
    ScopeKind.HEALTHCARE_AUTHORIZATION: re.compile(r"[0-9A-Z]{5}:EducationCode:[0-9]{4}"),
    ScopeKind.PHARMACIST_CPR: re.compile(r"[0-9]{10}"),
}


@value_type
class Scope:
    """A scope taken apart: the kind and what follows its prefix."""

    kind: ScopeKind
    value: str

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Take a scope apart, compared exactly.

        Raises:
            ValueError: for an unknown kind or the wrong number of digits (BPP-07).
        """
        for kind, form in _FORMS.items():
            if text.startswith(kind.value):
                value = text.removeprefix(kind.value)
                if not form.fullmatch(value):
                    raise ValueError(f"got {text!r:.120}, expected {kind.value} followed by {form.pattern}")
                return cls(kind, value)
        raise ValueError(f"got {text!r:.120}, expected a scope such as {CVR_SCOPE_PREFIX}91000013")

    @property
    def cvr(self) -> Cvr | None:
        """The organisation, when the scope names one by its CVR number."""
        return Cvr(self.value) if self.kind is ScopeKind.CVR else None


def cvr_scope(cvr: Cvr) -> str:
    """Give the Scope that names an organisation."""
    return CVR_SCOPE_PREFIX + cvr
