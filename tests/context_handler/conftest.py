"""A fresh broker for each test."""

from pathlib import Path

import pytest

from tests.context_handler.rig import Rig, make_rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return make_rig(tmp_path)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
