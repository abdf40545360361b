from collections.abc import Callable

import pytest

from tests.attribute_service.house import House, make_house
from tests.conftest import Member


@pytest.fixture
def house(member: Callable[[str], Member], broker: Member) -> House:
    """Skovrup's attribute service."""
    return make_house(member("attribute-service"), broker)
