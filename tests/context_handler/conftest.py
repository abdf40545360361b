"""A fresh broker for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from context_handler.audit import audit
from tests.builders import NOW
from tests.context_handler.logout_rig import Street, make_street
from tests.context_handler.rig import Rig, make_rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


@pytest.fixture
def street(rig: Rig) -> Iterator[Street]:
    """A person's browser between three systems, an IdP and the broker, which has lost no login and no logout at the end."""
    made = make_street(rig)
    yield made
    assert audit(rig.record, rig.ports.workspace, NOW).conserved


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
