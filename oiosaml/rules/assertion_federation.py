"""What only a federation can ask: may this IdP speak for this organisation, and say this level, and is it the level asked for?"""

from collections.abc import Iterator
from typing import Final

from oiosaml.attributes import AAL, ASSURANCE_LEVEL, CVR, IAL, LOA
from oiosaml.messages.assertion import Assertion
from oiosaml.name_id import X509SubjectName
from oiosaml.nist import NistLevel, beside
from oiosaml.nsis import AssuranceLevel, lowest, satisfies
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.assertion_nist import speaks_of_nsis
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME, PERSON_UUID_PREFIX

NOT_A_LEVEL: Final = "fed.loa:not-a-level"
ABOVE_REGISTRATION: Final = "fed.loa:above-registration"
TWO_ORGANISATIONS: Final = "fed.scope:two-organisations"


_LEVELS: Final = frozenset(level.attribute_value for level in AssuranceLevel)


def stated_level(assertion: Assertion) -> AssuranceLevel | None:
    """Give the NSIS level the assertion states in exactly one valid `loa` value; None otherwise.

    AuthnContextClassRef is never looked at for the level (OIOSAML 3, R3-IDP-14).
    """
    return _level(assertion, LOA)


@rule("IDR-67", code="fed.profile", source="OIOSAML 3, R3-IDP-09")
def subject_is_a_professional(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The subject is a professional, not a private person."""
    name_id = assertion.subject.name_id if assertion.subject else None
    if name_id is not None and name_id.value.startswith(PERSON_UUID_PREFIX):
        yield f"got {name_id.value!r:.120}, expected a professional's NameID"


@rule("IDR-37", code="fed.scope", source="KOMBIT Context Handler, CH-CVR-01")
def cvr_belongs_to_the_idp(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The IdP is registered for the organisation it speaks for."""
    yield from foreign_organisations(assertion, CVR, expected)


@rule("IDR-38", code="fed.scope", source="KOMBIT Context Handler, CH-CVR-01")
def name_id_has_the_same_cvr(assertion: Assertion, _: AssertionExpectations) -> Iterator[Breach]:
    """The organisation in the NameID is the one in the CVR attribute."""
    yield from other_organisation(assertion, CVR)


@rule("IDR-31", code="fed.loa", source="NSIS 2.0; OIOSAML 3, attribute profiles")
def level_is_a_level(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The level is Low, Substantial or High, exactly."""
    values = assertion.values_of(LOA)
    has_stand_in = bool(assertion.values_of(ASSURANCE_LEVEL)) and not speaks_of_nsis(assertion)
    if expected.registered_assurance_level is not None and has_stand_in:
        return  # the stand-in that the registration allows; the NIST rules judge it
    if _level(assertion, LOA) is None:
        found = _quoted(values) or "no loa" + _level_of_the_older_profile(assertion)
        yield Breach(f"got {found}, expected Low, Substantial or High in {LOA}", NOT_A_LEVEL)


@rule("IDR-33", code="fed.loa", source="NSIS, LOA-4")
def level_is_not_above_its_parts(assertion: Assertion, _: AssertionExpectations) -> Iterator[Breach]:
    """The level is not above the identity's and the authenticator's own levels, where those are stated."""
    for name in (IAL, AAL):
        for value in assertion.values_of(name):
            if value not in _LEVELS:
                yield Breach(f"got {value!r:.40} for {name}, expected Low, Substantial or High", NOT_A_LEVEL)
    level = _level(assertion, LOA)
    parts = [part for part in (_level(assertion, IAL), _level(assertion, AAL)) if part is not None]
    if level is not None and parts and level > lowest(parts):
        yield Breach(
            f"got {level.attribute_value}, expected at most {lowest(parts).attribute_value}, the lowest of ial and aal",
            NOT_A_LEVEL,
        )


@rule("IDR-34", code="fed.loa", source="NSIS, LOA-3")
def level_is_not_above_the_registered(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The level is not above the one the IdP is registered at."""
    level = _level(assertion, LOA)
    if level is not None and (expected.registered_level is None or level > expected.registered_level):
        registered = expected.registered_level.attribute_value if expected.registered_level else "no level"
        yield Breach(
            f"got {level.attribute_value}, expected at most {registered}",
            ABOVE_REGISTRATION,
            (("actual", level.attribute_value), ("registered", registered)),
        )


@rule("IDR-35", code="fed.loa", source="NSIS; SAML Core 3.3.2.2.1")
def level_meets_the_demand(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The level is what the system asked for and not below what it is registered with."""
    level = _level(assertion, LOA)
    if level is not None:
        yield from short_of_the_demand(level, expected)


@rule("IDR-32", code="fed.loa", source="KOMBIT Context Handler", requirement=Requirement.SHOULD)
def levels_of_both_kinds_agree(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """A NIST level beside the NSIS level is its counterpart."""
    level = _level(assertion, LOA)
    for nist in assertion.values_of(ASSURANCE_LEVEL):
        if level is not None and nist != NistLevel.counterpart_of(level):
            counterpart = NistLevel.counterpart_of(level)
            yield f"got AssuranceLevel {nist!r:.40} beside {level.attribute_value}, expected {counterpart}"


def short_of_the_demand(level: AssuranceLevel, expected: AssertionExpectations) -> Iterator[Breach]:
    """Give what `level`, the one that counts, falls short of: the registration, the request, or a demand made in NIST levels."""
    wanted, floor = expected.requested_level, expected.minimum_level
    if floor is not None and not level.meets(floor):
        yield _too_low(level, floor, "the system's registration")
    if wanted is not None and not satisfies(level, wanted, expected.comparison):
        yield _too_low(level, wanted, f"comparison {expected.comparison} in the request")
    if expected.acceptable_levels is not None and level not in expected.acceptable_levels:
        yield Breach(
            f"got {level.attribute_value}, expected {expected.demanded}",
            params=(("required", expected.demanded), ("actual", beside(expected.demanded, level).spoken)),
        )


def foreign_organisations(assertion: Assertion, name: str, expected: AssertionExpectations) -> Iterator[Breach]:
    """Give each organisation under the attribute `name` that the IdP is not registered for."""
    # the broker signs anew what it passes on, and every system would believe it (attack FED-01)
    for cvr in assertion.values_of(name):
        if cvr not in expected.registered_cvrs:
            registered = ", ".join(expected.registered_cvrs)
            yield Breach(f"got CVR {cvr!r:.40}, expected one of {registered}", params=(("cvr", cvr[:40]),))


def other_organisation(assertion: Assertion, name: str) -> Iterator[Breach]:
    """Give each organisation under the attribute `name` that is not the NameID's."""
    name_id = assertion.subject.name_id if assertion.subject else None
    if name_id is None or name_id.format != NAMEID_X509_SUBJECT_NAME:
        return
    try:
        organisation = X509SubjectName.parse(name_id.value).cvr
    except ValueError:
        return  # the layout is another rule's matter
    for cvr in assertion.values_of(name):
        if cvr != organisation:
            yield Breach(
                f"got O={organisation} in the NameID and CVR {cvr!r:.40} in {name}, expected the same",
                TWO_ORGANISATIONS,
                (("named", organisation), ("cvr", cvr[:40])),
            )


def _level_of_the_older_profile(assertion: Assertion) -> str:
    older = _quoted(assertion.values_of(ASSURANCE_LEVEL))
    return older and f" but AssuranceLevel {older}, which is the older profile's"


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(map(repr, values))[:80]


def _level(assertion: Assertion, name: str) -> AssuranceLevel | None:
    values = assertion.values_of(name)
    if len(values) != 1:
        return None
    try:
        return AssuranceLevel.from_attribute(values[0])
    except ValueError:
        return None


def _too_low(actual: AssuranceLevel, required: AssuranceLevel, why: str) -> Breach:
    return Breach(
        f"got {actual.attribute_value}, expected {required.attribute_value} ({why})",
        params=(("required", required.attribute_value), ("actual", actual.attribute_value)),
    )


ASSERTION_FEDERATION_RULES: Final = (
    subject_is_a_professional,
    cvr_belongs_to_the_idp,
    name_id_has_the_same_cvr,
    level_is_a_level,
    level_is_not_above_its_parts,
    level_is_not_above_the_registered,
    level_meets_the_demand,
    levels_of_both_kinds_agree,
)
