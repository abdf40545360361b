"""What OIOSAML 3 and KOMBIT demand of the attributes in an assertion: the right names, once, in the right form."""

import re
from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml.ids import parse_cvr
from oiosaml.messages.assertion import Assertion
from oiosaml.name_id import is_uuid
from oiosaml.oiosaml2 import LEGACY_PREFIX, MEANINGS
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.rule import Requirement, repeated, rule
from oiosaml.uris import NAME_FORMAT_URI

MULTI_VALUED: Final = frozenset({names.EMAIL, names.AUTHORIZED_TO_REPRESENT, names.PRIVILEGES_SIMPLE})
LEGACY_ALLOWED: Final = frozenset({names.KOMBIT_SPEC_VERSION, names.ASSURANCE_LEVEL, names.CPR_NUMBER_IDENTIFIER})
"""The OIOSAML 2 names that live on in KOMBIT's OIOSAML 3 tokens."""

KNOWN: Final = (
    frozenset(names.FRIENDLY_NAMES) | LEGACY_ALLOWED | {names.PRIVILEGES_SIMPLE, names.KOMBIT_SPEC_VERSION_ALTERNATIVE}
)
_COUNTERPARTS: Final = {old: new for old, new in MEANINGS.items() if new != names.SPEC_VERSION}
"""OIOSAML 2 name to OIOSAML 3 name, of what both profiles say alike."""

_SINGLE_VALUED: Final = KNOWN - MULTI_VALUED
_CPR = re.compile(r"[0-9]{10}", re.ASCII)
_KEY = re.compile(r"[a-z]+://[^\s/]+/\S+/parametric")


