"""The registration API's words for what a person typed, turned back into the options that were typed."""

import re
from dataclasses import replace
from typing import Final

from nsis_sim.terminal import FindingForPeople

_OPTIONS: Final = {
    "attribute_profile": "--attribute-profile",
    "attribute_service": "--attribute-service",
    "cvr": "--cvr",
    "cvrs": "--cvr",
    "encryption": "--key-transport and --block-cipher",
    "encryption_optional": "--encryption-optional",
    "gets_rights": "--gets-rights",
    "id": "--id",
    "idps": "--idp",
    "maximum_assurance_level": "--max-assurance-level",
    "maximum_level": "--max-loa",
    "minimum_assurance_level": "--min-assurance-level",
    "minimum_level": "--min-loa",
    "name": "--name",
    "name_id_format": "--name-id-format",
    "on_attribute_failure": "--on-attribute-failure",
    "on_no_roles": "--on-no-roles",
    "profile": "--profile",
    "role_catalogue": "--role-catalogue",
    "translation": "--translation",
}
_FIELD: Final = re.compile(r"\bbody((?:\.\w+)+)")
_OF_A_PARTY: Final = re.compile(r"(?:systems|idps|attribute_services)\[\d+\]\.(\w+)\S*: (.*)", re.DOTALL)
_OPENING: Final = "got input that does not fit: "


def in_options(detail: str) -> str:
    """Give what the API says of a body that does not fit, with the options in place of its fields."""
    return _FIELD.sub(lambda found: _option_in(found.group(1)) or found.group(), detail.removeprefix(_OPENING))


def _option_in(path: str) -> str | None:
    # An attribute service in the body has fields of its own: the innermost that was typed counts.
    named = [_OPTIONS[field] for field in path.split(".") if field in _OPTIONS]
    return named[-1] if named else None


def option_at_fault(finding: FindingForPeople) -> tuple[str, FindingForPeople] | None:
    """Give the option that a finding is about, and the finding in its words; None if it is about the metadata."""
    found = _OF_A_PARTY.fullmatch(finding.detail)
    option = _OPTIONS.get(found.group(1)) if found else None
    return (option, replace(finding, detail=found.group(2))) if found and option else None
