"""What an assertion of NemLog-in must say to the Context Handler (nemlogin3, section 5; our choice where KOMBIT is silent).

NemLog-in speaks OIOSAML 3 without KOMBIT's additions, for whole Denmark: so it is the broker that asks whose employee this is, and cuts
the level down to what NemLog-in is registered for here.
"""

import re
from collections.abc import Iterator
from typing import Final

from oiosaml import attributes as names
from oiosaml.messages.assertion import Assertion
from oiosaml.name_id import is_uuid
from oiosaml.nsis import AssuranceLevel, lowest
from oiosaml.rules import assertion_attributes as attributes
from oiosaml.rules import assertion_federation as federation
from oiosaml.rules.assertion_attributes import ASSERTION_ATTRIBUTE_RULES
from oiosaml.rules.assertion_expectations import AssertionExpectations
from oiosaml.rules.assertion_federation import ASSERTION_FEDERATION_RULES, short_of_the_demand, stated_level
from oiosaml.rules.assertion_protocol import ASSERTION_PROTOCOL_RULES
from oiosaml.rules.rule import Breach, rule
from oiosaml.uris import PERSON_UUID_PREFIX

_URN: Final = "urn:uuid:"
_FURTHER_PART: Final = re.compile(r"[,;+]\s*([A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)+)\s*=")


def persistent_uuid(assertion: Assertion) -> str | None:
    """Give the person's stable UUID in lower case, bare or behind `urn:uuid:` on the wire; None if there is not exactly one."""
    values = assertion.values_of(names.PROFESSIONAL_UUID)
    bare = values[0].removeprefix(_URN) if len(values) == 1 else ""
    return bare.lower() if is_uuid(bare) else None


def display_name(assertion: Assertion) -> str | None:
    """Give fullName, else first and last name; None if the name is not known."""
    for name in assertion.values_of(names.FULL_NAME)[:1]:
        if name.strip():
            return name
    parts = [value for name in (names.FIRST_NAME, names.LAST_NAME) for value in assertion.values_of(name)[:1]]
    joined = " ".join(part for part in parts if part.strip())
    return joined or None


def granted_level(assertion: Assertion, registered: AssuranceLevel | None) -> AssuranceLevel | None:
    """Give the lower of what NemLog-in says and what it is registered for; None if it says no level, or is registered for none."""
    stated = stated_level(assertion)
    return None if stated is None or registered is None else lowest((stated, registered))


@rule("NLA-01", code="fed.profile", source="nemlogin3, section 5; attack FED-09")
def is_an_employee(assertion: Assertion, _: AssertionExpectations) -> Iterator[Breach]:
    """The subject acts for an organisation; a citizen does not get in."""
    name_id = assertion.subject.name_id if assertion.subject else None
    is_person = name_id is not None and name_id.value.startswith(PERSON_UUID_PREFIX)
    if is_person or not assertion.values_of(names.CVR):
        yield Breach("got a Person, expected a Professional with a CVR number", "fed.profile:person")


@rule("NLA-02", code="fed.profile", source="nemlogin3, section 5")
def has_a_stable_key(assertion: Assertion, _: AssertionExpectations) -> Iterator[Breach]:
    """The person has one persistent UUID, by which the municipality can know them."""
    if persistent_uuid(assertion) is None:
        values = assertion.values_of(names.PROFESSIONAL_UUID)
        yield Breach(f"got {values!r:.120} for {names.PROFESSIONAL_UUID}, expected one UUID", "fed.profile:no-uuid")


@rule("NLA-03", code="fed.attribute", source="nemlogin3, section 5")
def has_a_name(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """There is a full name, or a first or last name."""
    if display_name(assertion) is None:
        yield "got no name, expected fullName, or firstName and lastName"


@rule("NLA-04", code="proto.subject", source="our choice: one name, one reading")
def name_holds_no_further_part(assertion: Assertion, _: AssertionExpectations) -> Iterator[str]:
    """The name holds nothing that would read as a further part of the NameID that is built from it."""
    name = display_name(assertion)
    if name is not None and _FURTHER_PART.search(name):
        yield f"got the name {name!r:.120}, expected one without a key and an equals sign behind a comma"


@rule("NLA-05", code="fed.scope", source="KOMBIT Context Handler, CH-CVR-01")
def cvr_is_registered_for_this_use(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """NemLog-in is registered here to answer for the organisation."""
    # every company in Denmark can log in there (attack FED-01)
    for cvr in assertion.values_of(names.CVR):
        if cvr not in expected.registered_cvrs:
            registered = ", ".join(expected.registered_cvrs)
            yield Breach(
                f"got CVR {cvr!r:.40}, expected one of {registered}", "fed.scope:nemlogin", (("cvr", cvr[:40]),)
            )


@rule("NLA-06", code="fed.loa", source="NSIS, LOA-1; nemlogin3, section 5")
def level_meets_the_demand(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The level, cut down to what NemLog-in is registered for, is what the system asked for and needs."""
    level = granted_level(assertion, expected.registered_level)
    if level is not None:
        yield from short_of_the_demand(level, expected)


@rule("NLA-07", code="fed.profile", source="our choice: NemLog-in, credential types")
def credential_is_as_demanded(assertion: Assertion, expected: AssertionExpectations) -> Iterator[Breach]:
    """The means of identification is one of those asked for."""
    if expected.credential_types:
        for statement in assertion.authn_statements:
            if statement.authn_context_class_ref not in expected.credential_types:
                got, wanted = statement.authn_context_class_ref, ", ".join(expected.credential_types)
                yield Breach(f"got {got!r:.120}, expected {wanted}", "fed.profile:credential-type")


_OF_MUNICIPAL_IDPS: Final = (
    attributes.kombit_spec_version_is_2,
    attributes.kombit_spec_version_has_its_usual_name,
    attributes.cvr_is_present,
    federation.subject_is_a_professional,
    federation.cvr_belongs_to_the_idp,
    federation.level_is_not_above_the_registered,
    federation.level_meets_the_demand,
)

NEMLOGIN_ASSERTION_RULES: Final = (
    *ASSERTION_PROTOCOL_RULES,
    is_an_employee,
    *(each for each in ASSERTION_ATTRIBUTE_RULES if each not in _OF_MUNICIPAL_IDPS),
    has_a_stable_key,
    has_a_name,
    name_holds_no_further_part,
    cvr_is_registered_for_this_use,
    *(each for each in ASSERTION_FEDERATION_RULES if each not in _OF_MUNICIPAL_IDPS),
    level_meets_the_demand,
    credential_is_as_demanded,
)
"""Protocol as for everybody; instead of KOMBIT's demands those on NemLog-in."""
