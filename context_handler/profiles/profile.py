"""What a profile is to the broker: a way to ask and understand a home IdP, and a way to write to a system.

Between the two everything is said in one vocabulary, the attribute names of OIOSAML 3, so that no profile knows another.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from context_handler.level import LevelDemand
from federation.model import HomeIdp
from oiosaml.attributes import Attribute
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import Assertion, ProxyRestriction
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.nist import StatedLevel
from oiosaml.rules.assertion import AssertionExpectations
from oiosaml.rules.rule import Rule
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.value_type import value_type


@value_type
class Subject:
    """Whom a checked assertion is about, and what the home IdP says of that person."""

    name_id: NameId
    """As the home IdP wrote it."""
    x509: X509SubjectName
    level: StatedLevel
    authn_instant: datetime
    attributes: Mapping[str, tuple[str, ...]]
    """Under the names of OIOSAML 3, whichever profile the home IdP speaks."""
    proxy_restrictions: tuple[ProxyRestriction, ...] = ()
    """To whom this may be told, says the home IdP."""

    def may_be_told_to(self, system: EntityId) -> bool:
        """Tell whether the home IdP allows a token for `system` that rests on what it said."""
        return all(each.allows(system) for each in self.proxy_restrictions)

    @property
    def name_towards_municipality(self) -> NameId:
        """By what name an attribute service knows the person: as the home IdP wrote it, if that was KOMBIT's layout (AS-05)."""
        if self.name_id.format == NAMEID_X509_SUBJECT_NAME:
            return self.name_id
        return NameId(str(self.x509), NAMEID_X509_SUBJECT_NAME)

    def values_of(self, name: str) -> tuple[str, ...]:
        """The values of the attribute that OIOSAML 3 calls `name`; empty if the home IdP said nothing of it."""
        return self.attributes.get(name, ())


@value_type
class IncomingProfile:
    """How a home IdP is asked and understood."""

    assertion_rules: tuple[Rule[Assertion, AssertionExpectations], ...]
    """What its assertions must keep, in the order in which they refuse."""
    read_subject: Callable[[Assertion], Subject]
    """Reads an assertion whose rules hold; a RuntimeError if they do not."""
    ask: Callable[[LevelDemand, HomeIdp], RequestedAuthnContext]
    """Says in the profile's own words which level is wanted of an IdP that can meet the demand."""
    name_id_formats: tuple[str, ...] = (NAMEID_X509_SUBJECT_NAME,)
    """The formats in which it may name the person."""
    takes_app_switch: bool = False
    """Whether it is told which app the person comes from, whatever its registration says."""
    takes_credential_types: bool = False
    """Whether it knows credential types: then they are passed on, and the answer must keep to them."""
    may_be_plain: bool = False
    """Whether the profile knows unencrypted assertions at all; a registration must allow them as well."""

    def credential_types_of(self, asked: RequestedAuthnContext | None) -> tuple[str, ...]:
        """Give the credential types that a request demands of a login at such an IdP, any of which will do; none if it cannot tell them."""
        return asked.credential_types if asked is not None and self.takes_credential_types else ()


@value_type
class OutgoingProfile:
    """How an assertion is written for a system."""

    fixed_values: Mapping[str, tuple[str, ...]]
    """What every assertion says of itself, such as its version; under the names of OIOSAML 3."""
    write: Callable[[str, tuple[str, ...]], Attribute]
    """Writes an attribute, named as in OIOSAML 3, under the profile's own name."""
    write_level: Callable[[StatedLevel], Attribute]
    """Writes the attribute that states the level."""
    authn_context_class_ref: Callable[[StatedLevel], str]
    meaning_of: Callable[[str], str | None]
    """Gives OIOSAML 3's name of an attribute that the system's metadata asks for; None if the profile has no such attribute."""
    privilege_namespace: str
    """Of the OIOBPP document."""
    name_id_format: str
    """The format where neither the registration nor the metadata names one."""
    encrypts_always: bool = True
    """Whether a system without an encryption key gets nothing; otherwise it gets its assertion signed and unencrypted."""
    only: tuple[str, ...] | None = None
    """The attributes that it carries, whatever a system asks for; None leaves that to the registration."""
    names_local_users: bool = False
    """Whether the person goes by the local user id that NemLog-in has agreed with the home IdP."""
