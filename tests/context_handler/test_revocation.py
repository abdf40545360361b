"""The simulated CA's revocation list: whose it must be, when it holds, and what becomes of keys whose certificate stands on it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from context_handler.encryption_choice import encryption_for
from context_handler.registration import Registrar
from context_handler.registry import RegistryCache
from context_handler.requester import require_usable
from context_handler.revocation import Revocations, read_revocation_list
from context_handler.store.database import Database
from context_handler.store.sqlite_registrations import SqliteRegistrations
from context_handler.upkeep import refresh_revocations
from federation.dev_ca import CRL_FILE, KeyRing, ensure_keys, key_holders, revoke
from federation.load import load_world
from federation.model import World
from federation.parties import with_own_metadata
from federation.urls import ContextHandlerUrls
from nsis_sim.placement import topology_of
from nsis_sim.settings import Settings
from oiosaml.errors import SamlError
from oiosaml.ids import DEFAULT_WORKSPACE, EntityId
from tests.builders import NOW
from tests.context_handler.rig import Rig
from tests.empty_store import empty_store

FEDERATION = Path(__file__).parents[2] / "federation.yaml"
BYGGESAG = EntityId("https://saml.byggesag.sim.test")
KORSBAEK = EntityId("https://saml.idp.korsbaek.test")
YEAR = timedelta(days=366)


@dataclass(slots=True)
class Authority:
    """A CA with everybody's certificates, in a directory, and a registry that minds its list."""

    certs: Path
    keys: KeyRing
    world: World
    revocations: Revocations
    registry: RegistryCache
    registrar: Registrar

    def revoke(self, holder: str) -> None:
        certificate = x509.load_pem_x509_certificate((self.certs / f"{holder}.crt.pem").read_bytes())
        revoke(self.certs, certificate, at=NOW)


@pytest.fixture(scope="module")
def shared_certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    certs = tmp_path_factory.mktemp("certs")
    ensure_keys(
        certs,
        key_holders(load_world(FEDERATION)),
        rsa_bits=2048,
        at=NOW,
        urls=ContextHandlerUrls("http://localhost:8000"),
    )
    return certs


@pytest.fixture
def authority(shared_certs: Path, tmp_path: Path) -> Authority:
    certs = tmp_path / "certs"
    certs.mkdir()
    for path in shared_certs.iterdir():
        (certs / path.name).write_bytes(path.read_bytes())
    settings = Settings(data_dir=tmp_path, certs_dir=certs, rsa_bits=2048, federation=FEDERATION)
    world = load_world(FEDERATION)
    topology = topology_of(settings, world, 8000)
    keys = ensure_keys(certs, key_holders(world), rsa_bits=2048, at=NOW, urls=topology.context_handler)
    world = with_own_metadata(world, topology, keys)
    revocations = Revocations((certs / CRL_FILE).read_bytes, keys.ca_certificate_der)
    revocations.refresh(NOW)
    registrations = SqliteRegistrations(Database(empty_store(tmp_path / "store.db")))
    registry = RegistryCache(registrations, DEFAULT_WORKSPACE, revocations)
    registrar = Registrar(registrations, registry, DEFAULT_WORKSPACE, context_handler=world.context_handler)
    registrar.open_world(world, NOW)
    return Authority(certs, keys, world, revocations, registry, registrar)


def test_a_revoked_key_is_barred_as_soon_as_the_list_is_read(authority: Authority) -> None:
    before = authority.registry().idp(KORSBAEK)
    assert before is not None and [key.barred for key in before.keys] == [None]
    authority.revoke("idp-korsbaek")
    assert authority.registry().idp(KORSBAEK) is before, "the list was not read yet"
    assert authority.revocations.refresh(NOW)
    after = authority.registry().idp(KORSBAEK)
    assert after is not None and [key.barred for key in after.keys] == ["key.revoked"]
    others = [each for each in authority.registry().idps() if each.registration.entity_id != KORSBAEK]
    assert {key.barred for other in others for key in other.keys} == {None}


def test_nothing_is_encrypted_to_a_revoked_key(authority: Authority) -> None:
    authority.revoke("sp-byggesag")
    authority.revocations.refresh(NOW)
    system = authority.registry().system(BYGGESAG)
    assert system is not None
    with pytest.raises(SamlError) as refused:
        encryption_for(system)
    assert refused.value.code == "key.revoked"


def test_a_list_that_ended_can_tell_nothing(authority: Authority) -> None:
    system = authority.registry().system(BYGGESAG)
    assert system is not None and system.checked_until == authority.revocations.ends
    require_usable(system, NOW)
    with pytest.raises(SamlError) as refused:
        require_usable(system, NOW + YEAR)
    assert refused.value.code == "key.unchecked"


