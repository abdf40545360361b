"""The guard over all browser tests works: a page that asks a foreign host is found out, and the host is not reached."""

import pytest
from playwright.sync_api import Error

from tests.browser.conftest import Visitor


@pytest.mark.parametrize("url", ["http://foreign.example.test/x", "http://192.0.2.1/x"])
def test_a_request_to_a_foreign_host_is_noted_and_comes_to_nothing(visitor: Visitor, url: str) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        visitor.page().goto(url)
    assert visitor.foreign == [url]
    visitor.foreign.clear()
