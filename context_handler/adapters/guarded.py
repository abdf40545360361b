"""The ways to attribute services and role catalogues with a breaker for each service, so that one that is down keeps nobody waiting.

Breakers belong to one process: workers find out each for itself, which costs each of them the same few time-outs.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from context_handler.breaker import OPEN_SECONDS, Breaker, BreakerState
from context_handler.ports import AttributeServiceTransport, RoleCatalogueTransport
from federation.model import AttributeService
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId

SILENCE: Final = frozenset({"aq.transport"})
"""What counts as a failure. A SOAP fault, an unknown user or a wrong answer comes from a service that is there."""

_log = logging.getLogger(__name__)


class Breakers:
    """One breaker for each service that was asked; as many as are registered."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds that no setting of the clock changes."""
        self._monotonic = monotonic
        self._breakers: dict[str, Breaker] = {}

    async def ask(self, service: str, question: Callable[[], Awaitable[bytes]]) -> bytes:
        """Ask `question` of `service`, or refuse at once.

        Raises:
            SamlError: `aq.unavailable` if the breaker is open, else what the question raises.
        """
        breaker = self._breakers.setdefault(service, Breaker())
        if not breaker.admits(self._monotonic()):
            raise SamlError(
                "aq.unavailable",
                f"got no answer {breaker.failures} times in a row from {service}, which is asked again within {OPEN_SECONDS:g} s",
            )
        before = breaker.state
        try:
            answer = await question()
        except SamlError as error:
            if error.code in SILENCE:
                self._failed(service, breaker, before, error)
            else:
                self._answered(service, breaker)
            raise
        except BaseException:
            breaker.abandoned(self._monotonic())
            raise
        self._answered(service, breaker)
        return answer

    def _failed(self, service: str, breaker: Breaker, before: BreakerState, error: SamlError) -> None:
        breaker.failed(self._monotonic())
        if breaker.state is BreakerState.OPEN and before is BreakerState.CLOSED:
            _log.error("%s is asked no more until it answers: %s", service, error.detail)

    def _answered(self, service: str, breaker: Breaker) -> None:
        if breaker.state is not BreakerState.CLOSED:
            _log.warning("%s answers again", service)
        breaker.answered()


class GuardedAttributeServices:
    """An AttributeServiceTransport behind breakers, one for each address."""

    def __init__(self, inner: AttributeServiceTransport, breakers: Breakers) -> None:
        self._inner = inner
        self._breakers = breakers

    async def post_soap(self, url: str, envelope: bytes) -> bytes:
        """Give the answer's octets.

        Raises:
            SamlError: `aq.unavailable` without asking, else as the transport behind it.
        """
        return await self._breakers.ask(url, lambda: self._inner.post_soap(url, envelope))


class GuardedRoleCatalogues:
    """A RoleCatalogueTransport behind breakers, one for each catalogue."""

    def __init__(self, inner: RoleCatalogueTransport, breakers: Breakers) -> None:
        self._inner = inner
        self._breakers = breakers

    async def roles_of(self, service: AttributeService, user: str, system: EntityId) -> bytes:
        """Give the answer's octets.

        Raises:
            SamlError: `aq.unavailable` without asking, else as the transport behind it.
        """
        return await self._breakers.ask(service.entity_id, lambda: self._inner.roles_of(service, user, system))
