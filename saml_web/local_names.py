"""Names under `.localhost` are this machine (RFC 6761 section 6.3). Browsers know that; most resolvers of operating systems do not."""

from typing import Final

LOOPBACK: Final = "127.0.0.1"
_LOCALHOST: Final = "localhost"


def is_local_name(host: str) -> bool:
    """Tell whether a host name means this machine and nothing else."""
    name = host.rstrip(".").lower()
    return name == _LOCALHOST or name.endswith("." + _LOCALHOST)


def address_of(host: str) -> str:
    """Give what to connect to: the loopback address for a name under `.localhost`, else the name itself.

    Plain `localhost` stays, since every resolver knows it.
    """
    return LOOPBACK if is_local_name(host) and host.rstrip(".").lower() != _LOCALHOST else host
