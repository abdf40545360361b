"""Services that are asked by SOAP and cost the broker nothing: they answer from threads of the driver's process."""

import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from federation.dev_ca import KeyRing
from oiosaml.bindings.soap import unwrap, wrap
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.messages.assertion import Subject, write_assertion
from oiosaml.messages.attribute_query import read_attribute_query
from oiosaml.messages.element import serialise
from oiosaml.messages.response import Response, Status, write_response
from oiosaml.uris import NS_SAMLP, STATUS_SUCCESS
from oiosaml.xml.sign import sign_enveloped
from saml_web.ids import SystemIds
from scripts.bench.peers import SKOVRUP, assertion_of, privileges_of


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a broker that hung up or died: that is its affair."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed on as it came


class SoapStub:
    """Answers what is posted to it, whatever the path, from a thread of the driver's process. Use as a context manager."""

    def __init__(self) -> None:
        handler = type("Handler", (BaseHTTPRequestHandler,), {"do_POST": self._post(), "protocol_version": "HTTP/1.1"})
        handler.log_message = lambda *_: None  # type: ignore[attr-defined]
        self._server = _Server(("127.0.0.1", 0), handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, envelope: bytes) -> bytes:
        """Give the answer to one envelope."""
        raise NotImplementedError

    def _post(self) -> object:
        def do_POST(request: BaseHTTPRequestHandler) -> None:  # noqa: N802 - the name that http.server calls
            octets = self.answer(request.rfile.read(int(request.headers["Content-Length"])))
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: {len(octets)}\r\n\r\n"
            # One write: the second of two small ones waits for the acknowledgement of the first, which comes 40 ms late.
            request.wfile.write(head.encode("ascii") + octets)

        return do_POST


class StubAttributeService(SoapStub):
    """Answers each query with one job function role."""

    def __init__(self, keys: KeyRing) -> None:
        super().__init__()
        self._keys = keys
        self._ids = SystemIds()

    def answer(self, envelope: bytes) -> bytes:
        """Give the signed answer."""
        now = datetime.now(UTC)
        query = read_attribute_query(unwrap(envelope, f"{{{NS_SAMLP}}}AttributeQuery"))
        issuer = EntityId("https://saml.attributter.skovrup.test")
        said = replace(
            assertion_of(issuer, Subject(query.subject), now, (privileges_of(SKOVRUP),)),
            id=AssertionId(self._ids.message_id()),
            authn_statements=(),
        )
        element = write_assertion(said)
        sign_enveloped(element, self._keys.attribute_service("skovrup").signing)
        response = Response(MessageId(self._ids.message_id()), now, Status(STATUS_SUCCESS), issuer, query.id)
        return wrap(serialise(write_response(response, element)))
