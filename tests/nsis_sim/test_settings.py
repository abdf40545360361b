import pytest

from nsis_sim.settings import SettingsError, home, load_settings, settings_table


@pytest.fixture
def environment(monkeypatch):
    """Sets NSIS_ variables for a test and gives what the process then sees."""
    seen = {}

    def set_to(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        seen.update(values)
        return seen

    return set_to


def test_defaults_are_one_origin_on_loopback():
    settings = load_settings({})
    assert settings.broker_url() == "http://localhost:8000"
    assert settings.listen == ("127.0.0.1", "::1")
    assert settings.rsa_bits == 3072


def test_relative_paths_start_at_home():
    assert load_settings({}).certs_dir == home() / "certs"


def test_the_base_url_follows_the_port(environment):
    settings = load_settings(environment(NSIS_PORT="8123"))
    assert settings.broker_url() == "http://localhost:8123"


def test_the_base_url_follows_the_port_that_was_taken(environment):
    settings = load_settings(environment(NSIS_PORT="0"))
    assert settings.broker_url(40123) == "http://localhost:40123"


def test_a_configured_base_url_wins(environment):
    settings = load_settings(environment(NSIS_BASE_URL="https://ch.example.test/"))
    assert settings.broker_url(40123) == "https://ch.example.test"


def test_reads_base_urls_of_single_houses(environment):
    settings = load_settings(
        environment(NSIS_BASE_URLS="idp_mock:korsbaek=http://127.0.0.2:1 sp_demo=http://127.0.0.3:2/")
    )
    assert dict(settings.base_urls) == {"idp_mock:korsbaek": "http://127.0.0.2:1", "sp_demo": "http://127.0.0.3:2"}


def test_reads_addresses(environment):
    assert load_settings(environment(NSIS_LISTEN="0.0.0.0, ::")).listen == ("0.0.0.0", "::")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NSIS_PORT", "eighty"),
        ("NSIS_PORT", "70000"),
        ("NSIS_RSA_BITS", "1024"),
        ("NSIS_BASE_URL", "localhost:8000"),
        ("NSIS_BASE_URL", "https://login.nemlog-in.dk"),
        ("NSIS_BASE_URLS", "idp_mock"),
        ("NSIS_BASE_URLS", "idp=http://localhost:1"),
        ("NSIS_LOG_LEVEL", "loud"),
    ],
)
def test_refuses_a_value_that_cannot_be_and_names_the_variable(environment, name, value):
    with pytest.raises(SettingsError, match=name):
        load_settings(environment(**{name: value}))


def test_refuses_an_unknown_variable_and_names_the_likeliest():
    with pytest.raises(SettingsError, match=r"NSIS_PROT is no setting\. Did you mean NSIS_PORT"):
        load_settings({"NSIS_PROT": "8001"})


def test_other_variables_are_not_ours():
    load_settings({"NSISX": "1", "PATH": "/bin"})


def test_the_documented_table_is_fresh():
    assert settings_table() in (home() / "docs" / "settings.md").read_text("utf-8")
