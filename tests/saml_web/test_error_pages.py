import asyncio
import logging

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import BaseModel
from starlette.requests import Request

from oiosaml.errors import REFUSALS, Party, SamlError, UpstreamRefusal
from saml_web.error_pages import MAX_SHOWN, ErrorPages, Mend, name_flow, name_logout, sentence_of, shown, who_mends
from saml_web.ids import SystemIds
from saml_web.languages import Language
from saml_web.pages import Pages

PAGES = Pages("saml_web", base_url="http://localhost:8000", ids=SystemIds())
LOA = SamlError("fed.loa", "got Low, expected Substantial", params={"required": "Substantial", "actual": "Low"})
RECORD = "http://localhost:8000/_sim/api/flows/flow-0001"


class Body(BaseModel):
    number: int


def app_that_raises(error: Exception) -> FastAPI:
    app = FastAPI(openapi_url=None)
    ErrorPages(PAGES).install(app)

    @app.get("/flow")
    @app.get("/_sim/api/flow")
    def fail(request: Request) -> None:
        name_flow(request, "flow-0001", step="finish_login")
        raise error

    @app.get("/logout")
    def fail_to_log_out(request: Request) -> None:
        name_logout(request)
        raise error

    @app.get("/recorded")
    def fail_on_record(request: Request, more: str = "") -> None:
        name_flow(request, "flow-0001", step="finish_login", record_url=RECORD + more)
        raise error

    @app.post("/_sim/api/input")
    def take(body: Body) -> None:
        return None

    return app


async def ask(error: Exception, path: str, method: str = "GET", **options: object) -> Response:
    transport = ASGITransport(app_that_raises(error), raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://evil.test") as client:
        return await client.request(method, path, **options)


def answer(error: Exception, path: str, method: str = "GET", **options: object) -> Response:
    return asyncio.run(ask(error, path, method, **options))


@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("language", Language)
def test_every_refusal_has_a_page_in_both_languages(code: str, language: Language) -> None:
    error = SamlError(code, "got x, expected y")
    code = error.code
    response = answer(error, f"/flow?lang={language}")
    assert response.status_code == error.refusal.http_status
    assert f'<html lang="{language}">' in response.text
    for part in (code, "flow-0001", "finish_login", "got x, expected y"):
        assert part in response.text
    assert "http://evil.test" not in response.text


@pytest.mark.parametrize("language", Language)
def test_what_stands_in_english_on_a_page_says_so(language: Language) -> None:
    text = answer(LOA, f"/flow?lang={language}").text
    assert '<dd lang="en">got Low, expected Substantial</dd>' in text
    assert "<dd>fed.loa</dd>" in text and text.count("<dd lang=") == 1


@pytest.mark.parametrize(
    ("path", "danish", "english"),
    [
        ("/logout", "Udlogningen kunne ikke gennemføres", "The logout could not be completed"),
        ("/flow", "Login kunne ikke gennemføres", "The login could not be completed"),
    ],
)
def test_a_page_is_titled_for_what_failed(path: str, danish: str, english: str) -> None:
    error = SamlError("sig.value", "got x, expected y")
    assert f">{danish}</h1>" in answer(error, f"{path}?lang=da").text
    assert f">{english}</h1>" in answer(error, f"{path}?lang=en").text


@pytest.mark.parametrize("code", ["web.csrf", "size"])
def test_what_is_no_message_has_the_same_title_at_a_logout(code: str) -> None:
    assert ">The request was refused</h1>" in answer(SamlError(code, "got x, expected y"), "/logout?lang=en").text


def test_sentence_names_the_levels_in_the_readers_language() -> None:
    assert sentence_of(LOA, Language.DA).endswith("Betydelig, men du er logget ind p\u00e5 Lav.")
    assert sentence_of(LOA, Language.EN).endswith("Substantial, but you are logged in at Low.")


@pytest.mark.parametrize(
    ("language", "label"), [("da", "Hvert trin og hver besked (JSON)"), ("en", "Every step and message (JSON)")]
)
def test_a_reference_leads_to_the_record_where_the_house_serves_it(language: str, label: str) -> None:
    text = answer(LOA, f"/recorded?lang={language}").text
    assert f'<dt>{label}</dt><dd><a href="{RECORD}">{RECORD}</a></dd>' in text
    for path in ("/flow", "/nowhere"):
        text = answer(LOA, f"{path}?lang={language}").text
        assert label not in text and "/_sim/api" not in text


def test_an_address_of_a_record_is_text_like_any_other() -> None:
    text = answer(LOA, '/recorded?more="><script>').text
    assert '"><script>' not in text and "&#34;&gt;&lt;script&gt;" in text


def test_api_answers_in_json() -> None:
    response = answer(LOA, "/_sim/api/flow?lang=en")
    assert response.status_code == 403
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "code": "fed.loa",
        "sentence": "The system requires level Substantial, but you are logged in at Low.",
        "detail": "got Low, expected Substantial",
        "reference": "flow-0001",
        "mend": "level",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "web.not-found"),
        ("PUT", "/flow", 405, "web.method"),
        ("GET", "/_sim/api/x", 404, "web.not-found"),
    ],
)
def test_unknown_path_and_method_have_the_same_design(method: str, path: str, status: int, code: str) -> None:
    response = answer(LOA, path, method)
    assert response.status_code == status
    assert code in response.text


