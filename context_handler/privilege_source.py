"""The user's rights as the home IdP put them into the token."""

from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.errors import SamlError
from oiosaml.messages.assertion import Assertion
from oiosaml.privileges import PrivilegeList, read_privileges


def privileges_of(assertion: Assertion) -> PrivilegeList:
    """Read the OIOBPP of an assertion; a user without it is a user without rights.

    Raises:
        SamlError: `priv.encoding`, `priv.xml`, `priv.schema`, `priv.scope` or `priv.limits` if it is there but wrong;
            `fed.attribute` if there are several values.
    """
    values = assertion.values_of(PRIVILEGES_INTERMEDIATE)
    if len(values) > 1:
        raise SamlError(
            "fed.attribute", f"got {len(values)} values of privilegesIntermediate, expected one (OIOBPP section 5)"
        )
    return read_privileges(values[0]) if values and values[0].strip() else PrivilegeList()
