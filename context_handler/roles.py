"""From job function roles to one system's own roles, as the administration module has registered them. Nothing here widens (design D13).

What cannot be translated is dropped and says why; the caller records it. A restriction never is: if it cannot be kept, the role goes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from context_handler.ports import Registry
from federation.constraint_values import fits
from federation.roles import ConstraintValue, JobFunctionRole, RoleAssignment, SystemRole
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr, EntityId, parse_cvr
from oiosaml.privileges import CVR_SCOPE_PREFIX, Constraint, PrivilegeGroup, PrivilegeList
from oiosaml.value_type import value_type


@value_type
class Dropped:
    """A right that did not come through: its URI, the code and the reason."""

    privilege: str
    code: str
    reason: str


@value_type
class Translation:
    """The system's own rights, and what was left behind on the way."""

    privileges: PrivilegeList
    dropped: tuple[Dropped, ...]


@value_type
class Translator:
    """Everything a translation looks at beside the rights themselves."""

    registry: Registry
    system: EntityId
    user_cvr: Cvr
    at: datetime
    parametric: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of dynamic data constraints that came as attributes, by key; what stands in a role's own group goes before them."""

    def translate(self, privileges: PrivilegeList) -> Translation:
        """Give the rights that this system knows, in order of first appearance and without doubles.

        Raises:
            SamlError: `priv.schema` if a group of roles, one of them registered, carries a constraint that none of them knows
                (attack PRV-11).
        """
        groups: dict[PrivilegeGroup, None] = {}
        dropped: list[Dropped] = []
        for group in privileges.groups:
            for outcome in self._translate_group(group):
                if isinstance(outcome, Dropped):
                    dropped.append(outcome)
                else:
                    groups[outcome] = None
        dropped += self._values_of_nobody(privileges)
        return Translation(PrivilegeList(tuple(groups)), tuple(dropped))

    def _values_of_nobody(self, privileges: PrivilegeList) -> Iterator[Dropped]:
        """A value that no role of the user's takes limits nothing, and is said so: its sender may have thought that it does."""
        if not self.parametric:
            return
        roles = (self.registry.job_function_role(uri) for group in privileges.groups for uri in group.privileges)
        keys = {key for role in roles if role is not None for key in _dynamic_keys(role)}
        for name in self.parametric:
            if name not in keys:
                yield Dropped(name, "priv.unknown", "got a value that no role of the user takes")

    def _translate_group(self, group: PrivilegeGroup) -> Iterator[PrivilegeGroup | Dropped]:
        cvr = _cvr_of(group.scope)
        if cvr is None:
            for uri in group.privileges:
                yield Dropped(uri, "priv.scope", f"got the scope {group.scope!r:.120}, expected a CVR number")
            return
        roles = {uri: self.registry.job_function_role(uri) for uri in group.privileges}
        if any(role is not None for role in roles.values()):
            _refuse_unknown_constraints(group, roles.values())
        else:
            yield from _limits_of_nothing(group)
        for uri, role in roles.items():
            if role is None or not role.active.includes(self.at):
                yield Dropped(
                    uri, "priv.unknown", f"got {uri!r:.120}, expected a job function role that is registered and active"
                )
            elif role.cvr != cvr:
                yield Dropped(uri, "priv.scope", f"got the scope {cvr}, expected {role.cvr}, whose role it is")
            elif cvr != self.user_cvr and not self._is_delegated(role):
                yield Dropped(
                    uri,
                    "priv.scope",
                    f"got a role of {cvr} for a user of {self.user_cvr}, expected an active delegation",
                )
            else:
                yield from self._assignments(role, group)

    def _is_delegated(self, role: JobFunctionRole) -> bool:
        return any(d.cvr == self.user_cvr and d.active.includes(self.at) for d in role.delegated_to)

    def _assignments(self, role: JobFunctionRole, group: PrivilegeGroup) -> Iterator[PrivilegeGroup | Dropped]:
        unused = {constraint.name for constraint in group.constraints} - _dynamic_keys(role)
        if unused:
            # The group's constraints limit every right in it; a role that cannot carry one of them would be wider than what was sent.
            yield Dropped(
                role.entity_id,
                "priv.schema",
                f"the group is limited by {sorted(unused)}, which this role does not know",
            )
            return
        for assignment in role.assignments:
            system_role = self.registry.system_role(assignment.system_role)
            if system_role is None or system_role.system != self.system or not system_role.active.includes(self.at):
                continue  # another system's right is none of this system's business
            if role.cvr != self.user_cvr and any(value.dynamic for value in assignment.values):
                # Its value would be the delegate's own word about somebody else's data (CH-CVR-03).
                yield Dropped(
                    role.entity_id,
                    "priv.scope",
                    "got a delegated role with a data constraint from login, expected registered values only",
                )
                continue
            try:
                constraints = self._constraints(assignment, system_role, group)
            except _CannotRestrictError as error:
                yield Dropped(system_role.entity_id, "priv.schema", str(error))
            else:
                yield PrivilegeGroup(group.scope, (system_role.entity_id,), constraints)

    def _constraints(
        self, assignment: RoleAssignment, role: SystemRole, group: PrivilegeGroup
    ) -> tuple[Constraint, ...]:
        by_type: dict[str, list[ConstraintValue]] = {}
        for value in assignment.values:
            by_type.setdefault(value.constraint_type, []).append(value)
        missing = {use.constraint_type for use in role.constraints if use.required} - by_type.keys()
        if missing:
            raise _CannotRestrictError(f"the required data constraint {sorted(missing)} has no value")
        return tuple(Constraint(name, self._text(name, values, group)) for name, values in by_type.items())

    def _text(self, name: str, values: Sequence[ConstraintValue], group: PrivilegeGroup) -> str:
        if len(values) > 1 and any(value.dynamic for value in values):
            # Our choice: what the one limits the other might lift, and nothing says which of them was meant.
            raise _CannotRestrictError(f"the data constraint {name} has both a registered value and one from login")
        text = ",".join(self._given(value, group) if value.dynamic else value.value for value in values)
        constraint_type = self.registry.constraint_type(name)
        if not text.strip():
            raise _CannotRestrictError(f"the data constraint {name} got no value at login")
        if constraint_type is None:
            raise _CannotRestrictError(f"the data constraint type {name} is not registered")
        if not fits(text, constraint_type):
            raise _CannotRestrictError(f"got {text!r:.120}, expected a value that fits {constraint_type.name}")
        return text

    def _given(self, value: ConstraintValue, group: PrivilegeGroup) -> str:
        """Give what came at login under the value's key: one text, since two limits hold together and are no list (BPP-14)."""
        texts = [constraint.value for constraint in group.constraints if constraint.name == value.value]
        texts = texts or list(self.parametric.get(value.value, ()))
        if len(texts) > 1:
            raise _CannotRestrictError(f"got {value.value} {len(texts)} times, expected it once")
        return texts[0] if texts else ""


