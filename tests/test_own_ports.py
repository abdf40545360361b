"""A port that is known before anybody listens on it: refused meanwhile, given to nobody else, and there for whoever comes to listen."""

import socket

import pytest

from nsis_sim.server import listen
from scripts.own_ports import own_port


def test_nobody_answers_there_and_whoever_we_start_may_listen():
    port = own_port()
    with socket.socket() as early:
        assert early.connect_ex(("127.0.0.1", port)) != 0
    taken, listening = listen(("127.0.0.1", "::1"), port)
    try:
        assert taken == port
        with socket.socket() as late:
            assert late.connect_ex(("127.0.0.1", port)) == 0
    finally:
        for each in listening:
            each.close()
    with socket.socket() as afterwards:
        assert afterwards.connect_ex(("127.0.0.1", port)) != 0


def test_it_is_given_to_nobody_else():
    ports = [own_port() for _ in range(50)]
    assert len(set(ports)) == len(ports)
    for port in ports[:5]:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
