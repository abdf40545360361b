"""What a municipality says about a person's rights: job function roles, with the values its own register adds to them."""

from collections.abc import Iterable, Mapping

from federation.person import Person
from federation.roles import JobFunctionRole
from oiosaml.privileges import Constraint, PrivilegeGroup, PrivilegeList, cvr_scope


def privileges_of(person: Person, roles: Mapping[str, JobFunctionRole]) -> PrivilegeList:
    """Give the person's job function roles as OIOBPP, one group each, in the order they were assigned.

    A role keeps the scope of the organisation that owns it, also when it is lent out (CH-CVR-03). A role that `roles` does
    not hold is asserted all the same, under the person's own organisation: a municipality need not know what the Context
    Handler has on its books.
    """
    return PrivilegeList(tuple(_group(person, uri, roles.get(uri)) for uri in person.job_function_roles))


def roles_for(person: Person, roles: Mapping[str, JobFunctionRole], system_roles: frozenset[str]) -> Iterable[str]:
    """Give the URIs of those of the person's roles that lead to one of `system_roles`."""
    for uri in person.job_function_roles:
        role = roles.get(uri)
        if role is not None and any(assignment.system_role in system_roles for assignment in role.assignments):
            yield uri


def _group(person: Person, uri: str, role: JobFunctionRole | None) -> PrivilegeGroup:
    return PrivilegeGroup(
        scope=cvr_scope(person.cvr if role is None else role.cvr),
        privileges=(uri,),
        constraints=() if role is None else _dynamic_constraints(person, role),
    )


def _dynamic_constraints(person: Person, role: JobFunctionRole) -> tuple[Constraint, ...]:
    """Give the values that only the municipality knows, under their keys; one that is missing is left out (section 8)."""
    if person.dynamic_values_as_attributes:
        return ()
    keys = {value.value for assignment in role.assignments for value in assignment.values if value.dynamic}
    return tuple(
        Constraint(each.constraint_type, each.value) for each in person.dynamic_values if each.constraint_type in keys
    )
