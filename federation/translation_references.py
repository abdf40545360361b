"""What a translation table and those who use it say of other registrations must hold, as for every registration."""

from collections.abc import Iterator, Sequence

from federation.model import World
from federation.problems import Path, Problem


def problems_of_translations(world: World) -> Iterator[Problem]:
    """Give what does not hold together: a table that is not there, two of one name, lines about what nobody has registered."""
    targets = [table.target for table in world.translations]
    yield from problems_of_targets(targets)
    for i, system in enumerate(world.systems):
        if system.translation is not None and system.translation not in targets:
            yield Problem(
                ("systems", i, "translation"), f"there is no table {system.translation!r}; see 'translations'"
            )
    yield from _lines_about_nothing(world)


def problems_of_targets(targets: Sequence[str | None]) -> Iterator[Problem]:
    """Give the tables with the name of one further up, by the names in order; None has no name. A system chooses its table by that name."""
    for i, target in enumerate(targets):
        if target is not None and target in targets[:i]:
            yield Problem(("translations", i, "target"), f"{target!r} is already taken further up")


def _lines_about_nothing(world: World) -> Iterator[Problem]:
    roles = {role.entity_id for role in world.system_roles}
    types = {constraint_type.entity_id for constraint_type in world.constraint_types}
    for i, table in enumerate(world.translations):
        for j, rule in enumerate(table.roles):
            if rule.from_ is not None and rule.from_ not in roles:
                path: Path = ("translations", i, "roles", j, "from")
                yield Problem(path, f"there is no system role {rule.from_}; see 'system_roles'")
        for j, line in enumerate(table.constraints):
            if line.from_ not in types:
                place: Path = ("translations", i, "constraints", j, "from")
                yield Problem(place, f"there is no constraint type {line.from_}; see 'constraint_types'")
