"""The OIOSAML Local IdP profile: how the broker tells NemLog-in of local identifiers, for all municipalities (nemlogin3, section 5).

Four attributes and a name that NemLog-in has agreed with the municipality's login; no rights, which NemLog-in has of its own (our reading).
"""

from typing import Final

from context_handler.profiles import oiosaml3
from context_handler.profiles.profile import OutgoingProfile
from oiosaml import attributes as names
from oiosaml.attributes import OIOSAML3_SPEC_VERSION
from oiosaml.uris import NAMEID_PERSISTENT, NS_BPP

OUTGOING: Final = OutgoingProfile(
    fixed_values={names.SPEC_VERSION: (OIOSAML3_SPEC_VERSION,)},
    write=oiosaml3.write,
    write_level=oiosaml3.write_level,
    authn_context_class_ref=oiosaml3.class_ref,
    meaning_of=oiosaml3.meaning_of,
    privilege_namespace=NS_BPP,
    name_id_format=NAMEID_PERSISTENT,
    only=(names.SPEC_VERSION, names.LOA, names.CVR, names.ORG_NAME),
    names_local_users=True,
)
