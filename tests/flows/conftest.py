"""One street for the whole session, over keys made once; whoever moves its clock or its registry opens a street of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flows.street import Street, glued_sentences, open_street
from tests.processes import shipped_keys


@pytest.fixture(scope="session")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys of everybody lie: RSA 2048, made once."""
    return shipped_keys(tmp_path_factory.mktemp("certs"))


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory, certs: Path) -> Iterator[Street]:
    """The shared street. Whatever the tests did on it: no house failed, and no login was lost."""
    with open_street(tmp_path_factory.mktemp("street"), certs) as opened:
        yield opened
        assert [(seen.status, str(seen.url)) for seen in opened.transport.seen if seen.status >= 500] == []
        pages = {seen.text: str(seen.url) for seen in opened.transport.seen if seen.is_page}
        assert [(url, glued) for text, url in pages.items() if (glued := glued_sentences(text))] == []
        report = opened.audit()
        assert report["conserved"], report


@pytest.fixture
def new_street(tmp_path: Path, certs: Path) -> Iterator[Callable[[], Street]]:
    """Opens a street that a test has for itself."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(open_street(tmp_path, certs))
