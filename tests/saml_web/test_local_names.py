import pytest

from saml_web.local_names import address_of, is_local_name


@pytest.mark.parametrize("host", ["localhost", "ch.faelles.localhost", "IDP.Korsbaek.LocalHost", "a.localhost."])
def test_names_under_localhost_are_this_machine(host):
    assert is_local_name(host)


@pytest.mark.parametrize("host", ["localhost.evil.test", "evillocalhost", "127.0.0.1", "korsbaek.test", ""])
def test_other_names_are_not(host):
    assert not is_local_name(host)
    assert address_of(host) == host


def test_a_name_under_localhost_is_connected_to_by_the_loopback_address():
    assert address_of("ch.faelles.localhost") == "127.0.0.1"
    assert address_of("localhost") == "localhost"