class _CannotRestrictError(Exception):
    """A constraint cannot be carried, so the right it limits must not be given."""


def _cvr_of(scope: str) -> Cvr | None:
    try:
        return parse_cvr(scope.removeprefix(CVR_SCOPE_PREFIX)) if scope.startswith(CVR_SCOPE_PREFIX) else None
    except ValueError:
        return None


def _dynamic_keys(role: JobFunctionRole) -> set[str]:
    return {value.value for a in role.assignments for value in a.values if value.dynamic}


def _limits_of_nothing(group: PrivilegeGroup) -> Iterator[Dropped]:
    """Leave the limits of a group without a registered role behind with it: no right comes of it, so there is none that they could widen.

    A role that its municipality has not registered yet, or no longer, would else lock its people out of every system.
    """
    for constraint in group.constraints:
        yield Dropped(
            constraint.name, "priv.unknown", "got a data constraint of a group in which no role is registered"
        )


def _refuse_unknown_constraints(group: PrivilegeGroup, roles: Iterable[JobFunctionRole | None]) -> None:
    known: set[str] = set()
    for role in roles:
        known |= _dynamic_keys(role) if role is not None else set()
    for constraint in group.constraints:
        if constraint.name not in known:
            raise SamlError(
                "priv.schema",
                f"got the constraint {constraint.name!r:.120}, expected the key of a dynamic value of a role in the group",
            )
