import gc
import json
import os
import resource
import socket

import pytest

from nsis_sim.server import (
    MAX_OPEN_FILES,
    AddressError,
    PortBusyError,
    _settle,
    allow_open_files,
    listen,
    write_ready_file,
)


@pytest.fixture
def opened():
    sockets: list[socket.socket] = []
    yield sockets
    for each in sockets:
        each.close()


def test_listens_on_both_loopbacks_at_one_free_port(opened):
    port, sockets = listen(("127.0.0.1", "::1"), 0)
    opened.extend(sockets)
    assert port > 0
    assert {each.getsockname()[1] for each in sockets} == {port}
    assert "127.0.0.1" in {each.getsockname()[0] for each in sockets}


def test_a_taken_port_is_named_with_the_way_out(opened):
    port, sockets = listen(("127.0.0.1",), 0)
    opened.extend(sockets)
    with pytest.raises(PortBusyError, match=rf"Port {port} on 127\.0\.0\.1 .* NSIS_PORT={port + 1} make demo"):
        listen(("127.0.0.1",), port)


def test_a_port_taken_at_the_second_address_frees_the_first(opened):
    port, sockets = listen(("127.0.0.2",), 0)
    opened.extend(sockets)
    with pytest.raises(PortBusyError):
        listen(("127.0.0.1", "127.0.0.2"), port)
    again, more = listen(("127.0.0.1",), port)
    opened.extend(more)
    assert again == port


def test_an_address_of_another_machine_is_left_out(opened):
    port, sockets = listen(("127.0.0.1", "192.0.2.1"), 0)
    opened.extend(sockets)
    assert [each.getsockname() for each in sockets] == [("127.0.0.1", port)]


def test_no_address_at_all_is_an_error():
    with pytest.raises(AddressError, match=r"192\.0\.2\.1"):
        listen(("192.0.2.1",), 0)


def test_the_ready_file_appears_whole(tmp_path):
    path = tmp_path / "ready.json"
    write_ready_file(path, "http://localhost:1")
    assert json.loads(path.read_text("utf-8")) == {"base_url": "http://localhost:1", "pid": os.getpid()}
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_start_has_made_is_not_searched_for_cycles_again() -> None:
    before = gc.get_threshold()
    try:
        _settle()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [(256, 4096, 4096), (256, 256, 256), (256, 1 << 20, MAX_OPEN_FILES), (100_000, 1 << 20, 100_000)],
)
def test_as_many_files_are_allowed_as_the_system_lets_web_13(
    soft: int, hard: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections in the middle of a TLS handshake are counted by nobody, and each is a file."""
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, values: limits.append(values))
    allow_open_files()
    assert limits[-1] == (after, hard)


def test_a_system_that_lets_no_more_files_be_open_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuses)
    allow_open_files()