def test_method_not_allowed_says_which_are() -> None:
    assert answer(LOA, "/flow", "PUT").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("method", "path", "da", "en"),
    [
        (
            "POST",
            "/_sim/api/input",
            "Forespørgslen kan ikke bruges, som den er.",
            "The request cannot be used as it is.",
        ),
        ("GET", "/_sim/api/nowhere", "Det, der bliver spurgt efter, findes ikke.", "What is asked for is not there."),
        (
            "DELETE",
            "/_sim/api/input",
            "Adressen kan ikke bruges med den metode.",
            "The address cannot be used with that method.",
        ),
    ],
)
def test_a_program_is_told_of_no_form_and_no_page(method: str, path: str, da: str, en: str) -> None:
    for language, sentence in (("da", da), ("en", en)):
        told = answer(LOA, f"{path}?lang={language}", method).json()
        assert (told["sentence"], ":" in told["code"]) == (sentence, False)


def test_a_person_is_told_of_a_page_as_before() -> None:
    for path, sentence in (("/nowhere", "Siden findes ikke."), ("/_sim/api", "Siden findes ikke.")):
        assert sentence in answer(LOA, path).text


def test_invalid_input_names_the_place_and_not_the_value() -> None:
    response = answer(LOA, "/_sim/api/input", "POST", json={"number": "secret"})
    assert response.status_code == 400
    assert "body.number" in response.json()["detail"]
    assert "secret" not in response.text


def test_failure_shows_a_reference_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = answer(ZeroDivisionError("inner secret"), "/flow")
    assert response.status_code == 500
    assert "flow-0001" in response.text
    assert "flow-0001" in caplog.text
    for leak in ("inner secret", "ZeroDivisionError", "Traceback"):
        assert leak not in response.text


def test_busy_store_asks_to_come_back() -> None:
    assert answer(SamlError("web.unavailable", "got locked, expected free"), "/flow").headers["retry-after"] == "5"


def test_attackers_text_is_escaped_and_cut() -> None:
    error = SamlError("fed.scope", "<script>\x1b[31m\r\n" + "x" * 5000, params={"cvr": "<b>" + "y" * 5000})
    text = answer(error, "/flow").text
    assert "<script>" not in text
    assert "<b>" not in text
    assert "&lt;script&gt;\\x1b[31m\\r\\n" in text
    assert "x" * MAX_SHOWN not in text
    assert "y" * MAX_SHOWN not in text


