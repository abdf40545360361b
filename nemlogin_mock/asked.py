"""What a client asked for, in the terms of the login page."""

from dataclasses import dataclass, field

from federation.nemlogin import NemLogInIdentity
from nemlogin_mock.ports import Ports
from nemlogin_mock.request import OpenedRequest
from nemlogin_mock.sessions import NemLogInSession
from oiosaml.eid import IdType
from oiosaml.messages.app_switch import AppSwitch
from oiosaml.nsis import AssuranceLevel, Comparison, satisfies


@dataclass(frozen=True, slots=True)
class Requester:
    """A system behind the client; `name` None if it is not known here."""

    entity_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One verified request in words."""

    client: str
    level: AssuranceLevel | None
    """None: any level will do."""
    comparison: Comparison
    id_type: IdType | None
    credential_types: tuple[str, ...]
    requesters: tuple[Requester, ...]
    app_switch: AppSwitch | None
    force_authn: bool
    is_passive: bool
    may_ask_others: bool
    """Whether ProxyCount leaves room for a local IdP."""
    octets: bytes = field(repr=False)
    """The request as it was verified."""

    def level_reached_by(self, identity: NemLogInIdentity) -> bool:
        """Tell whether the identity's level answers what was asked."""
        return self.level is None or satisfies(identity.level, self.level, self.comparison)

    def type_fits(self, identity: NemLogInIdentity) -> bool:
        """Tell whether the identity is of the type asked for."""
        return self.id_type in (None, identity.id_type)

    def credential_fits(self, identity: NemLogInIdentity) -> bool:
        """Tell whether the means of identification is one asked for."""
        return not self.credential_types or identity.credential_type in self.credential_types

    def answered_by(self, session: NemLogInSession) -> bool:
        """Tell whether the session answers without a question: none if a new login was asked for, or what its identity is not."""
        identity = session.identity
        fits = self.type_fits(identity) and self.level_reached_by(identity) and self.credential_fits(identity)
        return fits and not self.force_authn


def what_was_asked(opened: OpenedRequest, ports: Ports) -> AskedFor:
    """Put a request that followed the rules into the page's terms; they allow one level and one ID type at most."""
    request = opened.verified.value
    context, scoping = request.requested_authn_context, request.scoping
    return AskedFor(
        client=opened.client.registration.name,
        level=context.levels[0] if context and context.levels else None,
        comparison=context.comparison if context else Comparison.EXACT,
        id_type=context.id_types[0] if context and context.id_types else None,
        credential_types=context.credential_types if context else (),
        requesters=tuple(
            Requester(each, ports.names().systems.get(each)) for each in (scoping.requester_ids if scoping else ())
        ),
        app_switch=request.app_switch,
        force_authn=request.force_authn,
        is_passive=request.is_passive,
        may_ask_others=scoping is None or scoping.proxy_count != 0,
        octets=opened.verified.octets,
    )
