"""Keys change and no login is lost: the broker's by command, a member's by its metadata, each with restarts in between."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from federation.dev_ca import ensure_keys, key_holders
from nsis_sim.browser import Browser, Page
from oiosaml.keys import VerificationKey, read_verification_key
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import (
    EntityDescriptor,
    KeyDescriptor,
    encryption_keys,
    signing_keys,
)
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.xml.parse import parse_metadata
from oiosaml.xml.verify import verify_enveloped
from tests.flows.street import Street, log_in, open_street, press, start, text_of
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


@dataclass
class Wherever(httpx.BaseTransport):
    """A browser's way along the street that is open now, and to houses that were not restarted with it."""

    street: Street
    before: Street | None = None
    stayed: str = ""
    """Path of the house that is still the one of `before`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        stayed = self.before is not None and request.url.path.startswith(self.stayed)
        street = self.before if stayed and self.before else self.street
        return street.transport.handle_request(request)


@dataclass
class Member:
    """A party that the test looks after: its key files, and what it has registered."""

    kind: str
    name: str
    holder: str
    certs: Path

    def key_in_use(self, street: Street) -> VerificationKey:
        return read_verification_key(street.keys.key_sets[self.holder].certificate_der)

    def next_key(self, street: Street) -> VerificationKey:
        """Make the party's next key, as its files will have it."""
        holders = [
            replace(each, id=f"{self.holder}.next") for each in key_holders(street.world) if each.id == self.holder
        ]
        urls = street.topology.context_handler
        ring = ensure_keys(self.certs, holders, rsa_bits=2048, at=street.clock(), urls=urls)
        return read_verification_key(ring.key_sets[f"{self.holder}.next"].certificate_der)

    def takes_it_into_use(self) -> None:
        for ending in ("key.pem", "crt.pem"):
            (self.certs / f"{self.holder}.next.{ending}").replace(self.certs / f"{self.holder}.{ending}")

    def registers(
        self, street: Street, *, signing: Sequence[VerificationKey], encryption: VerificationKey | None = None
    ) -> None:
        """Put its metadata anew, at the API of the running broker."""
        path = f"/_sim/api/{self.kind}/{self.name}"
        document = street.get(path).json()["registration"]
        face = entity(document["metadata"].encode())
        keys = tuple(KeyDescriptor("signing", key) for key in signing)
        if face.sp is not None:
            as_before, *_ = encryption_keys(face.sp.keys)
            keys = (*keys, replace(as_before, use="encryption", key=encryption))
            face = replace(face, sp=replace(face.sp, keys=keys))
        if face.idp is not None:
            face = replace(face, idp=replace(face.idp, keys=keys))
        changed = {"metadata": serialise(write_entity_descriptor(face)).decode(), "simulated": False}
        answer = street.put(path, json=document | changed)
        assert answer.status_code == 200, answer.text


def opened_at_the_idp(browser: Browser, street: Street) -> Page:
    page = browser.visit(start(street, "byggesag", "korsbaek", force="1"))
    assert page.url.startswith(street.topology.idp("korsbaek").base_url), page.text
    return page


def goes_in(browser: Browser, page: Page) -> None:
    page = press(browser, page, "persona", "ane-holm")
    assert page.url.endswith("/byggesag/result"), page.text
    assert "Ane Holm" in text_of(page)


def test_an_idps_key_changes_and_no_login_is_lost(own_certs: Path, tmp_path: Path) -> None:
    """Both keys are registered, the new one signs, the old one goes; at each step a login is under way."""
    idp = Member("idps", "korsbaek", "idp-korsbaek", own_certs)
    with open_street(tmp_path / "data", own_certs) as before:
        way = Wherever(before)
        with Browser(headers={"Accept-Language": "da"}, transport=way) as browser:
            old, new = idp.key_in_use(before), idp.next_key(before)
            opened = opened_at_the_idp(browser, before)
            idp.registers(before, signing=(old, new))
            goes_in(browser, opened)
            everybody_logs_in(before)
            opened = opened_at_the_idp(browser, before)
            idp.takes_it_into_use()
            with open_street(tmp_path / "data", own_certs) as after:
                assert idp.key_in_use(after).fingerprint == new.fingerprint
                way.street, way.before, way.stayed = after, before, before.topology.system("byggesag").path
                goes_in(browser, opened)
                everybody_logs_in(after)
                opened = opened_at_the_idp(browser, after)
                idp.registers(after, signing=(new,))
                goes_in(browser, opened)
                everybody_logs_in(after)
                assert after.audit()["conserved"]


def test_a_systems_key_changes_and_no_login_is_lost(own_certs: Path, tmp_path: Path) -> None:
    """Both keys are registered for its signature; it is encrypted to the new one from the moment when the system can read that."""
    system = Member("systems", "byggesag", "sp-byggesag", own_certs)
    with open_street(tmp_path / "data", own_certs) as street, street.browser() as browser:
        old, new = system.key_in_use(street), system.next_key(street)
        opened = opened_at_the_idp(browser, street)
        system.registers(street, signing=(old, new), encryption=old)
        goes_in(browser, opened)
        everybody_logs_in(street)
    system.takes_it_into_use()
    with open_street(tmp_path / "data", own_certs) as street, street.browser() as browser:
        assert system.key_in_use(street).fingerprint == new.fingerprint
        opened = opened_at_the_idp(browser, street)
        system.registers(street, signing=(old, new), encryption=new)
        goes_in(browser, opened)
        opened = opened_at_the_idp(browser, street)
        system.registers(street, signing=(new,), encryption=new)
        goes_in(browser, opened)
        everybody_logs_in(street)
        assert street.audit()["conserved"]


def test_steps_out_of_order_are_refused(own_certs: Path) -> None:
    assert rollover("complete", own_certs) == (1, "No rollover has begun; `nsis keys rollover begin` begins one.\n")
    assert rollover("begin", own_certs) == (0, "")
    status, said = rollover("begin", own_certs)
    assert (status, "already begun" in said) == (1, True)
