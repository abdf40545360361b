import asyncio

import pytest
from starlette.requests import Request

from oiosaml.errors import SamlError
from saml_web.form_origin import origin_of, require_own_page
from saml_web.inbound import MAX_OWN_FORM_FIELDS, Form, parse_form, query_value, read_body, read_form, read_query

BASE_URL = "https://ch.test"


def request(body: bytes = b"", query: bytes = b"", **headers: str) -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": raw}
    return Request(scope, receive)


def test_query_is_exactly_what_was_sent() -> None:
    assert read_query(request(query=b"a=%2f&b=%2F")) == b"a=%2f&b=%2F"


@pytest.mark.parametrize(
    "query",
    [b"", b"idp", b"idp=", b"idp=a", b"idp=a&idp=b", b"idp=b&x=idp=c", b"%69dp=%C3%A6+b", b"idp=%ff", b"xidp=a&idpx=b", b"&&idp=a=b&"],
)  # fmt: skip
def test_one_value_of_a_query_is_what_parsing_it_whole_gives(query: bytes) -> None:
    assert query_value(request(query=query), "idp") == request(query=query).query_params.get("idp")


def test_refuses_a_query_one_byte_too_long() -> None:
    assert read_query(request(query=b"abcd"), limit=4) == b"abcd"
    with pytest.raises(SamlError, match=r"^size"):
        read_query(request(query=b"abcde"), limit=4)


def test_refuses_a_body_one_byte_too_long_whatever_its_length_says() -> None:
    assert asyncio.run(read_body(request(b"abcd"), limit=4)) == b"abcd"
    with pytest.raises(SamlError, match=r"^size"):
        asyncio.run(read_body(request(b"abcde", content_length="1"), limit=4))


def in_pieces(*pieces: bytes, hangs_up: bool = False) -> Request:
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": piece, "more_body": hangs_up or number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]
    coming = iter([*messages, {"type": "http.disconnect"}])

    async def receive() -> dict[str, object]:
        return next(coming)

    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}, receive)


@pytest.mark.parametrize("pieces", [(b"abcd",), (b"a", b"bc", b"d"), (b"", b"abcd"), (b"abcd", b"")])
def test_reads_a_body_whole_in_however_many_pieces_it_comes(pieces: tuple[bytes, ...]) -> None:
    assert asyncio.run(read_body(in_pieces(*pieces), limit=4)) == b"abcd"
    with pytest.raises(SamlError, match=r"^size"):
        asyncio.run(read_body(in_pieces(*pieces), limit=3))


def test_stops_reading_at_the_piece_too_many() -> None:
    with pytest.raises(SamlError, match=r"^size"):
        asyncio.run(read_body(in_pieces(b"abcd", b"e", hangs_up=True), limit=4))


def test_reads_a_form() -> None:
    sent = request(b"navn=K%C3%B8ge&tom=", content_type="application/x-www-form-urlencoded; charset=utf-8")
    form = asyncio.run(read_form(sent))
    assert (form.one("navn"), form.one("tom"), form.optional("x")) == ("K\u00f8ge", "", None)


def test_refuses_another_media_type() -> None:
    with pytest.raises(SamlError, match=r"^web\.form"):
        asyncio.run(read_form(request(b"a=1", content_type="text/plain")))


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a", b"a=%ff", "a=\u00f8".encode(), b"&" * 5, b"a=1&" * 99])
def test_refuses_what_is_no_form_of_ours(body: bytes) -> None:
    with pytest.raises(SamlError, match=r"^web\.form"):
        parse_form(body)


def test_refuses_one_field_too_many() -> None:
    fields = "&".join(f"f{number}=1" for number in range(MAX_OWN_FORM_FIELDS))
    parse_form(fields.encode())
    with pytest.raises(SamlError, match=r"^web\.form"):
        parse_form(f"{fields}&one-more=1".encode())


def test_refuses_a_form_without_a_field_it_must_have() -> None:
    with pytest.raises(SamlError, match=r"^web\.form"):
        Form({}).one("login")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": BASE_URL},
        {"origin": BASE_URL, "sec_fetch_site": "same-origin"},
        {"origin": "null", "sec_fetch_site": "same-origin"},
        {"origin": "null", "cookie": "__Host-nsis_form=secret"},
    ],
)
def test_takes_a_form_of_our_own(headers: dict[str, str]) -> None:
    require_own_page(request(**headers), Form({"form_token": "secret"}), base_url=BASE_URL)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "https://ch.test.evil.test"},
        {"origin": "http://ch.test"},
        {"origin": BASE_URL, "sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "null"},
        {"origin": "null", "cookie": "__Host-nsis_form=other"},
        {"origin": "null", "cookie": "__Host-nsis_form="},
    ],
)
def test_refuses_a_form_of_somebody_else(headers: dict[str, str]) -> None:
    with pytest.raises(SamlError, match=r"^web\.csrf"):
        require_own_page(request(**headers), Form({"form_token": "secret"}), base_url=BASE_URL)


def test_origin_is_written_as_a_browser_does() -> None:
    assert origin_of("HTTPS://CH.test:443/x") == "https://ch.test"
    assert origin_of("http://[::1]:8000/") == "http://[::1]:8000"


def test_a_body_that_is_cut_off_is_a_refusal_and_no_failure() -> None:
    with pytest.raises(SamlError, match=r"^web\.aborted: got 3 bytes"):
        asyncio.run(read_body(in_pieces(b"abc", hangs_up=True)))
