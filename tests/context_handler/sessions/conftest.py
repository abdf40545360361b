"""Every test here begins in one browser that keeps its cookies."""

import pytest

from tests.context_handler.rig import Rig
from tests.context_handler.session_rig import make_session_rig


@pytest.fixture
def rig(rig: Rig) -> Rig:
    return make_session_rig(rig)
