"""The user's rights as an assertion carries them."""

from context_handler.profiles.profile import Subject
from oiosaml.attributes import PRIVILEGES_INTERMEDIATE
from oiosaml.errors import Party, SamlError
from oiosaml.privileges import PrivilegeList, read_privileges


def privileges_of(values: tuple[str, ...]) -> PrivilegeList:
    """Read the OIOBPP in the attribute's values; a user without it is a user without rights.

    Raises:
        SamlError: `priv.encoding`, `priv.xml`, `priv.schema`, `priv.scope` or `priv.limits` if it is there but wrong;
            `fed.attribute` if there are several values.
    """
    if len(values) > 1:
        raise SamlError(
            "fed.attribute", f"got {len(values)} values of privilegesIntermediate, expected one (OIOBPP section 5)"
        )
    return read_privileges(values[0]) if values and values[0].strip() else PrivilegeList()


def privileges_in_token(subject: Subject) -> PrivilegeList:
    """Read the rights that the home IdP put into its token; what is wrong with them is the IdP's to mend.

    Raises:
        SamlError: as `privileges_of`.
    """
    try:
        return privileges_of(subject.values_of(PRIVILEGES_INTERMEDIATE))
    except SamlError as error:
        error.party = Party.HOME_IDP
        raise
