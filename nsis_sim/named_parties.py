"""A registered party by the name that a person gives it: its short id or its entityID, whichever is at hand."""

from collections.abc import Mapping, Sequence
from typing import Any


class UnknownPartyError(Exception):
    """Nobody is registered under that name; the message says who is."""


def party_named(parties: Sequence[Mapping[str, Any]], name: str, what: str) -> Mapping[str, Any]:
    """Give the party of that short id or entityID.

    Raises:
        UnknownPartyError: if there is none.
    """
    for party in parties:
        if name in {party["id"], party["entity_id"]}:
            return party
    raise UnknownPartyError(
        f"There is no {what} {name}. There is {', '.join(str(party['id']) for party in parties) or 'none'}."
    )
