"""The stack for the broker as it is now: set up at the first login, and anew when the broker's metadata changes (a key rollover)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from sp_demo.stack import Stack
from sp_demo.system import DemoSystem, StackName, SystemKeys

BrokerMetadata = Callable[[], Awaitable[bytes]]
"""Gives the metadata of the Context Handler's face towards systems; may raise SamlError `web.unavailable`."""

FRESH_FOR: Final = timedelta(seconds=30)
"""How long fetched metadata is used without asking again."""


class Broker:
    """Knows the Context Handler through its metadata."""

    def __init__(self, system: DemoSystem, keys: SystemKeys, *, metadata: BrokerMetadata) -> None:
        """Remember how to ask; nothing is fetched or imported yet."""
        self._system = system
        self._keys = keys
        self._metadata = metadata
        self._known: tuple[bytes, Stack] | None = None
        self._asked_at: datetime | None = None

    async def stack(self, *, at: datetime) -> Stack:
        """Give the stack, set up for the broker's present metadata."""
        if self._known and self._asked_at and at - self._asked_at < FRESH_FOR:
            return self._known[1]
        octets = await self._metadata()
        self._asked_at = at
        if self._known is None or self._known[0] != octets:
            self._known = (octets, make_stack(self._system, self._keys, broker_metadata=octets))
        return self._known[1]


def make_stack(system: DemoSystem, keys: SystemKeys, *, broker_metadata: bytes) -> Stack:
    """Set up the system's stack; imports it, so that a process that runs one system need not load the other's."""
    match system.stack:
        case StackName.PYTHON3_SAML:
            from sp_demo.python3_saml import Python3SamlStack

            return Python3SamlStack(system, keys, broker_metadata=broker_metadata)
        case StackName.PYSAML2:
            from sp_demo.pysaml2_stack import PySaml2Stack

            return PySaml2Stack(system, keys, broker_metadata=broker_metadata)
