"""A TCP proxy that misbehaves: it passes a request on, takes the whole answer, and delivers it in one of many bad ways, or not at all."""

import itertools
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Final

from scripts.own_ports import own_port


class Fault(StrEnum):
    """How an answer is delivered."""

    NONE = "none"
    LATENCY_100_MS = "latency 0.1 s"
    LATENCY_1_S = "latency 1 s"
    LATENCY_5_S = "latency 5 s"
    LATENCY_30_S = "latency 30 s"
    JITTER = "jitter"
    REFUSE = "connection refused"
    RESET = "reset in the middle"
    HALF_OPEN = "half-open"
    DRIP = "one octet a second"
    TRUNCATED = "truncated"
    HUGE = "100 MB"
    ERROR = "HTTP 503"
    SOAP_FAULT = "SOAP fault"
    WRONG = "wrong answer"
    FLAPPING = "flapping"


_LATENCIES: Final = {
    Fault.LATENCY_100_MS: 0.1,
    Fault.LATENCY_1_S: 1.0,
    Fault.LATENCY_5_S: 5.0,
    Fault.LATENCY_30_S: 30.0,
}
_HUGE_OCTETS: Final = 100 * 1024 * 1024
_CHUNK: Final = b" " * 65536
_JITTER_SECONDS: Final = 0.5
_TIMEOUT: Final = 40.0
_ERROR: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nbusy"
_SOAP_FAULT_BODY: Final = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    b"<faultstring>broken</faultstring></s:Fault></s:Body></s:Envelope>"
)
_SOAP_FAULT: Final = b"HTTP/1.1 500 Error\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_SOAP_FAULT_BODY),
    _SOAP_FAULT_BODY,
)


class FaultyWire:
    """Listens on a port of its own in front of a server. Use as a context manager; `fault` may be set at any time."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._fault = Fault.NONE
        self._changed = threading.Event()
        self._listening: socket.socket | None = None
        self._turns = itertools.count(1)
        self._stale: bytes | None = None
        self._random = random.Random(5)  # noqa: S311 - the same jitter each time
        self.served = 0
        """Whole true answers that were delivered."""
        self.asked = 0
        """Requests that came, whatever became of them."""
        self.port = own_port()

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "FaultyWire":
        """Listen."""
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up on everybody."""
        self._hang_up()

    def set(self, fault: Fault) -> None:
        """Misbehave in another way from now on; what was held up is dropped."""
        self._fault = fault
        self._changed.set()
        self._changed = threading.Event()
        if fault is Fault.REFUSE:
            self._hang_up()
        elif self._listening is None:
            self._listen()

    def _listen(self) -> None:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        listening.listen(128)
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def _hang_up(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listening.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connection.settimeout(_TIMEOUT)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := _read_message(connection):
                self.asked += 1
                fault = self._fault
                if fault is Fault.REFUSE:
                    return  # a connection from before
                if fault is Fault.HALF_OPEN:
                    self._changed.wait(_TIMEOUT)
                    return
                answer = self._ask(request)
                if not self._deliver(connection, answer, fault):
                    return

    def _deliver(self, connection: socket.socket, answer: bytes, fault: Fault) -> bool:
        """Send it, and tell whether the connection may serve again."""
        special: dict[Fault, Callable[[socket.socket, bytes], bool]] = {
            Fault.RESET: _reset,
            Fault.DRIP: self._drip,
            Fault.TRUNCATED: _truncate,
            Fault.HUGE: _pour,
        }
        if fault in special:
            return special[fault](connection, answer)
        if fault in _LATENCIES:
            self._changed.wait(_LATENCIES[fault])
        if fault is Fault.JITTER:
            time.sleep(self._random.uniform(0, _JITTER_SECONDS))
        turn = next(self._turns)  # each turn is one connection's, however many come at once
        if fault is Fault.ERROR or (fault is Fault.FLAPPING and turn % 2):
            connection.sendall(_ERROR)
        elif fault is Fault.SOAP_FAULT:
            connection.sendall(_SOAP_FAULT)
        elif fault is Fault.WRONG and self._stale is not None:
            connection.sendall(self._stale)
        else:
            self._stale = answer
            connection.sendall(answer)
            self.served += 1
        return True

    def _ask(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._target), _TIMEOUT) as target:
            target.sendall(request)
            return _read_message(target)

    def _drip(self, connection: socket.socket, answer: bytes) -> bool:
        for octet in answer:
            connection.sendall(bytes([octet]))
            if self._changed.wait(1.0):
                break
        return False


def _reset(connection: socket.socket, answer: bytes) -> bool:
    connection.sendall(answer[: len(answer) // 2])
    # linger for no time: the kernel sends RST instead of FIN
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _truncate(connection: socket.socket, answer: bytes) -> bool:
    connection.sendall(answer[: len(answer) // 2])
    return False


def _pour(connection: socket.socket, _answer: bytes) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % _HUGE_OCTETS)
    for _ in range(_HUGE_OCTETS // len(_CHUNK)):
        connection.sendall(_CHUNK)
    return False


def _read_message(connection: socket.socket) -> bytes:
    """Read one HTTP message with its Content-Length; empty if the other side hung up first."""
    octets = b""
    while b"\r\n\r\n" not in octets:
        more = connection.recv(65536)
        if not more:
            return b""
        octets += more
    head, _, body = octets.partition(b"\r\n\r\n")
    length = next(
        (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body
