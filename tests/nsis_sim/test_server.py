import gc
import json
import os
import socket

import pytest

from nsis_sim.server import AddressError, PortBusyError, _settle, listen, write_ready_file


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
