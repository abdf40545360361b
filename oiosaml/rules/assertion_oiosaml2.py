"""What OIOSAML 2.0.9 as KOMBIT uses it demands of a home IdP's assertion, where it differs from OIOSAML 3 (findings O2A-…)."""

from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.ids import parse_cvr
from oiosaml.messages.assertion import Assertion
from oiosaml.rules.assertion_attributes import (
    cpr_number_is_absent,
    dynamic_values_are_well_formed,
    expected_value,
    names_occur_once,
    unexpected_privileges,
)
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.assertion_federation import foreign_organisations, other_organisation, subject_is_a_professional
from oiosaml.rules.assertion_nist import ASSERTION_NIST_RULES
from oiosaml.rules.assertion_protocol import ASSERTION_PROTOCOL_RULES
from oiosaml.rules.rule import Breach, Requirement, rule
from oiosaml.uris import NAME_FORMAT_BASIC

KNOWN: Final = frozenset(old.FRIENDLY_NAMES)
_SINGLE_VALUED: Final = KNOWN - {old.MAIL}


@rule("O2A-01", code="fed.profile", source="OIOSAML 2.0.9, SpecVer")
def spec_version_is_dk_saml_2(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The SpecVer is DK-SAML-2.0."""
    yield from expected_value(assertion, old.SPEC_VERSION, old.DK_SAML_2)


@rule("O2A-02", code="fed.profile", source="KOMBIT Context Handler, without NSIS")
def kombit_spec_version_is_1(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The KombitSpecVer is 1.0: with 2.0 the sender means OIOSAML 3, and is registered wrongly."""
    yield from expected_value(assertion, names.KOMBIT_SPEC_VERSION, old.KOMBIT_SPEC_VERSION_1)


@rule("O2A-03", code="fed.profile", source="our choice: one generation in one assertion")
def no_oiosaml_3_names(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """No attribute has a name of OIOSAML 3: an NSIS level of an IdP that is not registered with one is not even looked at."""
    for attribute in assertion.attributes:
        # a token that says one thing in each generation's words is two identities (attack FED-10)
        if attribute.name.startswith(old.OIOSAML3_PREFIX):
            yield f"got {attribute.name!r:.120}, expected names of OIOSAML 2 alone"


@rule("O2A-04", code="fed.profile", source="KOMBIT Context Handler, without NSIS")
def cvr_is_present(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The CvrNumberIdentifier is present."""
    if not assertion.values_of(old.CVR_NUMBER_IDENTIFIER):
        yield f"got no {old.CVR_NUMBER_IDENTIFIER}, expected one"


@rule("O2A-05", code="fed.attribute", source="OIOSAML 2.0.9, CvrNumberIdentifier")
def cvr_is_eight_digits(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The CvrNumberIdentifier is eight digits."""
    for value in assertion.values_of(old.CVR_NUMBER_IDENTIFIER):
        try:
            parse_cvr(value)
        except ValueError as error:
            yield str(error)


@rule("O2A-06", code="fed.scope", source="KOMBIT Context Handler, CH-CVR-01")
def cvr_belongs_to_the_idp(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The IdP is registered for the organisation that the CvrNumberIdentifier names."""
    yield from foreign_organisations(assertion, old.CVR_NUMBER_IDENTIFIER, expected)


@rule("O2A-07", code="fed.scope", source="KOMBIT Context Handler, CH-CVR-01")
def name_id_has_the_same_cvr(assertion: Assertion, _: AssertionExpectations) -> Iterator[Breach]:
    """The organisation in the NameID is the one in the CvrNumberIdentifier."""
    yield from other_organisation(assertion, old.CVR_NUMBER_IDENTIFIER)


@rule("O2A-08", code="fed.attribute", source="OIOSAML 2.0.9")
def single_values_are_single(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """An attribute that answers one question has one value."""
    for attribute in assertion.attributes:
        one_answer = attribute.name in _SINGLE_VALUED or attribute.name.endswith(names.PARAMETRIC_SUFFIX)
        if one_answer and len(attribute.values) != 1:
            yield f"got {len(attribute.values)} values of {attribute.name}, expected one"


@rule("O2A-09", code="fed.attribute", source="OIOSAML 2.0.9", requirement=Requirement.SHOULD)
def name_formats_are_basic(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """Attribute names have NameFormat basic."""
    for attribute in assertion.attributes:
        if attribute.name_format != NAME_FORMAT_BASIC:
            yield f"got {attribute.name_format!r:.120} for {attribute.name!r:.120}, expected {NAME_FORMAT_BASIC}"


@rule("O2A-10", code="fed.attribute", source="OIOSAML 2.0.9", requirement=Requirement.SHOULD)
def names_are_known(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """Every attribute name is known; others are passed over."""
    for attribute in assertion.attributes:
        known = attribute.name in KNOWN or attribute.name.startswith(old.LEGACY_PREFIX)
        if not known and not attribute.name.endswith(names.PARAMETRIC_SUFFIX):
            yield f"got {attribute.name!r:.120}, expected a name of OIOSAML 2 or KOMBIT"


@rule("O2A-11", code="fed.profile", source="our choice, AS-13 and AS-14", requirement=Requirement.SHOULD)
def privileges_fit_the_registration(assertion: Assertion, expected: AssertionExpectations) -> Iterator[str]:
    """Privileges are present if the IdP is registered as knowing roles, and absent otherwise."""
    yield from unexpected_privileges(assertion, old.PRIVILEGES_INTERMEDIATE, expected)


ASSERTION_OIOSAML2_ATTRIBUTE_RULES: Final = (
    names_occur_once,
    single_values_are_single,
    spec_version_is_dk_saml_2,
    kombit_spec_version_is_1,
    no_oiosaml_3_names,
    cvr_is_present,
    cvr_is_eight_digits,
    name_formats_are_basic,
    names_are_known,
    cpr_number_is_absent,
    privileges_fit_the_registration,
    dynamic_values_are_well_formed,
)

ASSERTION_OIOSAML2_FEDERATION_RULES: Final = (
    subject_is_a_professional,
    cvr_belongs_to_the_idp,
    name_id_has_the_same_cvr,
)

ASSERTION_RULES_OIOSAML2: Final = (
    *ASSERTION_PROTOCOL_RULES,
    *ASSERTION_OIOSAML2_ATTRIBUTE_RULES,
    *ASSERTION_OIOSAML2_FEDERATION_RULES,
    *ASSERTION_NIST_RULES,
)
"""All rules for an assertion from a home IdP that is registered for OIOSAML 2, in the order in which they refuse."""
