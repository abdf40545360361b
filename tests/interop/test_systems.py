"""Systems on stacks that are not ours log a person in with a signed and encrypted assertion, and refuse what was tampered with."""

from oiosaml.attributes import CVR, LOA, SPEC_VERSION
from tests.interop.peer import ANE_HOLM, Peer


def test_a_person_logs_in(system: Peer) -> None:
    page = ANE_HOLM.log_in(system)
    assert page.status == 200, page.text
    profile = system.read(page)
    assert profile.attributes[LOA] == "Substantial"
    assert profile.attributes[CVR] == "91000013"
    assert profile.attributes[SPEC_VERSION] == "OIO-SAML-3.0"
    assert [group.privileges for group in profile.privileges.groups] == [(system.role,)]
