import multiprocessing
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from federation.dev_ca import (
    KeyRing,
    begin_rollover,
    complete_rollover,
    ensure_keys,
    key_holders,
)
from federation.dev_ca_certificates import KeyHolder
from federation.model import World
from federation.played import played_by_idp_mock
from federation.urls import ContextHandlerUrls
from oiosaml.ids import Cvr
from tests.federation.conftest import AT
from tests.processes import END_SECONDS, START_SECONDS

URLS = ContextHandlerUrls("http://localhost:8000")
BROKER = KeyHolder("context-handler", "Simuleret Context Handler", "Infrastruktur", Cvr("96000014"), "https://ch.test")
OTHER = KeyHolder("idp-korsbaek", "IdP Korsbæk", "Korsbæk Kommune", Cvr("91000013"), "https://idp.test")


def _ensure(directory: Path, *holders: KeyHolder, at=AT) -> KeyRing:
    return ensure_keys(directory, holders or (BROKER,), rsa_bits=2048, at=at, urls=URLS)


def test_everybody_the_simulator_plays_has_a_key(shipped_world: World, key_ring: KeyRing) -> None:
    for idp in played_by_idp_mock(shipped_world):
        assert key_ring.idp(idp.id).signing.private_key.key_size == 2048
    assert key_ring.system("byggesag") != key_ring.system("ydelser")
    assert key_ring.idp("skovrup") != key_ring.attribute_service("skovrup")
    assert key_ring.context_handler.certificate_der == key_ring.context_handler.signing.certificate_der
    assert key_ring.next_context_handler is None
    assert len(key_ring.pairwise_secret) == 32


def test_certificates_have_the_shape_of_oces3(key_ring: KeyRing) -> None:
    certificate = x509.load_pem_x509_certificate(key_ring.system("byggesag").certificate_pem)
    issuer = x509.load_der_x509_certificate(key_ring.ca_certificate_der)

    certificate.verify_directly_issued_by(issuer)
    parameters = certificate.signature_algorithm_parameters
    assert isinstance(parameters, padding.PSS)
    assert parameters._salt_length == 32
    assert isinstance(certificate.signature_hash_algorithm, SHA256)
    assert isinstance(certificate.public_key(), rsa.RSAPublicKey)
    subject = {a.oid.dotted_string: a.value for a in certificate.subject}
    assert subject["2.5.4.97"] == "NTRDK-95000013"
    assert subject["2.5.4.10"] == "Fagsystemhuset ApS"
    assert subject["2.5.4.5"].startswith("UI:DK-O:G:")
    assert "SIMULERET" in subject["2.5.4.3"]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.key_encipherment
    assert not usage.key_cert_sign
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert [p.policy_identifier.dotted_string for p in policies] == ["0.4.0.2042.1.1", "1.2.208.169.1.1.1.3.7.1"]
    crl = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert crl[0].full_name[0].value == "http://localhost:8000/_sim/ca/ca.crl"
    assert certificate.not_valid_after_utc - AT == timedelta(days=3 * 365)


def test_the_authority_never_bears_a_real_name(key_ring: KeyRing) -> None:
    issuer = x509.load_der_x509_certificate(key_ring.ca_certificate_der).subject.rfc4514_string()

    assert "CN=SIMULERET OCES CA (TEST)" in issuer
    assert "Den Danske Stat" not in issuer


def test_revocation_list_is_signed_by_the_authority_and_empty(key_ring: KeyRing) -> None:
    crl = x509.load_der_x509_crl(key_ring.crl_der)
    issuer = x509.load_der_x509_certificate(key_ring.ca_certificate_der)

    assert len(list(crl)) == 0
    assert crl.issuer == issuer.subject
    issuer.public_key().verify(crl.signature, crl.tbs_certlist_bytes, padding.PSS(padding.MGF1(SHA256()), 32), SHA256())


def test_long_names_are_cut_to_what_a_certificate_takes(tmp_path: Path) -> None:
    holder = KeyHolder("context-handler", "Å" * 200, "Ø" * 200, Cvr("96000014"), "https://ch.test")

    ring = _ensure(tmp_path, holder)

    certificate = x509.load_pem_x509_certificate(ring.context_handler.certificate_pem)
    assert [
        len(str(a.value).encode()) for a in certificate.subject if a.oid.dotted_string in {"2.5.4.3", "2.5.4.10"}
    ] == [
        64,
        64,
    ]


