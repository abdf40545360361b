"""The attributes the demo systems ask for in their metadata: the KOMBIT profile (context-handler section 9), and the name to greet with."""

from typing import Final

from oiosaml.attributes import (
    CVR,
    EMAIL,
    FRIENDLY_NAMES,
    FULL_NAME,
    KOMBIT_SPEC_VERSION,
    LOA,
    ORG_NAME,
    PRIVILEGES_INTERMEDIATE,
    SPEC_VERSION,
)

_REQUIRED: Final = (SPEC_VERSION, KOMBIT_SPEC_VERSION, LOA, CVR, ORG_NAME, PRIVILEGES_INTERMEDIATE)
_WELCOME: Final = (EMAIL, FULL_NAME)

REQUESTED_ATTRIBUTES: Final = (
    *((name, FRIENDLY_NAMES[name], True) for name in _REQUIRED),
    *((name, FRIENDLY_NAMES[name], False) for name in _WELCOME),
)
"""URI, friendly name, and whether it is required. E-mail is not: a municipality may not know one."""
