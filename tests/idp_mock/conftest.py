import pytest

from tests.conftest import Member
from tests.idp_mock.house import House, make_house


@pytest.fixture
def house(idp: Member, broker: Member) -> House:
    """Korsbæk's IdP."""
    return make_house(idp, broker)
