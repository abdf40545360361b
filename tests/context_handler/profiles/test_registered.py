from collections.abc import Callable

import pytest

from context_handler.profiles import oiosaml3
from context_handler.profiles.registered import profile_of_idp, profile_of_system
from federation.model import Profile
from oiosaml.errors import SamlError
from tests.conftest import Member
from tests.context_handler.rig import IDP_SSO, home_idp, registered_idp, registered_system


def test_a_party_speaks_oiosaml_3_unless_it_is_registered_otherwise(member: Callable[[str], Member]) -> None:
    assert profile_of_idp(registered_idp(member("idp"), home_idp(), IDP_SSO)) is oiosaml3.INCOMING
    assert profile_of_system(registered_system(member("system"))) is oiosaml3.OUTGOING


def test_refuses_to_write_as_one_writes_to_nemlog_in(member: Callable[[str], Member]) -> None:
    # registration refuses it first; a store that somebody wrote to by hand must not widen anything
    with pytest.raises(SamlError) as caught:
        profile_of_system(registered_system(member("system"), profile=Profile.NEMLOGIN3))
    assert caught.value.code == "fed.profile"
