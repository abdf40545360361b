"""A login meets a store that cannot be used: one refusal at once, nothing half done, and the same message gets in afterwards (plan K3)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from context_handler.asking import PostTo, RedirectTo
from oiosaml.errors import SamlError
from tests.builders import NOW
from tests.context_handler.rig import HINTED, Rig, make_rig

pytestmark = pytest.mark.anyio


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    blocker = sqlite3.connect(directory / "nsis.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        blocker.close()


def test_a_request_that_cannot_be_written_is_refused_and_counts_nowhere(rig: Rig, tmp_path: Path) -> None:
    query = rig.query_of(rig.request())
    with locked(tmp_path), pytest.raises(SamlError) as refused:
        rig.begin_with(query)
    assert (refused.value.code, refused.value.refusal.http_status) == ("web.unavailable", 503)
    assert rig.counts().started == 0
    assert isinstance(rig.begin_with(query, NOW, wishes=HINTED), RedirectTo), "its ID was not used up"


async def test_an_answer_that_cannot_be_written_is_not_used_up(rig: Rig, tmp_path: Path) -> None:
    answer = rig.honest_answer(rig.begun())
    with locked(tmp_path), pytest.raises(SamlError) as refused:
        await rig.finish(answer)
    assert refused.value.code == "web.unavailable"
    assert (rig.counts().pending, rig.counts().refused) == (1, 0)
    assert isinstance(await rig.finish(answer), PostTo)
    assert rig.counts().completed == 1


async def test_no_token_leaves_when_its_login_cannot_be_completed(rig: Rig, tmp_path: Path) -> None:
    """The lock falls on the one transaction that uses the answer up and ends the login: it waits still, and the same answer gets in."""
    answer = rig.honest_answer(rig.begun())
    complete = rig.ports.sessions.complete

    def locked_now(*arguments: object) -> None:
        object.__setattr__(rig.ports.sessions, "complete", complete)
        with locked(tmp_path):
            complete(*arguments)  # type: ignore[arg-type]  # handed on as they came

    object.__setattr__(rig.ports.sessions, "complete", locked_now)
    with pytest.raises(SamlError) as refused:
        await rig.finish(answer)
    assert refused.value.code == "web.unavailable"
    counts = rig.counts()
    assert (counts.pending, counts.completed, counts.refused, counts.conserved) == (1, 0, 0, True)
    assert isinstance(await rig.finish(answer), PostTo)
    assert rig.counts().completed == 1


async def test_a_fault_that_is_over_at_once_is_no_reason_to_tell_the_system(tmp_path: Path) -> None:
    """Only the person is told, who tries again: the login was not ended by our own trouble."""
    rig = make_rig(tmp_path, knows_roles=False)
    answer = rig.honest_answer(rig.begun())
    accept = rig.ports.store.accept_answer

    def fails_once(*_: object) -> None:
        object.__setattr__(rig.ports.store, "accept_answer", accept)
        raise SamlError("web.unavailable", "the disk was full for a moment")

    object.__setattr__(rig.ports.store, "accept_answer", fails_once)
    with pytest.raises(SamlError, match="for a moment"):
        await rig.finish(answer)
    assert rig.counts().pending == 1
    assert rig.service.asked == [], "the answer was not used up, so nobody is asked because of it"
    assert isinstance(await rig.finish(answer), PostTo)
