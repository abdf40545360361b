"""`nsis withdraw` and `nsis restore`: a party, or one of its keys, out of the federation at once, and in again."""

from enum import StrEnum
from typing import Annotated

import typer

from nsis_sim.named_parties import registered_party
from nsis_sim.options import BaseUrl, Party, broker_url
from nsis_sim.terminal import say


class PartyKind(StrEnum):
    """What can be withdrawn."""

    SP = "sp"
    IDP = "idp"
    ATTRIBUTE_SERVICE = "attribute-service"

    @property
    def path(self) -> str:
        """The kind's name in the API."""
        return {"sp": "systems", "idp": "idps", "attribute-service": "attribute-services"}[self.value]


Kind = Annotated[PartyKind, typer.Argument(help="What it is.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Only this key: SHA-256 of the public key in hexadecimal (`nsis parties`).")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="parties")(parties)
    app.command(name="withdraw")(withdraw)
    app.command(name="restore")(restore)


def parties(base_url: BaseUrl = None) -> None:
    """List who is registered at a running simulator, with state and keys, what ends within 30 days, and whose metadata fails."""
    from nsis_sim.api_client import Api, registering

    with registering("parties"), Api(broker_url(base_url)) as api:
        listed = {kind: api.parties(kind.path) for kind in PartyKind}
        told = api.members()
    for kind, registered in listed.items():
        for party in registered:
            document = party["registration"]
            off = "WITHDRAWN" if document.get("withdrawn") else "off" if document.get("enabled") is False else "on"
            say(f"{kind:<18} {off:<10} {party['id']:<20} {party['entity_id']}")
            for key in (each for each in told["keys"] if each["entity_id"] == party["entity_id"]):
                say(f"  {key['use']:<16} {key['barred'] or '':<13} {key['fingerprint']}")
    for each in told["endings"]:
        when = f"within {each['within_days']} days" if each["within_days"] else "OVER"
        say(f"{each['what']} of {each['entity_id']} ends {each['ends_at']}: {when}")
    for state in (each for each in told["metadata"] if each["fault"]):
        say(f"metadata of {state['entity_id']}: {state['fault']}: {state['detail']}")


def withdraw(kind: Kind, party: Party, key: Key = None, base_url: BaseUrl = None) -> None:
    """Withdraw a party, or one of its keys, in an emergency: it counts from the next step of every login, those under way too."""
    entity_id = _set(kind, party, key, base_url, withdrawn=True)
    say(f"Withdrawn: {key or entity_id}. `nsis restore` takes it back.")


def restore(kind: Kind, party: Party, key: Key = None, base_url: BaseUrl = None) -> None:
    """Take a withdrawal back."""
    entity_id = _set(kind, party, key, base_url, withdrawn=False)
    say(f"Restored: {key or entity_id}.")


def _set(kind: PartyKind, party: str, key: str | None, base_url: str | None, *, withdrawn: bool) -> str:
    """Withdraw or restore, and give the entityID of the party that was meant."""
    from nsis_sim.api_client import Api, registering

    with registering(party), Api(broker_url(base_url)) as api:
        found = registered_party(api, kind.path, party)
        api.set_withdrawn(kind.path, str(found["id"]), withdrawn=withdrawn, key=key)
    return str(found["entity_id"])
