"""What `/login` may be asked: `?idp=<entityID>&level=<Low|Substantial|High>&force=1&passive=1&binding=<redirect|post>`.

A system that reads OIOSAML 2 is asked in its own words: `level=2`, `level=3` or `level=4`.
"""

from collections.abc import Mapping
from typing import Final

from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from sp_demo.system import DemoSystem, LoginWish, RequestBinding

MAX_ENTITY_ID: Final = 1024
"""Characters of the longest entityID there may be (R3-G-03)."""


def read_wish(query: Mapping[str, str], system: DemoSystem) -> LoginWish:
    """Read the wish; without a level it is the one the system is registered at.

    Raises:
        SamlError: `web.form` for a value that is none of those above. Unknown parameters are left alone.
    """
    level, binding, idp = query.get("level"), query.get("binding"), query.get("idp")
    if idp is not None and (len(idp) > MAX_ENTITY_ID or not idp.isprintable() or ":" not in idp):
        raise SamlError("web.form", f"got idp {idp!r:.80}, expected an entityID")
    try:
        return LoginWish(
            level=system.level_called(level) if level is not None else system.minimum_level,
            idp=EntityId(idp) if idp else None,
            force=_flag(query, "force"),
            passive=_flag(query, "passive"),
            binding=RequestBinding(binding) if binding is not None else RequestBinding.REDIRECT,
        )
    except ValueError as error:
        raise SamlError("web.form", f"{error!s:.200}") from error


def _flag(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "0")
    if value not in {"0", "1"}:
        raise ValueError(f"got {name}={value!r:.20}, expected 1 or 0")
    return value == "1"
