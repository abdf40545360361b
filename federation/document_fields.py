"""The kinds of field that documents of the federation are made of, each with its check, its sentence and its JSON Schema."""

import base64
import re
import unicodedata
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from federation.activation_period import ALWAYS, ActivationPeriod
from federation.model import Profile
from federation.value_pattern import ValuePatternError, value_pattern
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr, EntityId, parse_cvr
from oiosaml.keys import read_verification_key
from oiosaml.name_id import is_uuid
from oiosaml.validity import parse_instant

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_CPR = re.compile(r"[0-9]{10}", re.ASCII)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LONGEST_URI = 1024
"""In characters (SAML Core 8.3.6 for entity identifiers)."""

LONGEST_NAME: Final = 200
"""Characters of a name that people read. A longer one pushes everything else off a page."""

LONGEST_DESCRIPTION: Final = 1_000
"""Characters of a description; shipped ones have about a hundred."""

_LONGEST_EMAIL: Final = 254
"""Characters of an e-mail address (RFC 5321 4.5.3.1.3, without the angle brackets)."""

STORED: Final = MappingProxyType({"stored": True})
"""The context in which a document of our own store is read: names of before there were limits are made fit, and refuse nothing."""

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what shows no character of its own, or turns round what stands beside it (U+202E): one name could read as
another on the page where people choose."""


class Document(BaseModel):
    """A block of keys. A key that is not known is an error, since a mistyped one would silently mean its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _party_id(text: str) -> str:
    if not _ID.fullmatch(text) or len(text) > 60:
        raise ValueError(f"got {text!r:.80}, expected a short name of a-z, 0-9 and hyphens, such as korsbaek")
    return text


def _uri(text: str, info: ValidationInfo) -> str:
    if len(text) > _LONGEST_URI:
        raise ValueError(f"got {len(text)} characters, expected at most {_LONGEST_URI}")
    has_scheme = bool(urlsplit(text).scheme) if ":" in text else False
    unseen = info.context is None and _unseen_in(text)
    if not has_scheme or unseen or any(c.isspace() for c in text):
        raise ValueError(f"got {text!r:.80}, expected an absolute URI such as https://saml.korsbaek.test")
    return text


def _uuid(text: str) -> str:
    if not is_uuid(text) or text != text.lower():
        raise ValueError(f"got {text!r:.80}, expected a UUID in lower case")
    return text


def _cpr(text: str) -> str:
    if not _CPR.fullmatch(text) or not 61 <= int(text[:2]) <= 91:
        raise ValueError(
            "expected ten digits that begin with an artificial day (61 to 91); no real CPR number belongs here"
        )
    return text


def _email(text: str, info: ValidationInfo) -> str:
    misleads = info.context is None and (len(text) > _LONGEST_EMAIL or _unseen_in(text))
    if not _EMAIL.fullmatch(text) or misleads:
        raise ValueError(f"got {text!r:.80}, expected an e-mail address")
    return text


def _instant(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_instant(value)
    except SamlError as error:
        raise ValueError(error.detail) from error


def _certificate(text: str) -> str:
    try:
        read_verification_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, SamlError) as error:
        # Never what stood there: it may be somebody's private key (attack MD-08).
        raise ValueError("expected one X.509 certificate as base64 of DER, without BEGIN and END") from error
    return "".join(text.split())


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.fullmatch(text):
        raise ValueError(f"got {text!r:.80}, expected a SHA-256 in lower-case hexadecimal")
    return text


def _pattern(text: str) -> str:
    try:
        value_pattern(text)
    except ValuePatternError as error:
        raise ValueError(f"got {text!r:.80}, expected a regular expression: {error}") from error
    return text


def _profile_of_system(profile: Profile) -> Profile:
    if profile is Profile.NEMLOGIN3:
        raise ValueError(
            "got NEMLOGIN3, expected OIOSAML3 or OIOSAML2: NemLog-in is an IdP; where it asks for local identifiers it is LOCAL_IDP"
        )
    return profile


def _profile_of_idp(profile: Profile) -> Profile:
    if profile is Profile.LOCAL_IDP:
        raise ValueError("got LOCAL_IDP, expected OIOSAML3, OIOSAML2 or NEMLOGIN3: it is how NemLog-in is answered")
    return profile


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("got an empty name, expected the name that people shall read")
    return text


