"""What one registration says of another must hold: names point to something, keys are unique, nobody has a role of somebody else."""

from collections.abc import Iterable, Iterator
from typing import Final

from federation.constraint_values import fits
from federation.model import Profile, World
from federation.nemlogin_references import problems_of_nemlogin
from federation.problems import Path, Problem
from federation.production_hosts import refuse_production_host
from federation.roles import ConstraintType, ConstraintValue, JobFunctionRole, RoleAssignment, SystemRole
from federation.translation_references import problems_of_translations
from oiosaml.ids import Cvr
from oiosaml.xml.encryption import EncryptionMethod

_WITH_SHORT_NAMES: Final = ("authorities", "idps", "systems", "attribute_services", "people")
_PARTIES: Final = ("idps", "systems", "attribute_services")
_URIS: Final = ("constraint_types", "system_roles", "job_function_roles")


def problems_of_references(world: World) -> tuple[Problem, ...]:
    """Give everything in the world that does not hold together; nothing, if it can be used."""
    checks = (
        _doubles,
        _production_names,
        _organisations,
        _levels,
        _systems,
        _system_roles,
        _job_function_roles,
        _people,
        problems_of_nemlogin,
        problems_of_translations,
    )
    return tuple(problem for check in checks for problem in check(world))


def _doubles(world: World) -> Iterator[Problem]:
    for kind in _WITH_SHORT_NAMES:
        yield from _unique(((kind, i, "id"), item.id) for i, item in enumerate(getattr(world, kind)))
    broker = world.context_handler
    faces: list[tuple[Path, str]] = [
        (("context_handler", "entity_id_towards_systems"), broker.entity_id_towards_systems),
        (("context_handler", "entity_id_towards_idps"), broker.entity_id_towards_idps),
    ]
    yield from _unique(
        (
            *faces,
            *(((kind, i, "entity_id"), p.entity_id) for kind in _PARTIES for i, p in enumerate(getattr(world, kind))),
        )
    )
    for kind in _URIS:
        yield from _unique(((kind, i, "entity_id"), item.entity_id) for i, item in enumerate(getattr(world, kind)))
    yield from _unique((("authorities", i, "cvr"), a.cvr) for i, a in enumerate(world.authorities))
    yield from _unique((("people", i, "uuid"), p.uuid) for i, p in enumerate(world.people))
    # AS-13 asks "the" attribute service of the user's CVR; with two nobody could say which.
    yield from _unique(
        (("attribute_services", i, "cvrs", j), cvr)
        for i, service in enumerate(world.attribute_services)
        for j, cvr in enumerate(service.cvrs)
    )


