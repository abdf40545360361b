"""A registered party by the name that a person gives it: its short id or its entityID, whichever is at hand."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from nsis_sim.terminal import fail

if TYPE_CHECKING:
    from nsis_sim.api_client import Api

_CALLED: Final = {"systems": "system", "idps": "IdP", "attribute-services": "attribute service"}


class UnknownPartyError(Exception):
    """Nobody is registered under that name; the message says who is."""


def find_party(api: "Api", kind: str, name: str) -> Mapping[str, Any]:
    """Give the party of a kind (`systems`, `idps`, `attribute-services`) that has that short id or entityID.

    Raises:
        UnknownPartyError: if there is none.
    """
    parties = api.parties(kind)
    for party in parties:
        if name in {party["id"], party["entity_id"]}:
            return party
    known = ", ".join(str(party["id"]) for party in parties) or "none"
    # A slash at the end of an entityID is why one looks right and is not.
    hint = " A slash at the end counts." if ":" in name else ""
    raise UnknownPartyError(f"There is no {_CALLED[kind]} {name}. There is {known}.{hint}")


def registered_party(api: "Api", kind: str, name: str) -> Mapping[str, Any]:
    """Give the party, as `find_party`; ends the command if there is none."""
    try:
        return find_party(api, kind, name)
    except UnknownPartyError as error:
        fail(str(error))