def _name(text: str, info: ValidationInfo) -> str:
    return _shown(_filled(text), LONGEST_NAME, info)


def _description(text: str, info: ValidationInfo) -> str:
    return _shown(text, LONGEST_DESCRIPTION, info, lines="\n\t")


def _shown(text: str, longest: int, info: ValidationInfo, *, lines: str = "") -> str:
    unseen = _unseen_in(text) - frozenset(lines)
    if not unseen and len(text) <= longest:
        return text
    if info.context is not None:
        seen = "".join(character for character in text if character not in unseen)[:longest]
        return seen if seen.strip() else "?"
    if unseen:
        characters = ", ".join(f"U+{ord(character):04X}" for character in sorted(unseen)[:5])
        raise ValueError(f"got {text!a:.80} with {characters}, expected characters that can be seen")
    raise ValueError(f"got {len(text)} characters, expected at most {longest}")


def _unseen_in(text: str) -> frozenset[str]:
    if text.isprintable():
        return frozenset()
    return frozenset(each for each in text if unicodedata.category(each) in _UNSEEN)


PartyId = Annotated[
    str, AfterValidator(_party_id), WithJsonSchema({"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"})
]
Filled = Annotated[str, AfterValidator(_filled), WithJsonSchema({"type": "string", "pattern": r"\S"})]
Name = Annotated[
    str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": r"\S", "maxLength": LONGEST_NAME})
]
Description = Annotated[
    str, AfterValidator(_description), WithJsonSchema({"type": "string", "maxLength": LONGEST_DESCRIPTION})
]
Purpose = Annotated[
    str,
    AfterValidator(_description),
    AfterValidator(_filled),
    WithJsonSchema({"type": "string", "pattern": r"\S", "maxLength": LONGEST_DESCRIPTION}),
]
CvrNumber = Annotated[Cvr, AfterValidator(parse_cvr), WithJsonSchema({"type": "string", "pattern": "^[0-9]{8}$"})]
_URI_SCHEMA = {"type": "string", "format": "uri", "maxLength": _LONGEST_URI}
PartyEntityId = Annotated[EntityId, AfterValidator(_uri), WithJsonSchema(_URI_SCHEMA)]
Uri = Annotated[str, AfterValidator(_uri), WithJsonSchema(_URI_SCHEMA)]
Uuid = Annotated[
    str,
    AfterValidator(_uuid),
    WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}),
]
CprNumber = Annotated[
    str, AfterValidator(_cpr), WithJsonSchema({"type": "string", "pattern": "^([67][0-9]|8[0-9]|9[01])[0-9]{8}$"})
]
Email = Annotated[str, AfterValidator(_email), WithJsonSchema({"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$"})]
Certificate = Annotated[
    str, AfterValidator(_certificate), WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9+/=\s]+$"})
]
KeyFingerprint = Annotated[
    str, AfterValidator(_fingerprint), WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})
]
Pattern = Annotated[str, AfterValidator(_pattern), WithJsonSchema({"type": "string", "format": "regex"})]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"}),
]
Level = Literal["Low", "Substantial", "High"]
NistLevelText = Literal["1", "2", "3", "4"]
SystemProfile = Annotated[
    Profile,
    AfterValidator(_profile_of_system),
    WithJsonSchema({"type": "string", "enum": [Profile.OIOSAML3, Profile.OIOSAML2, Profile.LOCAL_IDP]}),
]
IdpProfile = Annotated[
    Profile,
    AfterValidator(_profile_of_idp),
    WithJsonSchema({"type": "string", "enum": [Profile.OIOSAML3, Profile.OIOSAML2, Profile.NEMLOGIN3]}),
]


class PeriodDocument(Document):
    """When a registration exists, in UTC: 2026-01-01T00:00:00Z. Outside it the registration does not exist."""

    start: Instant | None = None
    """First instant."""
    end: Instant | None = None
    """First instant at which it is over."""

    def to_model(self) -> ActivationPeriod:
        """Give the value."""
        return ActivationPeriod(self.start, self.end)


def period(document: PeriodDocument | None) -> ActivationPeriod:
    """Give the period; without one the registration always exists."""
    return document.to_model() if document is not None else ALWAYS