def test_a_second_start_keeps_every_octet(tmp_path: Path) -> None:
    first = _ensure(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    second = _ensure(tmp_path, at=AT + timedelta(days=30))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert second.context_handler.certificate_pem == first.context_handler.certificate_pem
    assert second.pairwise_secret == first.pairwise_secret


def test_a_new_party_gets_a_key_and_the_others_keep_theirs(tmp_path: Path) -> None:
    first = _ensure(tmp_path)

    second = _ensure(tmp_path, BROKER, OTHER)

    assert second.context_handler.certificate_pem == first.context_handler.certificate_pem
    assert second.idp("korsbaek").signing.private_key != first.context_handler.signing.private_key


@pytest.fixture
def umask() -> Iterator[None]:
    """The one that most people have, whatever it is here."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    _ensure(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert {name for name, mode in modes.items() if mode == 0o600} == {
        "ca.key.pem",
        "context-handler.key.pem",
        "pairwise.secret",
    }


def test_a_certificate_about_to_expire_is_renewed_for_the_same_key(tmp_path: Path) -> None:
    first = _ensure(tmp_path).context_handler
    later = AT + timedelta(days=3 * 365 - 29)

    renewed = _ensure(tmp_path, at=later).context_handler

    assert renewed.private_key_pem == first.private_key_pem
    assert x509.load_der_x509_certificate(renewed.certificate_der).not_valid_after_utc > later + timedelta(days=1000)


@pytest.mark.parametrize(
    "name",
    ["context-handler.crt.pem", "context-handler.key.pem", "ca.crt.pem", "ca.key.pem", "ca.crl", "pairwise.secret"],
)
def test_broken_files_are_made_anew(tmp_path: Path, name: str) -> None:
    _ensure(tmp_path)
    (tmp_path / name).write_bytes(b"half writ")

    ring = _ensure(tmp_path)

    certificate = x509.load_pem_x509_certificate(ring.context_handler.certificate_pem)
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(ring.ca_certificate_der))
    assert certificate.public_key() == ring.context_handler.signing.private_key.public_key()
    assert len(ring.pairwise_secret) == 32


def test_rollover_publishes_a_second_key_and_then_uses_it(tmp_path: Path, shipped_world: World) -> None:
    small = World(context_handler=shipped_world.context_handler)
    holders = key_holders(small)
    old = _ensure(tmp_path, *holders).context_handler

    during = begin_rollover(tmp_path, small, rsa_bits=2048, at=AT, urls=URLS)
    assert during.context_handler.certificate_pem == old.certificate_pem
    assert during.next_context_handler is not None
    assert _ensure(tmp_path, *holders).next_context_handler is not None, "a rollover outlives a restart"

    complete_rollover(tmp_path)
    after = _ensure(tmp_path, *holders)
    assert after.context_handler.certificate_pem == during.next_context_handler.certificate_pem
    assert after.next_context_handler is None


def test_completing_a_rollover_that_never_began_changes_nothing(tmp_path: Path) -> None:
    before = _ensure(tmp_path).context_handler.certificate_pem

    with pytest.raises(FileNotFoundError):
        complete_rollover(tmp_path)

    assert _ensure(tmp_path).context_handler.certificate_pem == before


def _start(directory: Path, start, answers) -> None:
    start.wait()
    answers.put(_ensure(directory, BROKER, OTHER).context_handler.certificate_pem)


def test_processes_that_start_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(3), context.Queue()
    processes = [context.Process(target=_start, args=(tmp_path, start, answers)) for _ in range(3)]
    for process in processes:
        process.start()
    certificates = {answers.get(timeout=START_SECONDS) for _ in processes}
    for process in processes:
        process.join(END_SECONDS)

    assert certificates == {_ensure(tmp_path, BROKER, OTHER).context_handler.certificate_pem}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".context")]


def test_small_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2048"):
        ensure_keys(tmp_path, (BROKER,), rsa_bits=1024, at=AT, urls=URLS)


def test_no_secret_shows_in_a_representation(key_ring: KeyRing) -> None:
    text = repr(key_ring)

    assert "PRIVATE KEY" not in text
    assert repr(key_ring.pairwise_secret) not in text
