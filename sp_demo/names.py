"""Plain words for the URIs in a token, for display only: nothing is decided by a name (design D13)."""

from collections.abc import Callable, Mapping

from federation.model import World
from oiosaml.privileges import cvr_scope

Names = Callable[[str, str], str | None]
"""Gives a display name for a URI or a scope in a language (`da` or `en`), or None."""


def names_of(world: World) -> Names:
    """Give the names that `world` knows: roles with their descriptions, constraint types, and organisations by scope.

    What has no English name is shown by its Danish one.
    """
    organisations = {
        cvr_scope(authority.cvr): f"{authority.name} (CVR {authority.cvr})" for authority in world.authorities
    }
    danish: Mapping[str, str] = {
        **{role.entity_id: _described(role.name, role.description) for role in world.system_roles},
        **{kind.entity_id: kind.name for kind in world.constraint_types},
        **organisations,
    }
    english: Mapping[str, str] = {
        **{
            role.entity_id: _described(role.name_en or role.name, role.description_en or role.description)
            for role in world.system_roles
        },
        **{kind.entity_id: kind.name_en or kind.name for kind in world.constraint_types},
        **organisations,
    }
    return lambda uri, language: (danish if language == "da" else english).get(uri)


def no_names(_uri: str, _language: str) -> str | None:
    """Know no name: a token can be shown without the world it comes from."""
    return None


def _described(name: str, description: str) -> str:
    return f"{name} – {description}" if description else name