def test_upstream_refusal_shows_what_the_idp_said() -> None:
    error = UpstreamRefusal("proto.status", "got a refusal", second_code="urn:x:RequestDenied", message="<i>nej</i>")
    text = answer(error, "/flow").text
    assert "urn:x:RequestDenied" in text
    assert "&lt;i&gt;nej&lt;/i&gt;" in text


@pytest.mark.parametrize(
    ("error", "mend"),
    [
        (LOA, Mend.LEVEL),
        (SamlError("fed.loa", "", party=Party.HOME_IDP), Mend.LEVEL),
        (SamlError("fed.loa:idp-too-low", "", party=Party.CONTEXT_HANDLER), Mend.LEVEL),
        (SamlError("fed.loa:not-a-level", "", party=Party.HOME_IDP), Mend.HOME_IDP),
        (SamlError("fed.loa:not-a-level", ""), Mend.HOME_IDP),
        (SamlError("fed.loa:not-a-level", "", party=Party.CONTEXT_HANDLER), Mend.CONTEXT_HANDLER),
        (SamlError("fed.loa:not-an-assurance-level", "", party=Party.HOME_IDP), Mend.HOME_IDP),
        (SamlError("fed.loa:above-registration", "", party=Party.HOME_IDP), Mend.HOME_IDP),
        (SamlError("fed.no-nsis", "", party=Party.CONTEXT_HANDLER), Mend.HOME_IDP),
        (SamlError("fed.profile:person", "", party=Party.HOME_IDP), Mend.USER),
        (SamlError("fed.profile:credential-type", "", party=Party.HOME_IDP), Mend.USER),
        (SamlError("fed.profile", "", party=Party.HOME_IDP), Mend.HOME_IDP),
        (SamlError("sig.value", ""), Mend.SENDER),
        (SamlError("sig.value", "", party=Party.HOME_IDP), Mend.HOME_IDP),
        (SamlError("req.acs", ""), Mend.SYSTEM),
        (SamlError("req.replay", "", party=Party.SYSTEM), Mend.USER),
        (SamlError("req.stale", "", party=Party.SYSTEM), Mend.SYSTEM),
        (SamlError("req.stale:nemlogin", ""), Mend.SYSTEM),
        (SamlError("req.stale", "", party=Party.CONTEXT_HANDLER), Mend.CONTEXT_HANDLER),
        (SamlError("aq.fault", ""), Mend.ATTRIBUTE_SERVICE),
        (SamlError("fed.no-roles", "", party=Party.HOME_IDP), Mend.ADMINISTRATOR),
        (SamlError("md.key", ""), Mend.METADATA),
        (SamlError("web.internal", ""), Mend.CONTEXT_HANDLER),
        (SamlError("flow.expired", ""), Mend.USER),
    ],
)
def test_says_who_mends(error: SamlError, mend: Mend) -> None:
    assert who_mends(error) is mend


@pytest.mark.parametrize(
    ("language", "clock"), [(Language.DA, "ur formentlig forkert"), (Language.EN, "clock is probably wrong")]
)
@pytest.mark.parametrize("key", ["req.stale", "req.stale:nemlogin"])
def test_an_old_request_may_be_an_old_page_and_may_be_a_slow_clock(key: str, language: Language, clock: str) -> None:
    """A page that was left open is mended by starting again; a clock is not, so the sentence names both."""
    sentence = sentence_of(SamlError(key, ""), language)
    assert clock in sentence and ("Start forfra" in sentence or "Start again" in sentence)


def test_each_mender_has_a_sentence_of_its_own() -> None:
    template = PAGES._environments[Language.EN].loader.get_source(PAGES._environments[Language.EN], "error.html")[0]
    assert [mend for mend in Mend if f'mend == "{mend}"' not in template] == [Mend.SENDER]


def test_shown_text_keeps_danish_letters() -> None:
    assert shown("Måge\n") == "Måge\\n"
