"""OIOSAML 3 with KOMBIT's additions: what a home IdP of handler generation 2 sends, and what a system of it reads."""

from typing import Final

from context_handler.level import LevelDemand, question
from context_handler.profiles.profile import IncomingProfile, OutgoingProfile, Subject
from federation.model import HomeIdp
from oiosaml import attributes as names
from oiosaml.attributes import FRIENDLY_NAMES, KOMBIT_SPEC_VERSION_2, OIOSAML3_SPEC_VERSION, Attribute
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.name_id import X509SubjectName
from oiosaml.nist import NistLevel, StatedLevel
from oiosaml.nsis import Comparison
from oiosaml.rules.assertion import ASSERTION_RULES, stated_level
from oiosaml.rules.assertion_nist import stated_assurance_level
from oiosaml.uris import NAMEID_PERSISTENT, NS_BPP


def read_subject(assertion: Assertion) -> Subject:
    """Read the subject of an assertion whose rules hold, so that it has one NameID in KOMBIT's layout and one level."""
    name_id = assertion.subject.name_id if assertion.subject else None
    level = stated_level(assertion) or stated_assurance_level(assertion)
    if name_id is None or level is None:
        raise RuntimeError("the rules were not put to this assertion")
    return Subject(
        name_id=name_id,
        x509=X509SubjectName.parse(name_id.value),
        level=level,
        authn_instant=assertion.authn_statements[0].authn_instant,
        proxy_restrictions=assertion.proxy_restrictions,
        attributes={attribute.name: attribute.values for attribute in assertion.attributes},
    )


def ask(demand: LevelDemand, idp: HomeIdp) -> RequestedAuthnContext:
    """Ask for a level; only where no NSIS level would do for a NIST level. The answer is checked in any case."""
    if not demand.acceptable:
        return question(demand, demand.acceptable_assurance_levels, idp.maximum_assurance_level, exactly=False)
    exactly = demand.comparison is Comparison.EXACT and demand.requested is not None
    return question(demand, demand.acceptable, idp.nsis_reach, exactly=exactly)


def write_level(level: StatedLevel) -> Attribute:
    """Write an NSIS level as `loa`. A NIST level keeps its own name: no `loa` is ever made from it (LOA-2)."""
    return write(names.ASSURANCE_LEVEL if isinstance(level, NistLevel) else names.LOA, (level.attribute_value,))


def class_ref(level: StatedLevel) -> str:
    """Give the level as a class reference of its own ladder."""
    return level.uri


def write(name: str, values: tuple[str, ...]) -> Attribute:
    """Write an attribute under its OIOSAML 3 name, with NameFormat uri."""
    return Attribute(name, values, friendly_name=FRIENDLY_NAMES.get(name))


def meaning_of(name: str) -> str:
    """Give the name itself: it is OIOSAML 3's."""
    return name


INCOMING: Final = IncomingProfile(ASSERTION_RULES, read_subject, ask)

OUTGOING: Final = OutgoingProfile(
    fixed_values={
        names.SPEC_VERSION: (OIOSAML3_SPEC_VERSION,),
        names.KOMBIT_SPEC_VERSION: (KOMBIT_SPEC_VERSION_2,),
    },
    write=write,
    write_level=write_level,
    authn_context_class_ref=class_ref,
    meaning_of=meaning_of,
    privilege_namespace=NS_BPP,
    name_id_format=NAMEID_PERSISTENT,
)