def test_of_certificates_by_others_no_list_is_known(authority: Authority) -> None:
    from tests.context_handler.federation_rig import a_system

    own = EntityId("https://saml.own.sim.test")
    authority.registrar.register(World(systems=(a_system(entity_id=own, id="own"),)), NOW)
    system = authority.registry().system(own)
    assert system is not None and system.checked_until is None
    require_usable(system, NOW + YEAR)


def test_the_list_survives_its_renewal(authority: Authority) -> None:
    authority.revoke("sp-byggesag")
    later = NOW + timedelta(days=340)
    ensure_keys(
        authority.certs,
        key_holders(authority.world),
        rsa_bits=2048,
        at=later,
        urls=ContextHandlerUrls("http://localhost:8000"),
    )
    renewed = x509.load_der_x509_crl((authority.certs / CRL_FILE).read_bytes())
    assert len(list(renewed)) == 1 and renewed.next_update_utc is not None and renewed.next_update_utc > later


def test_revoking_twice_is_revoking_once(authority: Authority) -> None:
    authority.revoke("sp-byggesag")
    octets = (authority.certs / CRL_FILE).read_bytes()
    authority.revoke("sp-byggesag")
    assert (authority.certs / CRL_FILE).read_bytes() == octets


def test_a_strangers_certificate_is_not_ours_to_revoke(authority: Authority) -> None:
    from tests.conftest import make_member

    certificate = x509.load_der_x509_certificate(make_member("stranger").signing.certificate_der)
    with pytest.raises(ValueError, match="did not issue"):
        revoke(authority.certs, certificate, at=NOW)


def other_ca(authority: Authority, tmp_path: Path) -> bytes:
    other = tmp_path / "other"
    ensure_keys(other, (), rsa_bits=2048, at=NOW, urls=ContextHandlerUrls("http://localhost:8000"))
    return (other / CRL_FILE).read_bytes()


Broken = Callable[[Authority, Path], bytes]
BROKEN: dict[str, Broken] = {
    "no list": lambda _authority, _path: b"nothing of the kind",
    "another CA of the same name": other_ca,
    "changed": lambda authority, _path: (authority.certs / CRL_FILE).read_bytes()[:-1] + b"\x00",
    "a certificate": lambda authority, _path: authority.keys.ca_certificate_der,
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_list_that_is_not_the_cas_is_not_taken(authority: Authority, tmp_path: Path, broken: Broken) -> None:
    octets = broken(authority, tmp_path)
    before = authority.revocations.current
    (authority.certs / CRL_FILE).write_bytes(octets)
    assert authority.revocations.refresh(NOW)
    assert authority.revocations.fault is not None and authority.revocations.fault.code == "md.crl"
    assert authority.revocations.current is before


@pytest.mark.parametrize("away", [-timedelta(days=1), YEAR])
def test_a_list_holds_from_its_beginning_to_its_end(authority: Authority, away: timedelta) -> None:
    octets = (authority.certs / CRL_FILE).read_bytes()
    issuer = x509.load_der_x509_certificate(authority.keys.ca_certificate_der)
    read_revocation_list(octets, issuer, NOW)
    with pytest.raises(SamlError) as refused:
        read_revocation_list(octets, issuer, NOW + away)
    assert refused.value.code == "md.crl"


def test_an_older_list_takes_nobodys_place(authority: Authority) -> None:
    older = (authority.certs / CRL_FILE).read_bytes()
    certificate = x509.load_pem_x509_certificate((authority.certs / "sp-byggesag.crt.pem").read_bytes())
    revoke(authority.certs, certificate, at=NOW + timedelta(minutes=1))
    authority.revocations.refresh(NOW + timedelta(minutes=1))
    (authority.certs / CRL_FILE).write_bytes(older)
    authority.revocations.refresh(NOW + timedelta(minutes=2))
    assert authority.revocations.fault is not None
    assert authority.revocations.revokes(certificate.public_bytes(Encoding.DER))


def test_a_list_that_is_gone_leaves_the_last_good_one(authority: Authority) -> None:
    (authority.certs / CRL_FILE).unlink()
    assert authority.revocations.refresh(NOW)
    assert authority.revocations.current is not None


def test_one_event_for_each_change_of_state(authority: Authority, rig: Rig) -> None:
    events: list[object] = []

    class Recording:
        def record(self, _: object, written: tuple[object, ...]) -> None:
            events.extend(written)

    ports = replace(rig.ports, store=Recording())  # type: ignore[arg-type]  # only `record` is asked
    good = (authority.certs / CRL_FILE).read_bytes()
    refresh_revocations(ports, NOW, authority.revocations)
    assert events == []
    for octets in (b"broken", b"broken", good, good):
        (authority.certs / CRL_FILE).write_bytes(octets)
        refresh_revocations(ports, NOW, authority.revocations)
    assert [(event.step, event.code) for event in events] == [  # type: ignore[attr-defined]
        ("refresh_revocation_list", "md.crl"),
        ("refresh_revocation_list", None),
    ]
