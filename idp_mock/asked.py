"""What the Context Handler asked for, in the terms of the login page."""

from dataclasses import dataclass, field

from federation.model import HomeIdp, Person
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.nsis import AssuranceLevel, Comparison, satisfies
from oiosaml.verified import Verified


@dataclass(frozen=True, slots=True)
class Requester:
    """The system behind the Context Handler; `name` None if this municipality has not heard of it."""

    entity_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One verified request in words."""

    level: AssuranceLevel | None
    """None: any level will do."""
    comparison: Comparison
    requesters: tuple[Requester, ...]
    force_authn: bool
    is_passive: bool
    request: AuthnRequest
    octets: bytes = field(repr=False)
    """The request as it was verified."""

    def reached_by(self, person: Person) -> bool:
        """Tell whether the person's level answers what was asked."""
        return self.reached_at(person.level)

    def reached_at(self, level: AssuranceLevel) -> bool:
        """Tell whether a login at `level` answers what was asked."""
        return self.level is None or satisfies(level, self.level, self.comparison)

    def answered_by(self, session: IdpSession) -> bool:
        """Tell whether the session answers without a question: none if a new login was asked for, or a level it does not have."""
        return not self.force_authn and self.reached_at(session.level)


def what_was_asked(verified: Verified[AuthnRequest], ports: Ports) -> AskedFor:
    """Put a request that followed the rules into the page's terms; they allow one level at most."""
    request = verified.value
    context = request.requested_authn_context
    requester_ids = request.scoping.requester_ids if request.scoping else ()
    return AskedFor(
        level=context.levels[0] if context and context.levels else None,
        comparison=context.comparison if context else Comparison.EXACT,
        requesters=tuple(Requester(each, ports.system_names.get(each)) for each in requester_ids),
        force_authn=request.force_authn,
        is_passive=request.is_passive,
        request=request,
        octets=verified.octets,
    )


def is_above_registration(person: Person, idp: HomeIdp) -> bool:
    """Tell whether the person's level is more than the IdP is registered for, so that the Context Handler must refuse it (LOA-3)."""
    return person.level > idp.maximum_level
