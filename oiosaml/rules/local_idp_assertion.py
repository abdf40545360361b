"""What an assertion of a local IdP must say to NemLog-in (nemlogin3, section 4; the profile's text was not readable, so our reading).

A local identifier is a persistent NameID that only the two parties understand. Roles are NemLog-in's own matter.
"""

from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml.messages.assertion import Assertion
from oiosaml.rules import assertion_attributes as attributes
from oiosaml.rules import assertion_protocol as protocol
from oiosaml.rules.assertion_attributes import ASSERTION_ATTRIBUTE_RULES
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.assertion_federation import ASSERTION_FEDERATION_RULES
from oiosaml.rules.assertion_protocol import ASSERTION_PROTOCOL_RULES
from oiosaml.rules.rule import Requirement, rule


@rule("LIA-01", code="fed.attribute", source="OIOSAML Local IdP, professional/orgName (our reading)")
def organisation_is_named(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The organisation's name is present."""
    if not any(value.strip() for value in assertion.values_of(names.ORG_NAME)):
        yield f"got no {names.ORG_NAME}, expected one"


@rule("LIA-02", code="fed.profile", source="nemlogin3, section 4", requirement=Requirement.SHOULD)
def rights_are_left_to_nemlogin(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """No rights come along; they would be passed over."""
    for name in (names.PRIVILEGES_INTERMEDIATE, names.PRIVILEGES_SIMPLE):
        if assertion.values_of(name):
            yield f"got {name}, expected none from a local IdP"


_OF_KOMBIT: Final = (
    protocol.other_name_id_is_a_uuid_uri,
    attributes.kombit_spec_version_is_2,
    attributes.kombit_spec_version_has_its_usual_name,
    attributes.organisation_name_is_present,
    attributes.privileges_fit_the_registration,
)

LOCAL_IDP_ASSERTION_RULES: Final = (
    *(
        each
        for each in (*ASSERTION_PROTOCOL_RULES, *ASSERTION_ATTRIBUTE_RULES, *ASSERTION_FEDERATION_RULES)
        if each not in _OF_KOMBIT
    ),
    organisation_is_named,
    rights_are_left_to_nemlogin,
)
"""As for a municipality's IdP, without KOMBIT's additions."""
