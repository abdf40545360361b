"""Plain words for the URIs in a token, for display only: nothing is decided by a name (design D13)."""

from collections.abc import Callable, Mapping

from federation.model import World
from oiosaml.privileges import cvr_scope

Names = Callable[[str], str | None]
"""Gives a display name for a URI or a scope, or None."""


def names_of(world: World) -> Names:
    """Give the names that `world` knows: roles with their descriptions, constraint types, and organisations by scope."""
    known: Mapping[str, str] = {
        **{role.entity_id: _described(role.name, role.description) for role in world.system_roles},
        **{kind.entity_id: kind.name for kind in world.constraint_types},
        **{cvr_scope(authority.cvr): f"{authority.name} (CVR {authority.cvr})" for authority in world.authorities},
    }
    return known.get


def no_names(_uri: str) -> str | None:
    """Know no name: a token can be shown without the world it comes from."""
    return None


def _described(name: str, description: str) -> str:
    return f"{name} – {description}" if description else name
