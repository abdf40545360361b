"""Which attributes leave for a system: those it is registered for, from where they may come, and nothing else (attack FED-12)."""

from collections.abc import Iterator
from typing import Final

from context_handler.ports import RegisteredSystem, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_system
from federation.model import AttributeProfile, GetsRights, OnNoRoles
from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.errors import SamlError
from oiosaml.privileges import PrivilegeList, write_privileges

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
    subject: Subject,
    privileges: PrivilegeList,
    registry: Registry,
    *,
    by_query: bool = False,
) -> tuple[Attribute, ...]:
    """Give the attributes of the outgoing assertion, in the order of `allowed_names`; what nobody delivered is absent.

    A system that queries gets no rights in its token, and gets them by query alone.

    Raises:
        SamlError: `fed.no-roles` if the user has no rights and the system is registered to refuse such users.
    """
    rights_now = by_query or system.registration.gets_rights is GetsRights.TOKEN
    profile = profile_of_system(system)
    known = {
        **profile.fixed_values,
        **profile.level_values(subject.level),
        names.CVR: (str(subject.x509.cvr),),
        names.ORG_NAME: tuple(_organisation_name(subject, registry)),
        names.PRIVILEGES_INTERMEDIATE: _privilege_values(system, privileges, profile.privilege_namespace)
        if rights_now
        else (),
    }
    return tuple(
        profile.write(name, values)
        for name in allowed_names(system)
        if (values := known.get(name, subject.values_of(name) if name in FROM_HOME_IDP else ()))
    )


def _organisation_name(subject: Subject, registry: Registry) -> Iterator[str]:
    """The registered name counts before what the IdP calls itself: it is the registration that the level rests on."""
    registered = registry.organisation_name(subject.x509.cvr)
    if registered:
        yield registered
    else:
        yield from subject.values_of(names.ORG_NAME)


def _privilege_values(system: RegisteredSystem, privileges: PrivilegeList, namespace: str) -> tuple[str, ...]:
    if privileges.groups:
        return (write_privileges(privileges, namespace),)
    match system.registration.on_no_roles:
        case OnNoRoles.EMPTY:
            return (write_privileges(PrivilegeList(), namespace),)
        case OnNoRoles.OMIT:
            return ()
        case OnNoRoles.DENY:
            raise SamlError(
                "fed.no-roles",
                "got no right that this system knows, expected at least one (the system is registered to refuse users without)",
                params={"system": system.registration.name},
            )
