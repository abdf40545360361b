"""Requests as raw bytes: a signature covers what was on the wire, so nothing is decoded before its size is known.

SAML endpoints take `read_query` and `read_body` and hand the bytes to `oiosaml.bindings`. Our own pages' forms go
through `read_form`, and `form_origin.require_own_page` then asks whether one of our own pages sent them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from oiosaml.errors import SamlError

MAX_QUERY_BYTES: Final = 16 * 1024
"""Longest query string. A signed AuthnRequest by redirect needs about 2 kB; few proxies carry more than 8 kB."""

MAX_MESSAGE_BODY_BYTES: Final = 512 * 1024
"""Longest SAML message by POST or SOAP, still encoded. The largest honest answer seen, with rights, is below 100 kB."""

MAX_OWN_FORM_BYTES: Final = 16 * 1024
"""Longest form from one of our own pages: a few short fields."""

MAX_OWN_FORM_FIELDS: Final = 32
"""Most fields of one of our own forms. Guards against thousands of tiny fields."""

_FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one of our own forms, each named at most once."""

    fields: Mapping[str, str]

    def one(self, name: str) -> str:
        """Give the value of a field that must be there.

        Raises:
            SamlError: `web.form` if it is not.
        """
        if name not in self.fields:
            raise SamlError("web.form", f"got fields {sorted(self.fields)!r:.200}, expected {name!r} among them")
        return self.fields[name]

    def optional(self, name: str) -> str | None:
        """Give the value of a field, or None."""
        return self.fields.get(name)


def read_query(request: Request, *, limit: int = MAX_QUERY_BYTES) -> bytes:
    """Give the query string exactly as sent, without the question mark.

    Raises:
        SamlError: `size` if it is longer than `limit` bytes.
    """
    query: bytes = request.scope["query_string"]
    if len(query) > limit:
        raise SamlError("size", f"got a query of {len(query)} bytes, expected at most {limit}")
    return query


def query_value(request: Request, name: str) -> str | None:
    """Give the last value of one parameter of the query, or None. The others, one of which may be a message, are not decoded."""
    query: str = request.scope["query_string"].decode("latin-1")
    if not query:
        return None
    found = None
    for field in query.split("&"):
        key, _, value = field.partition("=")
        if key == name or ("%" in key and unquote_plus(key) == name):
            found = value
    return None if found is None else unquote_plus(found)


async def read_body(request: Request, *, limit: int = MAX_MESSAGE_BODY_BYTES) -> bytes:
    """Give the body exactly as sent; stops reading at the first byte too many, whatever Content-Length claims.

    Raises:
        SamlError: `size` if it is longer than `limit` bytes; `web.aborted` if the client left, or took too long, before the end of it.
    """
    body, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise SamlError("web.aborted", f"got {len(body)} bytes of a body and then no more")
        chunk, more = message.get("body", b""), message.get("more_body", False)
        if len(body) + len(chunk) > limit:
            raise SamlError("size", f"got a body of more than {limit} bytes, expected at most {limit}")
        if not more and not body:
            return bytes(chunk)  # nearly every message comes in one piece
        body += chunk
    return bytes(body)


async def read_form(request: Request, *, limit: int = MAX_OWN_FORM_BYTES) -> Form:
    """Read a form of one of our own pages.

    Raises:
        SamlError: `size` if it is too long, `web.form` if it is another media type, not UTF-8, or names a field twice.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM_TYPE:
        raise SamlError("web.form", f"got content type {content_type!r:.80}, expected {_FORM_TYPE}")
    return parse_form(await read_body(request, limit=limit))


def parse_form(body: bytes) -> Form:
    """Parse a url-encoded form strictly.

    Raises:
        SamlError: `web.form` if it holds too many fields, one twice, or bytes that are not UTF-8.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_OWN_FORM_FIELDS,
        )
    except ValueError as error:
        raise SamlError("web.form", f"got {len(body)} bytes ({error!s:.60}), expected a form name=value&…") from error
    fields = dict(pairs)
    # Two values for one name: which one counts differs between stacks, and attackers live in the difference.
    if len(fields) != len(pairs):
        raise SamlError("web.form", f"got {len(pairs)} fields with {len(fields)} names, expected each name once")
    return Form(fields)


def one_named(named: Sequence[str], what: str) -> str | None:
    """Give the one value that the query and a header name between them, or None.

    Raises:
        SamlError: `bind.params` if they name different ones: neither may win.
    """
    distinct = sorted(set(named))
    if len(distinct) > 1:
        raise SamlError("bind.params", f"got the {what} {', '.join(distinct)!r:.120}, expected one")
    return distinct[0] if distinct else None
