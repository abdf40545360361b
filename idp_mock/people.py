"""The invented people who can log in at one municipality's IdP."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from federation.model import World
from federation.person import Person
from federation.roles import JobFunctionRole
from oiosaml.errors import SamlError
from oiosaml.ids import Cvr, EntityId


class People:
    """The users of one IdP, in the order in which they were registered. Their ids are their user names."""

    def __init__(self, people: Iterable[Person], cvrs: tuple[Cvr, ...]) -> None:
        """Keep those who belong to one of `cvrs`: an IdP speaks for its own employees only."""
        self._by_id = {person.id: person for person in people if person.cvr in cvrs}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._by_id.values())

    def find(self, person_id: str) -> Person | None:
        """Give the person with that id, or None."""
        return self._by_id.get(person_id)

    def named(self, person_id: str) -> Person:
        """Give the person with that id.

        Raises:
            SamlError: `web.form:unknown-person`; the detail lists who there is.
        """
        person = self._by_id.get(person_id)
        if person is None:
            known = ", ".join(self._by_id) or "nobody"
            raise SamlError(
                "web.form:unknown-person",
                f"got {person_id!r:.60}, expected one of {known}",
                params={"person": person_id},
            )
        return person

    def with_password(self, username: str, password: str) -> Person | None:
        """Give the person whose user name and password these are, or None without telling which of the two was wrong."""
        person = self._by_id.get(username)
        expected = "" if person is None else person.password
        matches = hmac.compare_digest(password.encode(), expected.encode())
        return person if matches else None


@dataclass(frozen=True, slots=True)
class Known:
    """What one IdP knows of the world."""

    people: People
    organisation_names: Mapping[Cvr, str]
    job_function_roles: Mapping[str, JobFunctionRole]
    system_names: Mapping[EntityId, str]

    @classmethod
    def of(cls, world: World, cvrs: tuple[Cvr, ...]) -> "Known":
        """Give what an IdP of the organisations `cvrs` knows."""
        return cls(
            people=People(world.people, cvrs),
            organisation_names={authority.cvr: authority.name for authority in world.authorities},
            job_function_roles={role.entity_id: role for role in world.job_function_roles},
            system_names={system.entity_id: system.name for system in world.systems},
        )
