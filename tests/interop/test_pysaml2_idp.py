"""A municipality's own IdP on pysaml2 joins by `nsis idp add` and logs people in at Byggesag."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

import httpx
import pytest

from federation.urls import ContextHandlerUrls
from nsis_sim.api_client import Api
from nsis_sim.browser import Browser, FormOnPage, Page
from nsis_sim.headless_login import _report
from nsis_sim.login_report import LoginReport
from oiosaml.attributes import CVR as CVR_ATTRIBUTE
from oiosaml.attributes import ORG_NAME
from oiosaml.privileges import Constraint
from oiosaml.uris import CONSTRAINT_KLE, CONSTRAINT_ORGANISATION_UNIT
from tests.conftest import make_member
from tests.interop.conftest import JOB_FUNCTION_ROLE, fetch, nsis
from tests.interop.idp_on_pysaml2 import CVR, ENTITY_ID, SUBSTANTIAL, Employee, Pysaml2Idp, pysaml2_idp
from tests.interop.tampering import AtTheDoor, flip_a_bit, in_envelope
from tests.processes import END_SECONDS, Simulator

EMPLOYEES = {
    "eva-dam": Employee("Eva Dam", "7f0c2a3e-90f1-4a9e-8a25-1d2b6a1c0001", (JOB_FUNCTION_ROLE,)),
    "per-fuld": Employee("Per Fuld", "7f0c2a3e-90f1-4a9e-8a25-1d2b6a1c0002", (JOB_FUNCTION_ROLE,), level="High"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    page: Page
    report: LoginReport


@pytest.fixture(scope="module")
def idp(federation: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pysaml2Idp]:
    directory = tmp_path_factory.mktemp("idp")
    towards_idps = fetch(federation.base_url + ContextHandlerUrls.METADATA_TOWARDS_IDPS_PATH)
    with pysaml2_idp(directory, make_member("pysaml2-idp"), towards_idps, EMPLOYEES) as running:
        file = directory / "metadata.xml"
        file.write_bytes(running.metadata)
        registration = ("--cvr", CVR, "--max-loa", "Substantial", "--knows-roles")
        nsis(federation, "idp", "add", "--metadata", str(file), "--name", "Korsbæk Kommunes egen IdP", *registration)
        yield running


def _log_in(federation: Simulator, person: str, *, transport: httpx.BaseTransport | None = None) -> Outcome:
    with Api(federation.base_url) as api, Browser(transport=transport) as browser:
        page = _press(browser, browser.visit(_start(federation)), person)
        return Outcome(page, _report(browser, page, api, ContextHandlerUrls(federation.base_url)))


def _start(federation: Simulator) -> str:
    return f"{federation.base_url}/sp/byggesag/login?idp={ENTITY_ID}"


def _press(browser: Browser, page: Page, person: str) -> Page:
    form = next(form for form in page.forms if ("person", person) in form.buttons)
    return browser.submit(form, press=("person", person))


def test_a_person_logs_in_at_byggesag(federation: Simulator, idp: Pysaml2Idp) -> None:
    outcome = _log_in(federation, "eva-dam")
    assert outcome.report.succeeded, outcome.report
    assert outcome.report.level == "Substantial"
    assert outcome.report.attributes[CVR_ATTRIBUTE] == (CVR,)
    assert outcome.report.attributes[ORG_NAME] == ("Korsbæk Kommune",)
    assert outcome.page.url == f"{federation.base_url}/sp/byggesag/result"
    with_limits, without = outcome.report.privileges
    role = "http://byggesag.sim.test/roles/usersystemrole"
    assert with_limits.privileges == (f"{role}/sagsbehandler/1",)
    assert set(with_limits.constraints) == {
        Constraint(CONSTRAINT_KLE, "02.34.02"),
        Constraint(CONSTRAINT_ORGANISATION_UNIT, "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"),
    }
    assert (without.privileges, without.constraints) == ((f"{role}/laeseadgang/1",), ())


def test_it_is_told_level_and_requester_under_a_signature(federation: Simulator, idp: Pysaml2Idp) -> None:
    idp.asked.clear()
    _log_in(federation, "eva-dam")
    (request,) = idp.asked
    assert request.requested_authn_context.comparison == "minimum"
    assert [each.text for each in request.requested_authn_context.authn_context_class_ref] == [SUBSTANTIAL]
    assert [each.text for each in request.scoping.requester_id] == ["https://saml.byggesag.sim.test"]


def test_a_level_above_its_registration_is_refused(federation: Simulator, idp: Pysaml2Idp) -> None:
    outcome = _log_in(federation, "per-fuld")
    assert outcome.report.code == "fed.loa", outcome.report


def test_a_tampered_answer_is_refused_and_uses_nothing_up(federation: Simulator, idp: Pysaml2Idp) -> None:
    acs_url = ContextHandlerUrls(federation.base_url).acs_url
    kept: list[bytes] = []
    door = AtTheDoor(acs_url, lambda octets: flip_a_bit(kept.append(octets) or octets))
    with Browser(transport=door) as browser:
        page = _press(browser, browser.visit(_start(federation)), "eva-dam")
        assert page.status == 403
        assert "enc.failed" in page.text
        door.change = lambda _: kept[0]
        again = browser.submit(FormOnPage(acs_url, "POST", tuple(parse_qsl(door.delivered[0].decode("ascii")))))
        assert again.url == f"{federation.base_url}/sp/byggesag/result", again.text
        third = browser.submit(FormOnPage(acs_url, "POST", tuple(parse_qsl(door.delivered[0].decode("ascii")))))
        assert "proto.replay" in third.text


def test_an_answer_to_another_request_is_refused(federation: Simulator, idp: Pysaml2Idp) -> None:
    acs_url = ContextHandlerUrls(federation.base_url).acs_url
    door = AtTheDoor(acs_url, in_envelope(lambda root: root.set("InResponseTo", "_another")))
    outcome = _log_in(federation, "eva-dam", transport=door)
    assert "proto.in-response-to" in outcome.page.text


def test_it_does_not_answer_a_request_that_is_not_signed(federation: Simulator, idp: Pysaml2Idp) -> None:
    with Browser() as browser:
        browser.visit(_start(federation))
    signed = next(seen for seen in browser.seen if seen.destination == f"{idp.base_url}/sso")
    idp.asked.clear()
    answer = httpx.get(signed.destination, params={"SAMLRequest": signed.encoded}, trust_env=False, timeout=END_SECONDS)
    assert answer.status_code == 403
    assert idp.asked == []
