"""Which profile a registered party speaks. The registration decides, at every use, so a change of it counts from the next message on."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from context_handler.ports import RegisteredIdp, RegisteredSystem
from context_handler.profiles import local_idp, nemlogin3, oiosaml2, oiosaml3
from context_handler.profiles.profile import IncomingProfile, OutgoingProfile, Subject
from federation.model import Profile
from oiosaml.attributes import AAL, IAL
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import Assertion
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel

_PARTS: Final = (IAL, AAL)
"""What an NSIS level is the lowest of: how sure the identity is, and how sure the means of identification."""

_INCOMING: Final[Mapping[Profile, IncomingProfile]] = MappingProxyType(
    {Profile.OIOSAML3: oiosaml3.INCOMING, Profile.OIOSAML2: oiosaml2.INCOMING}
)
_OUTGOING: Final[Mapping[Profile, OutgoingProfile]] = MappingProxyType(
    {
        Profile.OIOSAML3: oiosaml3.OUTGOING,
        Profile.OIOSAML2: oiosaml2.OUTGOING,
        Profile.LOCAL_IDP: local_idp.OUTGOING,
    }
)


def profile_of_idp(idp: RegisteredIdp) -> IncomingProfile:
    """Give the profile that a home IdP speaks.

    Raises:
        SamlError: `fed.profile` if the broker does not understand it.
    """
    if idp.registration.profile is Profile.NEMLOGIN3:
        return nemlogin3.incoming(idp.registration)
    profile = _INCOMING.get(idp.registration.profile)
    if profile is None:
        raise _unspoken(idp.registration.profile)
    return profile


def subject_of(idp: RegisteredIdp, assertion: Assertion) -> Subject:
    """Read whom an assertion of this IdP is about, if its rules hold; `ial` and `aal` no higher than the IdP is registered (LOA-3).

    Raises:
        SamlError: as `profile_of_idp`.
    """
    subject = profile_of_idp(idp).read_subject(assertion)
    reach = None if isinstance(subject.level, NistLevel) else idp.registration.nsis_reach
    said = {name: subject.values_of(name) for name in _PARTS}
    allowed = {name: _within(reach, values) for name, values in said.items()}
    return subject if allowed == said else replace(subject, attributes={**subject.attributes, **allowed})


def _within(reach: AssuranceLevel | None, values: tuple[str, ...]) -> tuple[str, ...]:
    """Cut levels down to what the IdP may state; without an NSIS level there are no parts of one, either (LOA-2)."""
    if reach is None:
        return ()
    return tuple([min(reach, AssuranceLevel.from_attribute(value)).attribute_value for value in values])


def profile_of_system(system: RegisteredSystem) -> OutgoingProfile:
    """Give the profile that a system reads.

    Raises:
        SamlError: `fed.profile` if the broker does not write it.
    """
    profile = _OUTGOING.get(system.registration.profile)
    if profile is None:
        raise _unspoken(system.registration.profile)
    return profile


def _unspoken(profile: Profile) -> SamlError:
    return SamlError(
        "fed.profile", f"got a registration for {profile}, which this Context Handler does not speak there"
    )
