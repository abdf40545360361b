"""What of the file's people and roles the store has otherwise: the store counts, and whoever edited the file is told so at the start."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from federation.documents import Kind, key_of
from federation.model import World

_COMPARED: Final = (Kind.PERSON, Kind.JOB_FUNCTION_ROLE, Kind.SYSTEM_ROLE)

_MOST_NAMED: Final = 5
"""People or roles that are named of each kind; one line has to do."""


def what_the_store_has_otherwise(path: Path, file: World, registered: World) -> str | None:
    """Give one line about the people and roles of the file that are registered otherwise or not at all; None if there are none."""
    differing = "; ".join(_differing(file, registered))
    if not differing:
        return None
    return (
        f"{path} differs from what is registered, which counts: {differing}. To register the file's: nsis apply {path}"
    )


def _differing(file: World, registered: World) -> Iterator[str]:
    for kind in _COMPARED:
        present = {key_of(each): each for each in getattr(registered, kind.value)}
        keys = [key_of(each) for each in getattr(file, kind.value) if present.get(key_of(each)) != each]
        if keys:
            more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
            yield f"{kind.value.replace('_', ' ')} {', '.join(keys[:_MOST_NAMED])}{more}"
