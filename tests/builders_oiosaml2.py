"""Valid OIOSAML 2 messages, as an older IdP of Korsbæk's would send them. Change ONE thing in a test."""

from typing import Any

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.attributes import Attribute
from oiosaml.messages.assertion import Assertion
from oiosaml.nist import NistLevel
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from oiosaml.rules.assertion import AssertionExpectations
from oiosaml.uris import NAME_FORMAT_BASIC, NS_BPP_LEGACY
from tests.builders import JOB_FUNCTION_ROLE, KORSBAEK, assertion, assertion_expectations

PRIVILEGES_TEXT = write_privileges(
    PrivilegeList((PrivilegeGroup(cvr_scope(KORSBAEK), (JOB_FUNCTION_ROLE,)),)), NS_BPP_LEGACY
)


def old_attributes(without: tuple[str, ...] = (), **values: tuple[str, ...]) -> tuple[Attribute, ...]:
    """Ane Holm's attributes in OIOSAML 2, some left out, some set."""
    valid: dict[str, tuple[str, ...]] = {
        old.SPEC_VERSION: (old.DK_SAML_2,),
        names.KOMBIT_SPEC_VERSION: (old.KOMBIT_SPEC_VERSION_1,),
        names.ASSURANCE_LEVEL: ("3",),
        old.CVR_NUMBER_IDENTIFIER: (KORSBAEK,),
        old.ORGANISATION_NAME: ("Korsbæk Kommune",),
        old.MAIL: ("ane.holm@korsbaek.test",),
        old.PRIVILEGES_INTERMEDIATE: (PRIVILEGES_TEXT,),
    }
    written = (valid | values).items()
    return tuple(Attribute(name, each, NAME_FORMAT_BASIC) for name, each in written if name not in without)


def old_assertion(**changes: Any) -> Assertion:
    """What an older IdP of Korsbæk's tells the Context Handler about Ane Holm."""
    return assertion(**({"attribute_statements": (old_attributes(),)} | changes))


def with_old_attribute(name: str, *values: str) -> Assertion:
    """The valid OIOSAML 2 assertion with one attribute set to these values, added if it was not there."""
    return old_assertion(attribute_statements=(old_attributes(**{name: values}),))


def without_old_attribute(name: str) -> Assertion:
    """The valid OIOSAML 2 assertion with one attribute left out."""
    return old_assertion(attribute_statements=(old_attributes(without=(name,)),))


def old_expectations(**changes: Any) -> AssertionExpectations:
    """The broker asked an IdP that is registered up to AssuranceLevel 3 on behalf of a system that accepts it."""
    return assertion_expectations(
        **(
            {
                "registered_level": None,
                "registered_assurance_level": NistLevel.THREE,
                "acceptable_assurance_levels": (NistLevel.THREE, NistLevel.FOUR),
                "demanded": "AssuranceLevel 3",
                "requested_level": None,
                "minimum_level": None,
            }
            | changes
        )
    )
