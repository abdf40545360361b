"""A municipal role catalogue's answer: JSON of three fields, read strictly. What it says counts exactly as an attribute service's word."""

import json
from typing import Any, Final

from context_handler.privilege_source import StatedRights, stated_in
from context_handler.profiles.profile import Subject
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.errors import SamlError
from oiosaml.name_id import X509SubjectName

_FIELDS: Final = {"oioBPP", "nameID", "roleMap"}


def read_role_catalogue_answer(octets: bytes, subject: Subject) -> StatedRights:
    """Give the rights that a role catalogue states of `subject`. Its role names are for display, and are passed over.

    Raises:
        SamlError: `aq.format` if it is not that JSON, `aq.subject` if it is about somebody else, else what `stated_in` raises.
    """
    told = _read(octets)
    _require_about(told["nameID"], subject)
    return stated_in({PRIVILEGES_INTERMEDIATE: (told["oioBPP"],)})


def _read(octets: bytes) -> dict[str, Any]:
    try:
        told = json.loads(octets.decode("utf-8"), object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise SamlError("aq.format", f"got {len(octets)} octets ({error!s:.120}), expected JSON") from error
    if not isinstance(told, dict) or told.keys() != _FIELDS:
        raise SamlError("aq.format", f"got {str(told)[:120]!r}, expected an object with {sorted(_FIELDS)}")
    roles = told["roleMap"]
    if not (isinstance(told["oioBPP"], str) and isinstance(told["nameID"], str) and isinstance(roles, dict)):
        raise SamlError("aq.format", "got fields of other types, expected two texts and an object")
    if not all(isinstance(name, str) for name in roles.values()):
        raise SamlError("aq.format", "got a role whose name is no text, expected texts")
    return told


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Which of two values counts differs between readers, and attackers live in the difference.
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _require_about(name: str, subject: Subject) -> None:
    try:
        told = X509SubjectName.parse(name)
    except ValueError as error:
        raise SamlError("aq.format", f"got nameID {name!r:.120} ({error!s:.80})") from error
    if (told.cvr, told.serial.lower()) != (subject.x509.cvr, subject.x509.serial.lower()):
        raise SamlError("aq.subject", f"got an answer about {name!r:.160}, expected {subject.x509!s:.160}")
