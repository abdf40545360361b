"""What the Context Handler asked for, in the terms of the login page."""

from dataclasses import dataclass, field

from federation.model import HomeIdp, Profile
from federation.person import Person
from idp_mock.ports import Ports
from idp_mock.sessions import IdpSession
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.nist import NistLevel, StatedLevel
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

    profile: Profile
    """The profile in whose words the request is written, and so the one the answer is written in."""
    level: StatedLevel | None
    """None: any level will do."""
    comparison: Comparison
    requesters: tuple[Requester, ...]
    force_authn: bool
    is_passive: bool
    request: AuthnRequest
    octets: bytes = field(repr=False)
    """The request as it was verified."""

    def level_of(self, person: Person) -> StatedLevel:
        """Give the level that the answer states of the person: in OIOSAML 2 always a NIST level."""
        return person.nist_level if self.profile is Profile.OIOSAML2 else person.stated_level

    def reached_by(self, person: Person) -> bool:
        """Tell whether the person can reach what was asked."""
        return self.reached_at(self.level_of(person))

    def reached_at(self, level: StatedLevel) -> bool:
        """Tell whether a login stated at `level` answers what was asked; one ladder never answers for the other."""
        match (level, self.level):
            case (_, None):
                return True
            case (NistLevel(), NistLevel()):
                return level.satisfies(self.level, self.comparison)
            case (AssuranceLevel(), AssuranceLevel()):
                return satisfies(level, self.level, self.comparison)
            case _:
                return False

    def answered_by(self, session: IdpSession) -> bool:
        """Tell whether the session answers without a question: none if a new login was asked for, or a level it does not have."""
        return not self.force_authn and self.reached_at(stated_in(self.profile, session))


def what_was_asked(verified: Verified[AuthnRequest], ports: Ports) -> AskedFor:
    """Put a request that followed the rules into the page's terms; they allow one level at most."""
    request = verified.value
    context = request.requested_authn_context
    requester_ids = request.scoping.requester_ids if request.scoping else ()
    levels: tuple[StatedLevel, ...] = (*context.levels, *context.assurance_levels) if context else ()
    return AskedFor(
        profile=profile_asked_in(request, ports.idp),
        level=levels[0] if levels else None,
        comparison=context.comparison if context else Comparison.EXACT,
        requesters=tuple(Requester(each, ports.system_names.get(each)) for each in requester_ids),
        force_authn=request.force_authn,
        is_passive=request.is_passive,
        request=request,
        octets=verified.octets,
    )


def profile_asked_in(request: AuthnRequest, idp: HomeIdp) -> Profile:
    """Tell in which profile the request is written, by the level it names; without one, the profile the IdP was set up for.

    Our choice: the mock IdP answers in the words it is asked in, so that it follows its registration when that changes from one profile
    to the other. A real IdP would have to be changed as well.
    """
    context = request.requested_authn_context
    if idp.profile is Profile.LOCAL_IDP:
        return idp.profile
    if context is not None and context.assurance_levels:
        return Profile.OIOSAML2
    if context is not None and context.levels:
        return Profile.OIOSAML3
    return idp.profile


def stated_in(profile: Profile, session: IdpSession) -> StatedLevel:
    """Give the level that a session's person logged in at, in the profile's words: OIOSAML 2 has none for an NSIS level."""
    level, person = session.level, session.person
    if isinstance(level, NistLevel) or profile is not Profile.OIOSAML2:
        return level
    return person.nist_level if level is person.level else NistLevel.counterpart_of(level)


def is_above_registration(level: StatedLevel, idp: HomeIdp) -> bool:
    """Tell whether a level is more than the IdP is registered for, so that the Context Handler must refuse it (LOA-3)."""
    if isinstance(level, NistLevel):
        return idp.maximum_assurance_level is not None and not idp.maximum_assurance_level.meets(level)
    return idp.maximum_level is not None and level > idp.maximum_level
