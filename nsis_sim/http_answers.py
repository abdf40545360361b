"""Answers in one write.

uvicorn looks at each header by itself, and writes head and body apart: whoever waits is woken by the one and then waits for the other.
"""

import weakref
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from nsis_sim.http_limits import LimitedHttp
from saml_web.whole_answer import WHOLE_ANSWER

_CLOSE: Final = (b"connection", b"close")
"""What an answer says after which nothing more is answered."""

_NO_CONTROLS: Final = bytes({*range(0x100)} - {*range(0x20), 0x7F} | {0x09})
"""What may stand in a header (RFC 9110 5.5); the line breaks between headers are what is left."""


class AnsweringHttp(LimitedHttp):
    """A protocol that offers WHOLE_ANSWER, unless answers are logged: that is uvicorn's to do."""

    def on_headers_complete(self) -> None:
        """Offer it for a request that was not refused for its head."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before and not self.access_log:
            # ASGI's types know of extensions that say nothing more; this one is a function. It holds the request weakly: the request holds
            # its scope and so the function, and what holds itself stays in memory, body and all, until the collector comes round.
            self.scope["extensions"] = cast(Any, {WHOLE_ANSWER: partial(_answer, weakref.ref(self.cycle))})


async def _answer(
    request: weakref.ref[RequestResponseCycle], status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
) -> None:
    """Do what uvicorn does for the two messages of an answer.

    Raises:
        ValueError: if a header holds a line break or another control character.
        RuntimeError: if the request was answered before.
    """
    cycle = request()
    if cycle is None:
        return  # nobody waits for it any more
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    if cycle.response_started:
        raise RuntimeError("the request was answered before")
    if _CLOSE in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        headers = (*headers, _CLOSE)
    head = _head(status, (*cycle.default_headers, *headers))
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    cycle.transport.write(head + body)
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _head(status: int, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    lines = tuple(map(b": ".join, headers))
    head = STATUS_LINE[status] + b"\r\n".join((*lines, b"\r\n"))
    if head.translate(None, _NO_CONTROLS) != b"\r\n" * (len(lines) + 2):
        raise ValueError("got a control character in a header, expected none")
    return head
