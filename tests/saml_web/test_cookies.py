from datetime import timedelta

import pytest
from starlette.responses import Response

from saml_web.cookies import session_cookie, transaction_cookie

LIFETIME = timedelta(minutes=30)


def test_transaction_survives_a_cross_site_post_over_https() -> None:
    response = Response()
    transaction_cookie("flow", base_url="https://ch.test:8443/x", lifetime=LIFETIME).set(response, "v")
    header = response.headers["set-cookie"]
    assert header == "__Host-flow=v; HttpOnly; Max-Age=1800; Path=/; SameSite=none; Secure"


def test_transaction_is_lax_over_plain_http() -> None:
    response = Response()
    transaction_cookie("flow", base_url="http://localhost:8000/idp/korsbaek/", lifetime=LIFETIME).set(response, "v")
    assert response.headers["set-cookie"] == "flow=v; HttpOnly; Max-Age=1800; Path=/idp/korsbaek; SameSite=lax"


@pytest.mark.parametrize("base_url", ["https://ch.test", "http://localhost:8000"])
def test_session_is_never_sent_cross_site(base_url: str) -> None:
    assert session_cookie("session", base_url=base_url).same_site == "lax"


def test_refuses_a_base_url_without_scheme() -> None:
    with pytest.raises(ValueError, match="expected an absolute"):
        session_cookie("session", base_url="localhost:8000")


@pytest.mark.parametrize("value", ["abc-_09AZ", "https://idp.test/", "a b", 'q"; Path=/evil', "x\n", "", "æ"])
@pytest.mark.parametrize("lifetime", [None, LIFETIME])
@pytest.mark.parametrize("base_url", ["https://ch.test", "http://localhost:8000/idp"])
def test_a_value_is_written_as_the_standard_library_writes_it(
    value: str, lifetime: timedelta | None, base_url: str
) -> None:
    cookie = transaction_cookie("c", base_url=base_url, lifetime=LIFETIME)
    if lifetime is None:
        cookie = session_cookie("c", base_url=base_url)
    ours, standard = Response(), Response()
    cookie.set(ours, value)
    standard.set_cookie(
        cookie.name,
        value,
        max_age=None if lifetime is None else int(lifetime.total_seconds()),
        path=cookie.path,
        secure=cookie.secure,
        httponly=True,
        samesite=cookie.same_site,
    )
    assert ours.raw_headers == standard.raw_headers
