"""The TLS authority: what it vouches for, and that it cannot be misused for anything else, as a second implementation sees it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from federation.dev_ca_web import WebCertificate, ensure_web_certificate, web_ca_path

NOW = datetime.now(UTC)
HOSTS = ("ch.faelles.localhost", "idp.korsbaek.localhost")


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Perform a TLS handshake in memory; raises what the client raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(5):
        for side in (ours, theirs):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()


def contexts(files: WebCertificate) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    return server, ssl.create_default_context(cafile=str(files.ca))


@contextmanager
def forged(tmp_path: Path, files: WebCertificate, name: x509.GeneralName) -> Iterator[ssl.SSLContext]:
    """Give a server with a certificate for somebody else, made with the authority's own key."""
    ca_key = load_pem_private_key((files.ca.parent / "web-ca.key.pem").read_bytes(), None)
    ca = x509.load_pem_x509_certificate(files.ca.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .sign(ca_key, SHA256())  # type: ignore[arg-type]
    )
    chain = tmp_path / "forged.pem"
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    yield server


@pytest.mark.parametrize("host", HOSTS)
def test_every_host_is_vouched_for(tmp_path, host):
    handshake(*contexts(ensure_web_certificate(tmp_path, HOSTS, at=NOW)), host)


def test_a_host_that_was_not_named_is_not(tmp_path):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(*contexts(ensure_web_certificate(tmp_path, HOSTS, at=NOW)), "idp.skovrup.localhost")


@pytest.mark.parametrize("host", ["bank.test", "localhost.evil.test"])
def test_the_authority_cannot_vouch_for_another_host_even_with_its_key(tmp_path, host):
    files = ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    with (
        forged(tmp_path, files, x509.DNSName(host)) as server,
        pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"),
    ):
        handshake(server, contexts(files)[1], host)


def test_nor_for_an_address(tmp_path):
    from ipaddress import ip_address

    files = ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    with (
        forged(tmp_path, files, x509.IPAddress(ip_address("192.0.2.7"))) as server,
        pytest.raises(ssl.SSLCertVerificationError, match="excluded subtree violation"),
    ):
        handshake(server, contexts(files)[1], "192.0.2.7")


def test_what_is_there_is_kept(tmp_path):
    first = ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    octets = [first.key.read_bytes(), first.certificate.read_bytes(), first.ca.read_bytes()]
    second = ensure_web_certificate(tmp_path, tuple(reversed(HOSTS)), at=NOW + timedelta(days=1))
    assert [second.key.read_bytes(), second.certificate.read_bytes(), second.ca.read_bytes()] == octets


def test_a_new_host_gets_a_new_certificate_of_the_same_authority(tmp_path):
    authority = ensure_web_certificate(tmp_path, HOSTS, at=NOW).ca.read_bytes()
    files = ensure_web_certificate(tmp_path, (*HOSTS, "seb.sundhed.localhost"), at=NOW)
    assert files.ca.read_bytes() == authority
    handshake(*contexts(files), "seb.sundhed.localhost")


def test_a_certificate_about_to_expire_is_renewed_and_the_authority_stays(tmp_path):
    first = ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    certificate, authority = first.certificate.read_bytes(), first.ca.read_bytes()
    ensure_web_certificate(tmp_path, HOSTS, at=NOW + timedelta(days=340))
    assert first.certificate.read_bytes() != certificate
    assert first.ca.read_bytes() == authority


@pytest.mark.parametrize("name", ["web.key.pem", "web.crt.pem", "web-ca.key.pem", "web-ca.crt.pem"])
def test_a_broken_file_is_made_anew(tmp_path, name):
    ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    (tmp_path / name).write_bytes(b"broken")
    if name == "web-ca.key.pem":  # is needed again only for the next certificate
        (tmp_path / "web.crt.pem").unlink()
    handshake(*contexts(ensure_web_certificate(tmp_path, HOSTS, at=NOW)), HOSTS[0])


def test_keys_are_for_the_owner_only(tmp_path):
    files = ensure_web_certificate(tmp_path, HOSTS, at=NOW)
    assert {path.stat().st_mode & 0o777 for path in (files.key, web_ca_path(tmp_path).with_name("web-ca.key.pem"))} == {
        0o600
    }


def test_a_host_beyond_this_machine_is_refused(tmp_path):
    with pytest.raises(ValueError, match="under localhost"):
        ensure_web_certificate(tmp_path, ("ch.sim.test",), at=NOW)
