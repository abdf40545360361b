"""One simulator for every attack of a session, and two canaries."""

from collections.abc import Iterator

import pytest

from tests.attacks.target import Target, open_target
from tests.attacks.watch import Canaries, canaries


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The simulator under attack. Whatever was sent to it: no login was lost."""
    with open_target(tmp_path_factory.mktemp("target")) as opened:
        yield opened
        audit = opened.audit()
        assert audit["conserved"], audit


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    """A file that nobody may open and a listener that nobody may call."""
    with canaries(tmp_path_factory.mktemp("canaries")) as both:
        yield both
