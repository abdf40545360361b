"""Which attributes leave for a system: those it is registered for, from where they may come, and nothing else (attack FED-12)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from context_handler.ports import REMEMBERED_SYSTEMS, RegisteredSystem, Registry
from context_handler.profiles.profile import Subject
from context_handler.profiles.registered import profile_of_system
from context_handler.translation import NO_NAMES, AttributeNames
from federation.model import AttributeProfile, GetsRights, OnNoRoles
from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.errors import Party, SamlError
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


_PASSED_ON: Final = FROM_HOME_IDP | frozenset(MANDATORY)


@lru_cache(REMEMBERED_SYSTEMS)
def allowed_names(system: RegisteredSystem, table: AttributeNames = NO_NAMES) -> tuple[str, ...]:
    """Give the attributes a system may receive, under its own names: the mandatory ones and those its metadata requests.

    Its own are those of its translation table, else OIOSAML 3's, which its profile then writes in its own words.
    """
    only = profile_of_system(system).only
    if only is not None:
        return only
    sp = system.metadata.sp
    meaning_of = profile_of_system(system).meaning_of
    asked_for = sp.requested_attributes if sp is not None else ()
    requested = [name for attribute in asked_for if (name := meaning_of(attribute.name)) is not None]
    if not requested:
        requested = [names.EMAIL]
    allowed = [*MANDATORY, *(name for name in table.names_for(requested) if table.source_of(name) in _PASSED_ON)]
    if system.registration.attribute_profile is AttributeProfile.KOMBIT_WITHOUT_PERSONAL_DATA:
        allowed = [name for name in allowed if table.source_of(name) not in PERSONAL]
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
        SamlError: `fed.no-roles` if the user has no rights and the system is registered to refuse such users, `fed.attribute:required` if
            the system's table insists on what nobody delivered.
    """
    rights_now = by_query or system.registration.gets_rights is GetsRights.TOKEN
    profile = profile_of_system(system)
    table = AttributeNames.of(system, registry)
    known = {
        **profile.fixed_values,
        names.CVR: (str(subject.x509.cvr),),
        names.ORG_NAME: tuple(_organisation_name(subject, registry)),
        names.PRIVILEGES_INTERMEDIATE: _privilege_values(system, privileges, profile.privilege_namespace)
        if rights_now
        else (),
    }
    level = profile.write_level(subject.level)
    if level.name == names.LOA:
        known[names.LOA] = level.values  # a table may call an NSIS level as it likes; nothing else is ever called one
    values_of = {name: _values(table.source_of(name), known, subject) for name in allowed_names(system, table)}
    _require(table.required, values_of, system)
    written: list[Attribute] = []
    for name, values in values_of.items():
        if name == names.LOA and not table.gives(name):
            written.append(level)
        elif values:
            written.append(Attribute(name, values) if table.gives(name) else profile.write(name, values))
    return tuple(written)


def _values(name: str, known: Mapping[str, tuple[str, ...]], subject: Subject) -> tuple[str, ...]:
    if name in known or name not in FROM_HOME_IDP:
        return known.get(name, ())
    values = subject.values_of(name)
    if not values and name == names.CPR_NUMBER:
        return subject.values_of(names.CPR_NUMBER_IDENTIFIER)  # the older name, which municipal IdPs send as well
    return values


def _require(required: Sequence[str], values_of: Mapping[str, tuple[str, ...]], system: RegisteredSystem) -> None:
    missing = next((name for name in required if not values_of.get(name)), None)
    if missing is not None:
        raise SamlError(
            "fed.attribute:required",
            f"got no {missing}, which the translation table {system.registration.translation} requires",
            params={"system": system.registration.name, "attribute": missing},
            party=Party.HOME_IDP,
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
