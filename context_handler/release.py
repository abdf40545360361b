"""Which attributes leave for a system: those it is registered for, from where they may come, and nothing else (attack FED-12)."""

from collections.abc import Iterator
from typing import Final

from context_handler.ports import RegisteredSystem, Registry
from federation.model import AttributeProfile, OnNoRoles
from oiosaml import attributes as names
from oiosaml.attributes import FRIENDLY_NAMES, KOMBIT_SPEC_VERSION_2, OIOSAML3_SPEC_VERSION, Attribute
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr
from oiosaml.messages.assertion import Assertion
from oiosaml.nsis import AssuranceLevel
from oiosaml.privileges import PrivilegeList, write_privileges
from oiosaml.uris import NS_BPP

MANDATORY: Final = (
    names.SPEC_VERSION,
    names.KOMBIT_SPEC_VERSION,
    names.LOA,
    names.CVR,
    names.ORG_NAME,
    names.PRIVILEGES_INTERMEDIATE,
)
"""What every token in KOMBIT's profile carries, whether the metadata asks for it or not (context-handler section 9)."""

PERSONAL: Final = frozenset(
    {
        names.EMAIL,
        names.FULL_NAME,
        names.FIRST_NAME,
        names.LAST_NAME,
        names.ALIAS,
        names.AGE,
        names.DATE_OF_BIRTH,
        names.CPR_NUMBER,
        names.CPR_UUID,
    }
)
"""What KOMBIT_WITHOUT_PERSONAL_DATA never carries."""

FROM_HOME_IDP: Final = PERSONAL | {
    names.IAL,
    names.AAL,
    names.PROFESSIONAL_UUID,
    names.PRODUCTION_UNIT,
    names.SE_NUMBER,
}
"""What is passed on as the home IdP said it. Anything not named here or above never leaves, whatever a system asks for."""


def allowed_names(system: RegisteredSystem) -> tuple[str, ...]:
    """Give the attributes a system may receive: the mandatory ones and those its metadata requests."""
    sp = system.metadata.sp
    requested = [attribute.name for attribute in sp.requested_attributes] if sp is not None else []
    if not requested:
        requested = [names.EMAIL]
    allowed = [*MANDATORY, *(name for name in requested if name in FROM_HOME_IDP)]
    if system.registration.attribute_profile is AttributeProfile.KOMBIT_WITHOUT_PERSONAL_DATA:
        allowed = [name for name in allowed if name not in PERSONAL]
    return tuple(dict.fromkeys(allowed))


def attributes_for(
    system: RegisteredSystem,
    assertion: Assertion,
    level: AssuranceLevel,
    cvr: Cvr,
    privileges: PrivilegeList,
    registry: Registry,
) -> tuple[Attribute, ...]:
    """Give the attributes of the outgoing assertion, in the order of `allowed_names`; what nobody delivered is absent.

    Raises:
        SamlError: `fed.no-roles` if the user has no rights and the system is registered to refuse such users.
    """
    known = {
        names.SPEC_VERSION: (OIOSAML3_SPEC_VERSION,),
        names.KOMBIT_SPEC_VERSION: (KOMBIT_SPEC_VERSION_2,),
        names.LOA: (level.attribute_value,),
        names.CVR: (str(cvr),),
        names.ORG_NAME: tuple(_organisation_name(assertion, cvr, registry)),
        names.PRIVILEGES_INTERMEDIATE: _privilege_values(system, privileges),
    }
    return tuple(
        Attribute(name, values, friendly_name=FRIENDLY_NAMES.get(name))
        for name in allowed_names(system)
        if (values := known.get(name, assertion.values_of(name) if name in FROM_HOME_IDP else ()))
    )


def _organisation_name(assertion: Assertion, cvr: Cvr, registry: Registry) -> Iterator[str]:
    """The registered name counts before what the IdP calls itself: it is the registration that the level rests on."""
    registered = registry.organisation_name(cvr)
    if registered:
        yield registered
    else:
        yield from assertion.values_of(names.ORG_NAME)


def _privilege_values(system: RegisteredSystem, privileges: PrivilegeList) -> tuple[str, ...]:
    if privileges.groups:
        return (write_privileges(privileges, NS_BPP),)
    match system.registration.on_no_roles:
        case OnNoRoles.EMPTY:
            return (write_privileges(PrivilegeList(), NS_BPP),)
        case OnNoRoles.OMIT:
            return ()
        case OnNoRoles.DENY:
            raise SamlError(
                "fed.no-roles",
                "got no right that this system knows, expected at least one (the system is registered to refuse users without)",
                params={"system": system.registration.name},
            )
