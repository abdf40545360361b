"""An answer that is wrong in one way, on purpose: each test case's own fault and no other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from nemlogin_mock.scenarios import Twist
from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.ids import parse_cvr
from oiosaml.messages.assertion import Assertion, Subject
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel
from oiosaml.privilege_scope import cvr_scope
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, write_privileges
from oiosaml.uris import PROFESSIONAL_UUID_PREFIX
from oiosaml.validity import Window

_HOUR: Final = timedelta(hours=1)
RIGHT: Final = "urn:dk:sim:nemlogin:indberetning"
"""An invented right of an invented service."""
CITIZEN: Final = "urn:dk:gov:saml:cprNumberIdentifier:6808088881"
PRODUCTION_UNIT: Final = "https://nemlogin.dk/constraints/pnr/1"
STRANGER: Final = "ffffffff-0000-4000-8000-000000000000"


def twist(assertion: Assertion, how: Twist, *, at: datetime) -> Assertion:
    """Give the assertion with that fault; those that only show once it is signed leave it as it is."""
    change = _TWISTS.get(how)
    return assertion if change is None else change(assertion, at)


def alter(signed: bytes) -> bytes:
    """Change what was signed: the level, so that a client that does not look lets more in."""
    for level in AssuranceLevel:
        other = AssuranceLevel.HIGH if level is not AssuranceLevel.HIGH else AssuranceLevel.LOW
        old = f">{level.attribute_value}<".encode()
        if old in signed:
            return signed.replace(old, f">{other.attribute_value}<".encode(), 1)
    raise ValueError("got an assertion without a level, expected one")


def _lower_level(assertion: Assertion, _: datetime) -> Assertion:
    return _with(assertion, names.LOA, AssuranceLevel.LOW.attribute_value)


def _expired(assertion: Assertion, at: datetime) -> Assertion:
    return _valid(assertion, Window(at - 2 * _HOUR, at - _HOUR))


def _not_yet_valid(assertion: Assertion, at: datetime) -> Assertion:
    return _valid(assertion, Window(at + _HOUR, at + 2 * _HOUR))


def _old_login(assertion: Assertion, at: datetime) -> Assertion:
    statements = tuple(replace(each, authn_instant=at - _HOUR) for each in assertion.authn_statements)
    return replace(assertion, authn_statements=statements)


def _unknown_user(assertion: Assertion, _: datetime) -> Assertion:
    changed = _with(assertion, names.PROFESSIONAL_UUID, STRANGER)
    subject = assertion.subject or Subject(None)
    name_id = subject.name_id
    named = None if name_id is None else NameId(PROFESSIONAL_UUID_PREFIX + STRANGER, name_id.format)
    return replace(changed, subject=replace(subject, name_id=named))


def _right_of_organisation(assertion: Assertion, _: datetime) -> Assertion:
    return _with_right(assertion, _own_scope(assertion))


def _right_of_citizen(assertion: Assertion, _: datetime) -> Assertion:
    return _with_right(assertion, CITIZEN)


def _right_of_unit(assertion: Assertion, _: datetime) -> Assertion:
    return _with_right(assertion, _own_scope(assertion), Constraint(PRODUCTION_UNIT, "1000000001"))


def _own_scope(assertion: Assertion) -> str:
    organisations = assertion.values_of(names.CVR)
    return cvr_scope(parse_cvr(organisations[0])) if organisations else CITIZEN


def _with_right(assertion: Assertion, scope: str, *constraints: Constraint) -> Assertion:
    rights = PrivilegeList((PrivilegeGroup(scope, (RIGHT,), constraints),))
    return _with(assertion, names.PRIVILEGES_INTERMEDIATE, write_privileges(rights))


def _with(assertion: Assertion, name: str, value: str) -> Assertion:
    kept = [each for each in assertion.attributes if each.name != name]
    told = Attribute(name, (value,), friendly_name=names.FRIENDLY_NAMES.get(name))
    return replace(assertion, attribute_statements=((*kept, told),))


def _valid(assertion: Assertion, window: Window) -> Assertion:
    conditions = assertion.conditions
    return replace(assertion, conditions=None if conditions is None else replace(conditions, window=window))


_TWISTS: Final[Mapping[Twist, Callable[[Assertion, datetime], Assertion]]] = MappingProxyType(
    {
        Twist.LOWER_LEVEL: _lower_level,
        Twist.EXPIRED: _expired,
        Twist.NOT_YET_VALID: _not_yet_valid,
        Twist.OLD_LOGIN: _old_login,
        Twist.UNKNOWN_USER: _unknown_user,
        Twist.RIGHT_OF_ORGANISATION: _right_of_organisation,
        Twist.RIGHT_OF_CITIZEN: _right_of_citizen,
        Twist.RIGHT_OF_UNIT: _right_of_unit,
    }
)
