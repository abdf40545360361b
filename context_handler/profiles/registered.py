"""Which profile a registered party speaks. The registration decides, at every use, so a change of it counts from the next message on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from context_handler.ports import RegisteredIdp, RegisteredSystem
from context_handler.profiles import local_idp, nemlogin3, oiosaml2, oiosaml3
from context_handler.profiles.profile import IncomingProfile, OutgoingProfile
from federation.model import Profile
from oiosaml.errors import SamlError

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
