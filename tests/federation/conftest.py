from datetime import UTC, datetime
from pathlib import Path

import pytest

from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.load import load_world
from federation.model import World
from federation.topology import Topology, default_topology

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 3, 4, 8, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def shipped_world() -> World:
    """The world of federation.yaml."""
    return load_world(ROOT / "federation.yaml")


@pytest.fixture(scope="session")
def topology(shipped_world: World) -> Topology:
    """Everything on one origin."""
    return default_topology("http://localhost:8000", shipped_world)


@pytest.fixture(scope="session")
def key_ring(shipped_world: World, topology: Topology, tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    """Keys of 2048 bits for everybody in the shipped world."""
    directory = tmp_path_factory.mktemp("certs")
    return ensure_keys(directory, key_holders(shipped_world), rsa_bits=2048, at=AT, urls=topology.context_handler)
