"""What the municipality's role catalogue says: who its users are and which job function roles they have."""

from collections.abc import Iterable, Iterator, Mapping

from federation.assigned_roles import privileges_of, roles_for
from federation.model import World
from federation.person import Person
from federation.roles import JobFunctionRole
from oiosaml.attributes import FRIENDLY_NAMES, PRIVILEGES_INTERMEDIATE, Attribute
from oiosaml.ids import Cvr, EntityId
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.privileges import PrivilegeList, write_privileges
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME


class Directory:
    """The users of some organisations with their rights."""

    def __init__(
        self,
        people: Iterable[Person],
        *,
        cvrs: tuple[Cvr, ...],
        job_function_roles: Mapping[str, JobFunctionRole],
        system_roles: Mapping[EntityId, frozenset[str]],
    ) -> None:
        """Know those of `people` who belong to `cvrs` and are known to attribute services.

        `system_roles` tells which roles belong to which system, to filter by; a system that is not there is not known.
        """
        self._people = {
            _key(person.cvr, person.uuid): person
            for person in people
            if person.cvr in cvrs and person.known_to_attribute_service
        }
        self._job_function_roles = job_function_roles
        self._system_roles = system_roles

    @classmethod
    def of(cls, world: World, cvrs: tuple[Cvr, ...]) -> "Directory":
        """Know what `world` says about the users of `cvrs`."""
        return cls(
            world.people,
            cvrs=cvrs,
            job_function_roles={role.entity_id: role for role in world.job_function_roles},
            system_roles={
                system.entity_id: frozenset(
                    role.entity_id for role in world.system_roles if role.system == system.entity_id
                )
                for system in world.systems
            },
        )

    def find(self, subject: NameId) -> Person | None:
        """Give the user whom the NameID names by organisation and UUID, or None. The display name in it proves nothing."""
        if subject.format != NAMEID_X509_SUBJECT_NAME:
            return None
        try:
            name = X509SubjectName.parse(subject.value)
        except ValueError:
            return None
        return self._people.get(_key(name.cvr, name.serial))

    def attributes_of(
        self, person: Person | None, *, asked_for: tuple[str, ...], target: EntityId | None
    ) -> tuple[Attribute, ...]:
        """Give what is known of the person, and of it only what was asked for; no names means all of it (AS-06).

        Only roles that lead to rights in `target` are told where that system is known (AS-07). Nobody has no rights.
        """
        known = tuple(self._everything(person, target))
        return tuple(each for each in known if each.name in asked_for) if asked_for else known

    def _everything(self, person: Person | None, target: EntityId | None) -> Iterator[Attribute]:
        privileges = PrivilegeList() if person is None else self._privileges(person, target)
        yield Attribute(
            PRIVILEGES_INTERMEDIATE,
            (write_privileges(privileges),),
            friendly_name=FRIENDLY_NAMES[PRIVILEGES_INTERMEDIATE],
        )
        for value in () if person is None else person.dynamic_values:
            yield Attribute(value.constraint_type, (value.value,))

    def _privileges(self, person: Person, target: EntityId | None) -> PrivilegeList:
        asserted = privileges_of(person, self._job_function_roles)
        if target is None or target not in self._system_roles:
            return asserted
        relevant = frozenset(roles_for(person, self._job_function_roles, self._system_roles[target]))
        return PrivilegeList(tuple(group for group in asserted.groups if relevant.issuperset(group.privileges)))


def _key(cvr: Cvr, uuid: str) -> tuple[Cvr, str]:
    # a UUID is the same in either case (RFC 9562, section 4)
    return cvr, uuid.lower()
