"""An attribute service that says whatever a test wants, at a real address: it tells what it was asked, and waits to be told what to say."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAIT_SECONDS = 60

Reply = Callable[[BaseHTTPRequestHandler], None]


class StubService:
    """One exchange at a time: `question` gives the envelope that came, `answer` lets the asker go on."""

    def __init__(self) -> None:
        self._asked: queue.Queue[bytes] = queue.Queue()
        self._replies: queue.Queue[Reply] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://localhost:{self._server.server_address[1]}/saml2/soap"

    def question(self) -> bytes:
        return self._asked.get(timeout=WAIT_SECONDS)

    def answer(self, reply: Reply) -> None:
        self._replies.put(reply)

    @classmethod
    @contextmanager
    def running(cls) -> Iterator["StubService"]:
        stub = cls()
        thread = threading.Thread(target=stub._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield stub
        finally:
            stub._server.shutdown()
            thread.join()
            stub._server.server_close()

    def _handler(stub) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stub._asked.put(self.rfile.read(int(self.headers["Content-Length"])))
                stub._replies.get(timeout=WAIT_SECONDS)(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def say(body: bytes, status: int = 200) -> Reply:
    """Answer as SOAP does."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "text/xml; charset=utf-8")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def cut_off(body: bytes) -> Reply:
    """Promise more than comes, and close."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/xml; charset=utf-8")
        handler.send_header("Content-Length", str(len(body) * 2))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return reply


def endless(_: bytes) -> Reply:
    """Send blanks until the other side has had enough."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/xml; charset=utf-8")
        handler.end_headers()
        try:
            for _ in range(2000):
                handler.wfile.write(b" " * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        handler.close_connection = True

    return reply


def nothing(_: bytes) -> Reply:
    """Close without a word."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    return reply
