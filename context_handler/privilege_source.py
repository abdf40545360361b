"""The user's rights as an assertion carries them: OIOBPP, and beside it the values of dynamic data constraints."""

from collections.abc import Mapping
from dataclasses import field

from context_handler.profiles.profile import Subject
from oiosaml.attributes import PARAMETRIC_SUFFIX, PRIVILEGES_INTERMEDIATE
from oiosaml.errors import Party, SamlError
from oiosaml.privileges import PrivilegeList, read_privileges
from oiosaml.value_type import value_type


@value_type
class StatedRights:
    """What the municipality says of a user's rights, in its token or through its attribute service."""

    privileges: PrivilegeList = field(default_factory=PrivilegeList)
    parametric: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes named by the key of a dynamic data constraint, for roles whose group does not hold the value itself."""


def stated_in(attributes: Mapping[str, tuple[str, ...]]) -> StatedRights:
    """Read the rights in an assertion's attributes; a user without OIOBPP is a user without rights.

    Raises:
        SamlError: `priv.encoding`, `priv.xml`, `priv.schema`, `priv.scope` or `priv.limits` if OIOBPP is there but wrong;
            `fed.attribute` if there are several values of it.
    """
    values = attributes.get(PRIVILEGES_INTERMEDIATE, ())
    if len(values) > 1:
        raise SamlError(
            "fed.attribute", f"got {len(values)} values of privilegesIntermediate, expected one (OIOBPP section 5)"
        )
    if not values or not values[0].strip():
        return StatedRights()
    parametric = {name: each for name, each in attributes.items() if name.endswith(PARAMETRIC_SUFFIX)}
    return StatedRights(read_privileges(values[0]), parametric)


def stated_in_token(subject: Subject) -> StatedRights:
    """Read the rights that the home IdP put into its token; what is wrong with them is the IdP's to mend.

    Raises:
        SamlError: as `stated_in`.
    """
    try:
        return stated_in(subject.attributes)
    except SamlError as error:
        error.party = Party.HOME_IDP
        raise
