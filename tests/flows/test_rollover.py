"""The broker's key is changed by command, with a restart after each step, and no login is lost."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from nsis_sim.browser import Page
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.metadata import EntityDescriptor, encryption_keys, signing_keys
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.flows.street import Street, log_in, open_street, text_of
from tests.processes import clean_environment, run_nsis

TOWARDS_SYSTEMS = "/runtime/saml2/metadata.idp"
TOWARDS_IDPS = "/runtime/saml2auth/metadata.idp"
FACES = (TOWARDS_SYSTEMS, TOWARDS_IDPS)
LOGINS = (("byggesag", "korsbaek", "ane-holm", "Ane Holm"), ("ydelser", "skovrup", "ib-noehr", "Ib Nøhr"))


def rollover(step: str, certs: Path) -> tuple[int, str]:
    environment = clean_environment(NSIS_CERTS_DIR=str(certs), NSIS_RSA_BITS="2048")
    done = run_nsis("keys", "rollover", step, environment=environment)
    return done.returncode, done.stderr


def entity(octets: bytes) -> EntityDescriptor:
    read = read_metadata(octets).entity
    assert read is not None
    return read


def signers(octets: bytes) -> tuple[VerificationKey, ...]:
    role = entity(octets).idp or entity(octets).sp
    assert role is not None
    return signing_keys(role.keys)


def encrypted_to(street: Street) -> list[str]:
    role = entity(street.get(TOWARDS_IDPS).content).sp
    assert role is not None
    return [each.key.fingerprint for each in encryption_keys(role.keys) if each.key is not None]


def signed_by_one_of(octets: bytes, keys: tuple[VerificationKey, ...]) -> str:
    return verify_enveloped(parse_metadata(octets), keys, lambda root: root.tag).signer


def everybody_logs_in(street: Street) -> None:
    for system, idp, persona, name in LOGINS:
        page: Page = log_in(street, system, idp, persona)
        assert page.url.endswith("/result"), page.text
        assert name in text_of(page)


def fingerprint(street: Street) -> str:
    return read_verification_key(street.keys.context_handler.certificate_der).fingerprint


@pytest.fixture
def own_certs(street: Street, certs: Path, tmp_path: Path) -> Path:
    """The session's keys, to be changed by one test."""
    assert street.keys.next_context_handler is None
    return shutil.copytree(certs, tmp_path / "certs")


def test_the_key_changes_and_no_login_is_lost(own_certs: Path, tmp_path: Path) -> None:
    with ExitStack() as life:
        street = life.enter_context(open_street(tmp_path / "data", own_certs))
        old = fingerprint(street)
        before = {face: street.get(face).content for face in FACES}

    assert rollover("begin", own_certs) == (0, "")
    with ExitStack() as life:
        street = life.enter_context(open_street(tmp_path / "data", own_certs))
        during = {face: street.get(face).content for face in FACES}
        for face in FACES:
            fingerprints = [key.fingerprint for key in signers(during[face])]
            assert fingerprints[0] == old and len(set(fingerprints)) == 2, face
            assert signed_by_one_of(during[face], signers(before[face])) == old, "a copy from before is still good"
        announced = encrypted_to(street)
        everybody_logs_in(street)

    assert rollover("complete", own_certs) == (0, "")
    with ExitStack() as life:
        street = life.enter_context(open_street(tmp_path / "data", own_certs))
        new = fingerprint(street)
        assert new != old
        for face in FACES:
            after = street.get(face).content
            assert [key.fingerprint for key in signers(after)] == [new]
            assert signed_by_one_of(after, signers(during[face])) == new, "a copy from between is still good"
        assert announced == [new] == encrypted_to(street)
        everybody_logs_in(street)


def test_steps_out_of_order_are_refused(own_certs: Path) -> None:
    assert rollover("complete", own_certs) == (1, "No rollover has begun; `nsis keys rollover begin` begins one.\n")
    assert rollover("begin", own_certs) == (0, "")
    status, said = rollover("begin", own_certs)
    assert (status, "already begun" in said) == (1, True)
