"""What a demo system is, and what a person may wish for when logging in."""

from dataclasses import dataclass, field
from enum import StrEnum

from federation.model import Profile
from federation.urls import SystemUrls
from oiosaml.ids import EntityId
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import NAMEID_PERSISTENT


class BrokerName(StrEnum):
    """Who a system lets people log in by; the pages name it."""

    CONTEXT_HANDLER = "Context Handler"
    NEMLOGIN = "NemLog-in"


class StackName(StrEnum):
    """The foreign SAML stack a system runs on."""

    PYTHON3_SAML = "python3-saml"
    PYSAML2 = "pysaml2"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSystem:
    """One demo system at one base URL.

    Attributes:
        id: short name, part of cookie names.
        urls: where browsers reach it. Every URL comes from here, none from a request (WEB-09).
        minimum_level: the level it is registered at; asked for unless the person asks for another. In OIOSAML 2 a NIST level.
        profile: the one it asks in. It reads a token in either, and says so where that is not its own.
        other_logins_url: the page of whoever logs people in for it, where a browser's logins are seen and ended; None shows no link.
    """

    id: str
    name: str
    entity_id: EntityId
    urls: SystemUrls
    minimum_level: StatedLevel
    stack: StackName
    queries_rights: bool = False
    """Whether its token holds no rights, and it asks the Context Handler's attribute service for them."""
    profile: Profile = Profile.OIOSAML3
    name_id_format: str = NAMEID_PERSISTENT
    """The format of NameID that its requests ask for."""
    other_logins_url: str | None = None
    broker: BrokerName = BrokerName.CONTEXT_HANDLER

    @property
    def levels(self) -> tuple[StatedLevel, ...]:
        """The levels it can ask for: steps of one ladder."""
        # 4 stands in old configurations, though no token states it here: asking for it shows a step-up that is refused.
        old = (NistLevel.TWO, NistLevel.THREE, NistLevel.FOUR)
        return old if self.profile is Profile.OIOSAML2 else tuple(AssuranceLevel)

    def level_called(self, text: str) -> StatedLevel:
        """Read a level in the system's own words.

        Raises:
            ValueError: for anything else.
        """
        found = next((level for level in self.levels if level.attribute_value == text), None)
        if found is None:
            known = ", ".join(level.attribute_value for level in self.levels)
            raise ValueError(f"got {text!r:.60}, expected one of {known}")
        return found


@dataclass(frozen=True, slots=True)
class SystemKeys:
    """The system's key pair, for signing and for decryption, as PEM: both stacks read PEM and nothing else."""

    private_key_pem: bytes = field(repr=False)
    certificate_pem: bytes


@dataclass(frozen=True, slots=True)
class IdpChoice:
    """A municipality's IdP that can be asked for by name."""

    entity_id: EntityId
    name: str


class RequestBinding(StrEnum):
    """How the AuthnRequest travels."""

    REDIRECT = "redirect"
    POST = "post"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginWish:
    """What one AuthnRequest asks for."""

    level: StatedLevel
    idp: EntityId | None = None
    force: bool = False
    passive: bool = False
    binding: RequestBinding = RequestBinding.REDIRECT
