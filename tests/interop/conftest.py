"""One simulator as a process for all of these tests, and the foreign stacks round it, each started once and registered by command."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
import yaml

from nsis_sim.settings import home
from oiosaml.keys import SigningKey, read_signing_key
from tests.conftest import make_member
from tests.interop.apache import apache
from tests.interop.node_peers import node_peers
from tests.interop.peer import Peer
from tests.processes import END_SECONDS, Simulator, clean_environment, run_here, simulator

JOB_FUNCTION_ROLE = "http://roller.korsbaek.test/roles/jobrole/byggesagsbehandler/1"
NAMES = ("mellon", "node-saml", "samlify")


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator(tmp_path_factory.mktemp("federation"), environment=clean_environment()) as running:
        yield running


@pytest.fixture(scope="session")
def broker_key(federation: Simulator) -> SigningKey:
    certs = federation.log.parent / "certs"
    return read_signing_key(
        (certs / "context-handler.key.pem").read_bytes(), (certs / "context-handler.crt.pem").read_bytes()
    )


@pytest.fixture(scope="session")
def towards_systems(federation: Simulator) -> bytes:
    return fetch(f"{federation.base_url}/runtime/saml2/metadata.idp")


@pytest.fixture(scope="session")
def systems(
    federation: Simulator, towards_systems: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Peer]]:
    """The foreign systems by name, registered, each with a role of its own that Ane Holm's job function role gives."""
    directory = tmp_path_factory.mktemp("node")
    with (
        apache(make_member("mellon"), towards_systems) as mellon,
        node_peers(directory, make_member("node"), towards_systems) as others,
    ):
        peers = {"mellon": mellon, **others}
        for peer in peers.values():
            register(federation, peer)
        nsis(federation, "apply", str(_write_roles(directory / "roles.yaml", peers)))
        yield peers


@pytest.fixture(params=NAMES)
def system(request: pytest.FixtureRequest, systems: Mapping[str, Peer]) -> Peer:
    return systems[request.param]


def register(federation: Simulator, peer: Peer) -> None:
    # All three know only the oldest OAEP; the setting is what OIOSAML 3 allows for such, and loosens nothing.
    arguments = ("--cvr", "95000013", "--min-loa", "Substantial", "--key-transport", "rsa-oaep-mgf1p")
    nsis(federation, "sp", "add", "--metadata", peer.metadata_url, "--name", peer.name, *arguments)


def nsis(federation: Simulator, *arguments: str) -> str:
    done = run_here(*arguments, "--base-url", federation.base_url)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fetch(url: str) -> bytes:
    return httpx.get(url, trust_env=False, timeout=END_SECONDS).raise_for_status().content


def _write_roles(file: Path, peers: Mapping[str, Peer]) -> Path:
    world = yaml.safe_load((home() / "federation.yaml").read_text("utf-8"))
    role = next(each for each in world["job_function_roles"] if each["entity_id"] == JOB_FUNCTION_ROLE)
    system_roles = [
        {
            "entity_id": peer.role,
            "name": "Sagsbehandler",
            "system": peer.entity_id,
            "description": "Kan behandle sager.",
        }
        for peer in peers.values()
    ]
    role["assignments"] += [{"system_role": peer.role} for peer in peers.values()]
    file.write_text(yaml.safe_dump({"system_roles": system_roles, "job_function_roles": [role]}), "utf-8")
    return file