def _unique(places: Iterable[tuple[Path, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, key in places:
        if key in seen:
            yield Problem(path, f"{key!r} is already taken; give each its own")
        seen.add(key)


def _production_names(world: World) -> Iterator[Problem]:
    """Only names that the simulator would take for itself: a registered party may live wherever it likes."""
    broker = world.context_handler
    own: list[tuple[Path, str]] = [
        (("context_handler", "entity_id_towards_systems"), broker.entity_id_towards_systems),
        (("context_handler", "entity_id_towards_idps"), broker.entity_id_towards_idps),
    ]
    for kind in _PARTIES:
        own += [((kind, i, "entity_id"), p.entity_id) for i, p in enumerate(getattr(world, kind)) if p.simulated]
    for path, entity_id in own:
        try:
            refuse_production_host(entity_id)
        except ValueError as error:
            yield Problem(path, str(error))


def _organisations(world: World) -> Iterator[Problem]:
    known = {authority.cvr for authority in world.authorities}
    places: list[tuple[Path, Cvr]] = []
    for kind in ("idps", "attribute_services"):
        places += [
            ((kind, i, "cvrs", j), cvr) for i, p in enumerate(getattr(world, kind)) for j, cvr in enumerate(p.cvrs)
        ]
    for kind in ("systems", "job_function_roles", "people"):
        places += [((kind, i, "cvr"), item.cvr) for i, item in enumerate(getattr(world, kind))]
    for i, role in enumerate(world.job_function_roles):
        places += [
            (("job_function_roles", i, "delegated_to", j, "cvr"), d.cvr) for j, d in enumerate(role.delegated_to)
        ]
    for path, cvr in places:
        if cvr not in known:
            yield Problem(
                path, f"no authority has the CVR number {cvr}; add one under 'authorities' or mend the number"
            )


def _levels(world: World) -> Iterator[Problem]:
    """Each profile has its own words for a level: NSIS in OIOSAML 3 and NemLog-in, NIST's AssuranceLevel in OIOSAML 2."""
    for i, idp in enumerate(world.idps):
        old = idp.profile is Profile.OIOSAML2
        if old and idp.maximum_assurance_level is None:
            sentence = "an IdP that speaks OIOSAML 2 states NIST levels; say up to which it is registered, such as '3'"
            yield Problem(("idps", i, "maximum_assurance_level"), sentence)
        if not old and idp.maximum_level is None:
            sentence = "say up to which NSIS level the IdP is registered: Low, Substantial or High"
            yield Problem(("idps", i, "maximum_level"), sentence)
        if not old and idp.encryption_optional:
            yield Problem(
                ("idps", i, "encryption_optional"), f"assertions of an IdP with {idp.profile} are always encrypted"
            )
    for i, system in enumerate(world.systems):
        if system.profile is Profile.OIOSAML2 and system.minimum_assurance_level is None:
            sentence = "a system that reads OIOSAML 2 is told NIST levels; say which it needs at least, such as '3'"
            yield Problem(("systems", i, "minimum_assurance_level"), sentence)


def _systems(world: World) -> Iterator[Problem]:
    idps = {idp.entity_id for idp in world.idps}
    for i, system in enumerate(world.systems):
        for j, entity_id in enumerate(system.idps):
            if entity_id not in idps:
                yield Problem(("systems", i, "idps", j), f"no IdP has the entityID {entity_id}; see 'idps'")
        if (chosen := system.encryption) is not None:
            try:
                EncryptionMethod(chosen.block, chosen.key_transport, chosen.digest, chosen.mgf)
            except ValueError as error:  # each login would fail at its last step
                yield Problem(("systems", i, "encryption"), str(error))


def _system_roles(world: World) -> Iterator[Problem]:
    systems = {system.entity_id for system in world.systems}
    types = {constraint_type.entity_id for constraint_type in world.constraint_types}
    for i, role in enumerate(world.system_roles):
        if role.system not in systems:
            yield Problem(("system_roles", i, "system"), f"no system has the entityID {role.system}; see 'systems'")
        for j, use in enumerate(role.constraints):
            if use.constraint_type not in types:
                path: Path = ("system_roles", i, "constraints", j, "constraint_type")
                yield Problem(path, f"there is no constraint type {use.constraint_type}; see 'constraint_types'")


def _job_function_roles(world: World) -> Iterator[Problem]:
    roles = {role.entity_id: role for role in world.system_roles}
    types = {constraint_type.entity_id: constraint_type for constraint_type in world.constraint_types}
    for i, job_function_role in enumerate(world.job_function_roles):
        for j, assignment in enumerate(job_function_role.assignments):
            path: Path = ("job_function_roles", i, "assignments", j)
            system_role = roles.get(assignment.system_role)
            if system_role is None:
                sentence = f"there is no system role {assignment.system_role}; see 'system_roles'"
                yield Problem((*path, "system_role"), sentence)
            else:
                yield from _assignment(path, assignment, system_role, types)


def _assignment(
    path: Path, assignment: RoleAssignment, role: SystemRole, types: dict[str, ConstraintType]
) -> Iterator[Problem]:
    usable = {use.constraint_type for use in role.constraints}
    for i, value in enumerate(assignment.values):
        place: Path = (*path, "values", i)
        if value.constraint_type not in usable:
            sentence = f"the system role {role.entity_id} takes no constraint {value.constraint_type}"
            yield Problem((*place, "constraint_type"), f"{sentence}; see 'constraints' there")
        elif (constraint_type := types.get(value.constraint_type)) is not None and not _fits(value, constraint_type):
            yield Problem(
                (*place, "value"), f"got {value.value!r:.80}, expected a value that fits {constraint_type.name}"
            )
    given = {value.constraint_type for value in assignment.values}
    for use in role.constraints:
        if use.required and use.constraint_type not in given:
            sentence = f"the system role {role.entity_id} requires the constraint {use.constraint_type}"
            yield Problem(path, f"{sentence}; add it under 'values'")


def _fits(value: ConstraintValue, constraint_type: ConstraintType) -> bool:
    if value.dynamic:
        return True  # a key; what arrives under it is examined at login
    return fits(value.value, constraint_type)


def _people(world: World) -> Iterator[Problem]:
    roles = {role.entity_id: role for role in world.job_function_roles}
    for i, person in enumerate(world.people):
        for j, uri in enumerate(person.job_function_roles):
            path: Path = ("people", i, "job_function_roles", j)
            role = roles.get(uri)
            if role is None:
                yield Problem(path, f"there is no job function role {uri}; see 'job_function_roles'")
            elif person.cvr not in _who_may_have(role):
                sentence = f"the role {uri} belongs to {role.cvr}, the person to {person.cvr}"
                yield Problem(
                    path, f"{sentence}; choose a role of {person.cvr} or delegate this one under 'delegated_to'"
                )
        keys = {v.value for uri in person.job_function_roles if uri in roles for v in _dynamic_values(roles[uri])}
        for j, value in enumerate(person.dynamic_values):
            if value.constraint_type not in keys:
                place: Path = ("people", i, "dynamic_values", j)
                yield Problem(place, f"none of the person's roles uses the key {value.constraint_type}")


def _who_may_have(role: JobFunctionRole) -> set[Cvr]:
    return {role.cvr, *(delegation.cvr for delegation in role.delegated_to)}


def _dynamic_values(role: JobFunctionRole) -> Iterator[ConstraintValue]:
    return (value for assignment in role.assignments for value in assignment.values if value.dynamic)
