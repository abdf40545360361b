"""OIOSAML 2.0.9 (DK-SAML 2.0) as KOMBIT uses it: what an IdP of handler generation 1 sends, and what a system of it reads.

Its only level is NIST's AssuranceLevel. A system that reads it is told an NSIS level by its counterpart; an IdP that speaks it states no
NSIS level, whatever its token holds.
"""

from typing import Final

from context_handler.level import LevelDemand, question
from context_handler.profiles.profile import IncomingProfile, OutgoingProfile, Subject
from federation.model import HomeIdp
from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.attributes import Attribute
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.name_id import X509SubjectName
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import Comparison
from oiosaml.rules.assertion_nist import stated_assurance_level
from oiosaml.rules.assertion_oiosaml2 import ASSERTION_RULES_OIOSAML2
from oiosaml.uris import NAME_FORMAT_BASIC, NAMEID_X509_SUBJECT_NAME, NS_BPP_LEGACY


def read_subject(assertion: Assertion) -> Subject:
    """Read the subject of an assertion whose rules hold, and what is said of it in the words of OIOSAML 3; the level stays NIST's."""
    name_id = assertion.subject.name_id if assertion.subject else None
    level = stated_assurance_level(assertion)
    if name_id is None or level is None:
        raise RuntimeError("the rules were not put to this assertion")
    return Subject(
        name_id=name_id,
        x509=X509SubjectName.parse(name_id.value),
        level=level,
        authn_instant=assertion.authn_statements[0].authn_instant,
        proxy_restrictions=assertion.proxy_restrictions,
        attributes={old.meaning_of(attribute.name): attribute.values for attribute in assertion.attributes},
    )


def ask(demand: LevelDemand, idp: HomeIdp) -> RequestedAuthnContext:
    """Ask for a NIST level; an IdP that reaches none is not asked."""
    exactly = demand.comparison is Comparison.EXACT and demand.requested_assurance is not None
    return question(demand, demand.acceptable_assurance_levels, idp.maximum_assurance_level, exactly=exactly)


def write(name: str, values: tuple[str, ...]) -> Attribute:
    """Write an attribute, named as in OIOSAML 3, under its OIOSAML 2 name, with NameFormat basic."""
    own = old.NAMES[name]
    return Attribute(own, values, NAME_FORMAT_BASIC, old.FRIENDLY_NAMES.get(own))


def write_level(level: StatedLevel) -> Attribute:
    """Write the AssuranceLevel: the NIST level as it came, or the counterpart of the NSIS level."""
    values = (_nist(level).attribute_value,)
    return Attribute(names.ASSURANCE_LEVEL, values, NAME_FORMAT_BASIC, old.FRIENDLY_NAMES[names.ASSURANCE_LEVEL])


def class_ref(level: StatedLevel) -> str:
    """Give the level as the class reference by which older systems ask for it."""
    return _nist(level).uri


def _nist(level: StatedLevel) -> NistLevel:
    return level if isinstance(level, NistLevel) else NistLevel.counterpart_of(level)


INCOMING: Final = IncomingProfile(ASSERTION_RULES_OIOSAML2, read_subject, ask, may_be_plain=True)

OUTGOING: Final = OutgoingProfile(
    fixed_values={names.SPEC_VERSION: (old.DK_SAML_2,), names.KOMBIT_SPEC_VERSION: (old.KOMBIT_SPEC_VERSION_1,)},
    write=write,
    write_level=write_level,
    authn_context_class_ref=class_ref,
    meaning_of=old.MEANINGS.get,
    privilege_namespace=NS_BPP_LEGACY,
    name_id_format=NAMEID_X509_SUBJECT_NAME,
    encrypts_always=False,
)
