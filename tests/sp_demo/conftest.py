"""Each test that names `house` runs for both demo systems."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sp_demo.system import StackName
from tests.sp_demo import houses
from tests.sp_demo.houses import House


@pytest.fixture(scope="session")
def broker_metadata(broker: Any) -> bytes:
    return houses.broker_metadata_of(broker)


@pytest.fixture(scope="session")
def make_house(member: Callable[[str], Any], broker: Any) -> Callable[[StackName], House]:
    return partial(houses.make_house, member=member, broker=broker)


@pytest.fixture(scope="session", params=list(StackName))
def house(request: pytest.FixtureRequest, make_house: Callable[..., House]) -> House:
    """Each demo system in turn."""
    return make_house(request.param)