@rule("IDR-39", code="fed.attribute", source="our choice: one name, one answer")
def names_occur_once(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """No attribute name occurs twice."""
    # first wins, last wins and joined are three different identities (attack FED-10)
    found = [each.name for each in assertion.attributes]
    for name in repeated(found):
        yield f"got {name!r:.120} {found.count(name)} times, expected it once"


@rule("IDR-63", code="fed.attribute", source="OIOSAML 3, attribute profiles")
def single_values_are_single(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """An attribute that answers one question has one value."""
    for attribute in assertion.attributes:
        one_answer = attribute.name in _SINGLE_VALUED or attribute.name.endswith(names.PARAMETRIC_SUFFIX)
        if one_answer and len(attribute.values) != 1:
            yield f"got {len(attribute.values)} values of {attribute.name}, expected one"


@rule("IDR-29", code="fed.profile", source="OIOSAML 3, attribute profiles")
def spec_version_is_3(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The specVersion is OIO-SAML-3.0."""
    yield from expected_value(assertion, names.SPEC_VERSION, names.OIOSAML3_SPEC_VERSION)


@rule("IDR-30", code="fed.profile", source="KOMBIT Context Handler, attributes from an IdP")
def kombit_spec_version_is_2(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The KombitSpecVer is 2.0, under either of its names."""
    found = names.KOMBIT_SPEC_VERSION
    if not assertion.values_of(found) and assertion.values_of(names.KOMBIT_SPEC_VERSION_ALTERNATIVE):
        found = names.KOMBIT_SPEC_VERSION_ALTERNATIVE
    yield from expected_value(assertion, found, names.KOMBIT_SPEC_VERSION_2)


@rule("IDR-64", code="fed.profile", source="OIOSAML 3, professional profile")
def cvr_is_present(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """A professional belongs to an organisation: the CVR attribute is present."""
    if not assertion.values_of(names.CVR):
        yield f"got no {names.CVR}, expected one"


@rule("IDR-36", code="fed.attribute", source="OIOSAML 3, professional profile")
def cvr_is_eight_digits(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The CVR number is eight digits."""
    for value in assertion.values_of(names.CVR):
        try:
            parse_cvr(value)
        except ValueError as error:
            yield str(error)


@rule("IDR-76", code="fed.attribute", source="OIOSAML 3, cprNumber")
def cpr_is_ten_digits(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """A CPR number is ten digits, without a hyphen."""
    # the value goes on to look-ups in other people's registers (attack FED-11); it is not repeated in a log
    for name in (names.CPR_NUMBER, names.CPR_NUMBER_IDENTIFIER):
        for value in assertion.values_of(name):
            if not _CPR.fullmatch(value):
                yield f"got {len(value)} characters in {name}, expected ten digits"


@rule("IDR-65", code="fed.profile", source="KOMBIT Context Handler", requirement=Requirement.SHOULD)
def kombit_spec_version_has_its_usual_name(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """KombitSpecVer has the name that KOMBIT's own sample uses; one product guide has another (our choice: warn)."""
    if assertion.values_of(names.KOMBIT_SPEC_VERSION_ALTERNATIVE):
        yield f"got {names.KOMBIT_SPEC_VERSION_ALTERNATIVE}, expected {names.KOMBIT_SPEC_VERSION}"


@rule("IDR-66", code="fed.attribute", source="OIOSAML 3, attribute profiles", requirement=Requirement.SHOULD)
def names_are_known(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """Every attribute name is known; others are passed over."""
    for name in sorted(assertion.names - KNOWN):
        if not name.startswith(LEGACY_PREFIX) and not name.endswith(names.PARAMETRIC_SUFFIX):
            yield f"got {name!r:.120}, expected a name of OIOSAML 3 or KOMBIT"


@rule("IDR-40", code="fed.attribute", source="OIOSAML 3, attribute profiles", requirement=Requirement.SHOULD)
def name_formats_are_uri(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """Attribute names have NameFormat uri; the legacy ones may be basic."""
    for attribute in assertion.attributes:
        if attribute.name_format != NAME_FORMAT_URI and not attribute.name.startswith(LEGACY_PREFIX):
            yield f"got {attribute.name_format!r:.120} for {attribute.name!r:.120}, expected {NAME_FORMAT_URI}"


@rule("IDR-41", code="fed.profile", source="KOMBIT Context Handler", requirement=Requirement.SHOULD)
def generations_are_not_mixed(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """OIOSAML 2 names occur only where KOMBIT's OIOSAML 3 tokens keep them."""
    for attribute in assertion.attributes:
        if attribute.name.startswith(LEGACY_PREFIX) and attribute.name not in LEGACY_ALLOWED:
            yield f"got {attribute.name!r:.120}, expected its OIOSAML 3 counterpart"


@rule("IDR-47", code="fed.attribute", source="our choice: one question, one answer")
def both_names_say_the_same(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """What stands under its OIOSAML 2 name as well says the same there as under its OIOSAML 3 name."""
    # we read the one, the next reader the other: two identities in one token (attack FED-10)
    for old in sorted(_COUNTERPARTS.keys() & assertion.names):
        new = _COUNTERPARTS[old]
        first, second = assertion.values_of(new), assertion.values_of(old)
        if first and second and first != second:
            yield f"got {second!r:.80} for {old} and {first!r:.80} for {new}, expected the same"


@rule("IDR-42", code="fed.attribute", source="OIOSAML 3, professional profile", requirement=Requirement.SHOULD)
def organisation_name_is_present(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The organisation's name is present; the broker fills it in from its registry otherwise."""
    if not any(value.strip() for value in assertion.values_of(names.ORG_NAME)):
        yield f"got no {names.ORG_NAME}, expected one"


@rule("IDR-43", code="fed.attribute", source="data minimisation", requirement=Requirement.MAY)
def cpr_number_is_absent(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The CPR number is sent only where the system behind needs it."""
    for name in (names.CPR_NUMBER, names.CPR_NUMBER_IDENTIFIER):
        if assertion.values_of(name):
            yield f"got {name}, expected it only for a system that needs it"


@rule("IDR-44", code="fed.profile", source="our choice, AS-13 and AS-14", requirement=Requirement.SHOULD)
def privileges_fit_the_registration(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """Privileges are present if the IdP is registered as knowing roles, and absent otherwise."""
    yield from unexpected_privileges(assertion, names.PRIVILEGES_INTERMEDIATE, expected)


@rule("IDR-45", code="fed.attribute", source="KOMBIT, dynamic data constraints", requirement=Requirement.SHOULD)
def dynamic_values_are_well_formed(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """An attribute for a dynamic constraint is named by a URI and has a value."""
    for attribute in assertion.attributes:
        if not attribute.name.endswith(names.PARAMETRIC_SUFFIX):
            continue
        if not _KEY.fullmatch(attribute.name) or not any(value.strip() for value in attribute.values):
            yield f"got {attribute.name!r:.120} with {len(attribute.values)} values, expected a URI and a value"


@rule("IDR-46", code="fed.attribute", source="OIOSAML 3, professional profile", requirement=Requirement.SHOULD)
def persistent_uuid_is_a_uuid(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The professional's persistent identifier is a UUID, bare or as urn:uuid."""
    for value in assertion.values_of(names.PROFESSIONAL_UUID):
        if not is_uuid(value.removeprefix("urn:uuid:")):
            yield f"got {value!r:.80}, expected a UUID"


def unexpected_privileges(assertion: Assertion, name: str, expected: AssertionExpectations) -> Iterator[str]:
    """Say it if privileges are under `name` against the IdP's registration, or lacking against it."""
    present = bool(assertion.values_of(name))
    if expected.knows_roles is not None and present != expected.knows_roles:
        yield f"got privileges {'present' if present else 'absent'}, expected the opposite by the IdP's registration"


def expected_value(assertion: Assertion, name: str, value: str) -> Iterator[str]:
    """Say it if the attribute `name` has anything but the one `value`."""
    values = assertion.values_of(name)
    if values != (value,):
        yield f"got {', '.join(values)[:80] or 'no value'} for {name}, expected {value}"


ASSERTION_ATTRIBUTE_RULES: Final = (
    names_occur_once,
    single_values_are_single,
    spec_version_is_3,
    kombit_spec_version_is_2,
    cvr_is_present,
    cvr_is_eight_digits,
    cpr_is_ten_digits,
    kombit_spec_version_has_its_usual_name,
    names_are_known,
    name_formats_are_uri,
    generations_are_not_mixed,
    both_names_say_the_same,
    organisation_name_is_present,
    cpr_number_is_absent,
    privileges_fit_the_registration,
    dynamic_values_are_well_formed,
    persistent_uuid_is_a_uuid,
)
