import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from context_handler.endings import endings
from federation.activation_period import ActivationPeriod
from nsis_sim.diagnosis import (
    Health,
    certificates,
    clock,
    members,
    proxies,
    python_version,
    stores,
    writable,
    xml_libraries,
)
from tests.conftest import make_member
from tests.context_handler.federation_rig import a_system, a_world, an_idp, make_federation_rig
from tests.processes import clean_environment, run_nsis, shipped_keys, simulator

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def write_certificate(path, *, begins, ends):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    path.write_bytes(
        builder.not_valid_before(begins).not_valid_after(ends).sign(key, SHA256()).public_bytes(Encoding.PEM)
    )


def test_an_old_python_is_bad():
    assert python_version((3, 10)).health is Health.BAD
    assert python_version((3, 11)).health is Health.GOOD


def test_libraries_that_do_not_fit_get_a_plain_sentence():
    def load(name):
        if name == "xmlsec":
            raise RuntimeError("(-1, 'lxml & xmlsec libxml2 library version mismatch')")

    found = xml_libraries(load)
    assert found.health is Health.BAD
    assert "requirements.lock" in found.sentence


def test_a_clock_from_before_this_software_is_bad():
    assert clock(datetime(1970, 1, 1, tzinfo=UTC)).health is Health.BAD
    assert clock(AT).health is Health.GOOD


def test_a_directory_that_will_be_made_is_good(tmp_path):
    assert writable("data", tmp_path / "a" / "b").health is Health.GOOD


def test_a_file_in_the_way_is_bad(tmp_path):
    (tmp_path / "a").write_text("")
    assert writable("data", tmp_path / "a" / "b").health is Health.BAD


def test_no_certificates_yet_is_worth_knowing(tmp_path):
    assert [each.health for each in certificates(tmp_path, AT)] == [Health.WORTH_KNOWING]


def test_a_certificate_that_cannot_be_read_is_bad(tmp_path):
    (tmp_path / "x.crt.pem").write_text("nothing")
    assert Health.BAD in {each.health for each in certificates(tmp_path, AT)}


def test_a_damaged_store_is_bad_and_a_whole_one_good(tmp_path):
    sqlite3.connect(tmp_path / "whole.sqlite3").close()
    (tmp_path / "torn.sqlite3").write_bytes(b"no database at all" * 100)
    assert [each.health for each in stores(tmp_path)] == [Health.BAD, Health.GOOD]


def test_looking_at_a_store_makes_none(tmp_path):
    assert [each.health for each in stores(tmp_path)] == [Health.WORTH_KNOWING]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environment", "health"),
    [
        ({}, Health.GOOD),
        ({"HTTP_PROXY": "http://proxy.test:1"}, Health.WORTH_KNOWING),
        ({"HTTP_PROXY": "http://proxy.test:1", "NO_PROXY": "localhost,127.0.0.1"}, Health.GOOD),
    ],
)
def test_a_proxy_without_an_exception_for_localhost_is_worth_knowing(environment, health):
    assert proxies(environment).health is health


def test_the_command_says_all_well_on_a_good_machine(tmp_path):
    settings = {"NSIS_DATA_DIR": str(tmp_path / "var"), "NSIS_CERTS_DIR": str(tmp_path / "certs"), "NSIS_PORT": "0"}
    done = run_nsis("doctor", environment=clean_environment(**settings))
    assert (done.returncode, "All well." in done.stdout) == (0, True), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_ends_with_status_1_where_something_is_bad(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "nsis.sqlite3").write_bytes(b"no database at all" * 100)
    settings = {"NSIS_DATA_DIR": str(tmp_path / "var"), "NSIS_CERTS_DIR": str(tmp_path / "certs"), "NSIS_PORT": "0"}
    done = run_nsis("doctor", environment=clean_environment(**settings))
    assert (done.returncode, "BAD" in done.stdout, "move it away" in done.stdout) == (1, True, True)


def test_expiry_is_told_before_it_comes(tmp_path):
    write_certificate(tmp_path / "x.crt.pem", begins=AT - timedelta(days=1), ends=AT + timedelta(days=10))
    assert [each.health for each in certificates(tmp_path, AT)] == [Health.WORTH_KNOWING, Health.GOOD]
    assert [each.health for each in certificates(tmp_path, AT + timedelta(days=11))] == [Health.BAD, Health.GOOD]


@pytest.mark.parametrize(
    ("days", "sentences"),
    [
        (40, []),
        (29, ["ends 2026-12-22, within 30 days"]),
        (0.5, ["ends 2026-11-24, within 1 day"]),
        (-1, ["ended 2026-11-22"]),
    ],
)
def test_what_of_the_members_ends_is_told(tmp_path, days, sentences):
    federation = make_federation_rig(tmp_path)
    system = a_system(active=ActivationPeriod(end=AT + timedelta(days=days)))
    federation.registrar.open_world(a_world(systems=(system,)), AT)
    store = tmp_path / "store.db"
    expected = [f"activation of {system.entity_id} {sentence}" for sentence in sentences]
    found = list(members(store, tmp_path, AT))
    assert [each.sentence for each in found if each.sentence.startswith("activation")] == expected
    assert {each.health for each in found} <= {Health.WORTH_KNOWING}
    assert len([each for each in found if " is " not in each.sentence]) == len(endings(federation.registry(), AT))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, None),
        ({"withdrawn": True}, "withdrawn"),
        ({"enabled": False}, "switched off"),
        ({"active": ActivationPeriod(start=AT + timedelta(days=1))}, "not active at this time"),
        (
            {"withdrawn_keys": (make_member("idp").verification.fingerprint,)},
            "without a key that is not withdrawn or revoked",
        ),
    ],
)
def test_a_member_that_takes_no_part_is_told(tmp_path, changes, said):
    federation = make_federation_rig(tmp_path)
    idp = an_idp(**changes)
    federation.registrar.open_world(a_world(idps=(idp,)), AT)
    found = [each.sentence for each in members(tmp_path / "store.db", tmp_path, AT) if " is " in each.sentence]
    assert found == ([f"{idp.entity_id} is {said}"] if said else [])


def test_the_command_reads_the_revocation_list(tmp_path):
    """A key that its CA revoked is told though nobody withdrew it; a list of no CA says nothing."""
    settings = {"NSIS_DATA_DIR": str(tmp_path / "var"), "NSIS_CERTS_DIR": str(shipped_keys(tmp_path / "certs"))}
    environment = clean_environment(**settings, NSIS_PORT="0", NSIS_RSA_BITS="2048")
    with simulator(tmp_path, environment=environment):
        pass
    assert "All well." in run_nsis("doctor", environment=environment).stdout
    revoked = run_nsis("keys", "revoke", str(tmp_path / "certs" / "idp-korsbaek.crt.pem"), environment=environment)
    assert revoked.returncode == 0, revoked.stderr
    told = run_nsis("doctor", environment=environment)
    sentence = "https://saml.idp.korsbaek.test is without a key that is not withdrawn or revoked"
    assert (told.returncode, sentence in told.stdout, "All well." in told.stdout) == (0, True, False), told.stdout


def test_no_members_and_no_store_are_nothing_to_tell(tmp_path):
    (tmp_path / "torn.sqlite3").write_bytes(b"no database at all" * 100)
    assert list(members(tmp_path / "torn.sqlite3", tmp_path, AT)) == []
    assert list(members(tmp_path / "none.sqlite3", tmp_path, AT)) == []
    assert [path.name for path in tmp_path.iterdir()] == ["torn.sqlite3"]
