"""Each rule of an AuthnRequest passes the valid request and refuses the one that breaks it; the catalogue's cases get their codes."""

from datetime import timedelta
from typing import Any

import pytest

from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.authn_request import NameIdPolicy, RequestedAuthnContext, Scoping
from oiosaml.messages.metadata import Endpoint
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.rules.authn_request import AUTHN_REQUEST_RULES, chosen_assertion_consumer_service
from oiosaml.rules.rule import RuleViolation, enforce
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, ID_TYPE_PERSON, ID_TYPE_PROFESSIONAL
from tests.builders import (
    CH_SP_FACE,
    IDP,
    NOW,
    SYSTEM,
    SYSTEM_ACS,
    authn_request,
    authn_request_expectations,
    requested_level,
)
from tests.oiosaml.rules.cases import Case, assert_twins

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
SECOND = timedelta(seconds=1)


def breaks(rule_id: str, name: str, key: str | None = None, **changes: Any) -> Case:
    valid = authn_request(), authn_request_expectations()
    return Case(rule_id, name, valid, (authn_request(**changes), authn_request_expectations()), key)


def breaks_expectation(rule_id: str, name: str, **changes: Any) -> Case:
    valid = authn_request(), authn_request_expectations()
    return Case(rule_id, name, valid, (authn_request(), authn_request_expectations(**changes)))


def classes(*class_refs: str, comparison: Comparison = Comparison.MINIMUM) -> RequestedAuthnContext:
    return RequestedAuthnContext(comparison, class_refs)


AC_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes"
CASES = (
    breaks("SPQ-09", "version-1.1", version="1.1"),
    breaks("SPQ-07", "other-issuer", issuer=IDP),
    breaks("SPQ-07", "issuer-format", issuer_format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
    breaks("SPQ-08", "id-begins-with-a-digit", id="7c1f5b0e9a3d4c2f8e6b1a0d9c8b7a65"),
    breaks("SPQ-11", "other-destination", destination="https://ch.sim.test/runtime/saml2/issue.idp/"),
    breaks("SPQ-11", "no-destination", "proto.destination:missing", destination=None),
    breaks("SPQ-30", "from-the-future", issue_instant=NOW + timedelta(minutes=5) + SECOND),
    breaks("SPQ-10", "ten-minutes-old", issue_instant=NOW - timedelta(minutes=10)),
    breaks("SPQ-12", "other-host", assertion_consumer_service_url="https://evil.test/saml/acs"),
    breaks(
        "SPQ-12",
        "prefix-of-another-host",
        assertion_consumer_service_url="https://byggesag.sim.test.evil.test/saml/acs",
    ),
    breaks("SPQ-12", "index-99", assertion_consumer_service_url=None, assertion_consumer_service_index=99),
    breaks("SPQ-12", "url-and-index", assertion_consumer_service_index=0),
    breaks("SPQ-13", "answer-by-redirect", protocol_binding=BINDING_REDIRECT),
    breaks("SPQ-14", "forced-and-passive", force_authn=True, is_passive=True),
    breaks("SPQ-15", "two-levels", requested_authn_context=classes(LOW.uri, HIGH.uri)),
    breaks("SPQ-31", "better-than-high", requested_authn_context=requested_level(HIGH, Comparison.BETTER)),
    breaks("SPQ-17", "two-id-types", requested_authn_context=classes(ID_TYPE_PERSON, ID_TYPE_PROFESSIONAL)),
    breaks("SPQ-32", "a-person", requested_authn_context=classes(ID_TYPE_PERSON)),
    breaks(
        "SPQ-20",
        "e-mail-address",
        name_id_policy=NameIdPolicy("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", True),
    ),
    breaks("SPQ-24", "proxy-count-0", "req.loop:proxy-count", scoping=Scoping(proxy_count=0)),
    breaks("SPQ-24", "twice-the-same", scoping=Scoping(requester_ids=(SYSTEM, SYSTEM))),
    breaks("SPQ-24", "ourselves", scoping=Scoping(requester_ids=(CH_SP_FACE,))),
    breaks("SPQ-38", "somebody-in-particular", names_subject=True),
    breaks("SPQ-39", "level-in-lower-case", requested_authn_context=classes(SUBSTANTIAL.uri.lower())),
    breaks("SPQ-39", "level-by-http", requested_authn_context=classes(HIGH.uri.replace("https:", "http:"))),
    breaks("SPQ-39", "level-in-danish", requested_authn_context=classes(HIGH.uri.replace("High", "Hoej"))),
    breaks("SPQ-39", "one-of-two", requested_authn_context=classes(HIGH.uri, SUBSTANTIAL.uri.upper())),
    breaks("SPQ-39", "assurance-level-5", requested_authn_context=classes(f"{NistLevel.FOUR.uri[:-1]}5")),
    breaks("SPQ-37", "two-assurance-levels", requested_authn_context=classes(NistLevel.TWO.uri, NistLevel.THREE.uri)),
    breaks("SPQ-37", "both-ladders", requested_authn_context=classes(NistLevel.THREE.uri, LOW.uri)),
    breaks("SPQ-36", "script", app_switch=AppSwitch(Platform.IOS, "javascript:alert(1)")),
    breaks("SPQ-36", "relative", app_switch=AppSwitch(Platform.IOS, "/return")),
    breaks("SPQ-36", "with-a-space", app_switch=AppSwitch(Platform.ANDROID, "https://app.test/a b")),
    breaks("SPQ-36", "android-without-url", app_switch=AppSwitch(Platform.ANDROID)),
    breaks_expectation("SPQ-01", "came-by-post", binding=BINDING_POST),
    breaks("SPQ-33", "short-id", id="_1"),
    breaks("SPQ-34", "index-with-binding", assertion_consumer_service_url=None, assertion_consumer_service_index=0),
    breaks("SPQ-16", "exact-level", requested_authn_context=requested_level(comparison=Comparison.EXACT)),
    breaks("SPQ-18", "class-of-others", requested_authn_context=classes(f"{AC_CLASSES}:PasswordProtectedTransport")),
    breaks("SPQ-19", "below-the-minimum", requested_authn_context=requested_level(LOW)),
    breaks("SPQ-35", "unknown-idp", scoping=Scoping(idp_list=(SYSTEM,))),
    breaks_expectation("SPQ-21", "long-relay-state", relay_state="å" * 41),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_passes_the_valid_request_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, AUTHN_REQUEST_RULES)


@pytest.mark.parametrize(
    "app_switch",
    [
        AppSwitch(Platform.IOS),
        AppSwitch(Platform.IOS, "byggesag://return"),
        AppSwitch(Platform.ANDROID, "https://a.test/r"),
    ],
)
def test_app_switch_of_an_app_passes(app_switch: AppSwitch) -> None:
    assert enforce(AUTHN_REQUEST_RULES, authn_request(app_switch=app_switch), authn_request_expectations()) == ()


def test_valid_request_breaks_nothing_at_all() -> None:
    assert enforce(AUTHN_REQUEST_RULES, authn_request(), authn_request_expectations()) == ()


@pytest.mark.parametrize(
    ("attack", "changes", "code"),
    [
        ("REQ-03-other-host", {"assertion_consumer_service_url": "https://evil.test/acs"}, "req.acs"),
        ("REQ-03-other-path", {"assertion_consumer_service_url": SYSTEM_ACS + "/x"}, "req.acs"),
        ("REQ-03-http-for-https", {"assertion_consumer_service_url": SYSTEM_ACS.replace("https", "http")}, "req.acs"),
        (
            "REQ-03-index-99",
            {"assertion_consumer_service_url": None, "assertion_consumer_service_index": 99},
            "req.acs",
        ),
        ("REQ-03-url-and-index", {"assertion_consumer_service_index": 0}, "req.acs"),
        ("REQ-04-script", {"assertion_consumer_service_url": "javascript:alert(1)"}, "req.acs"),
        ("REQ-10-stale", {"issue_instant": NOW - timedelta(minutes=10)}, "req.stale"),
        ("REQ-10-misaddressed", {"destination": "https://other.test/sso"}, "proto.destination"),
        ("PRO-16-ahead", {"issue_instant": NOW + timedelta(hours=1)}, "proto.not-yet-valid"),
        ("PRO-17-version", {"version": ""}, "proto.version"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_attack_is_refused_with_its_code(attack: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(AUTHN_REQUEST_RULES, authn_request(**changes), authn_request_expectations())
    assert refused.value.code == code, attack


@pytest.mark.parametrize(("offset", "accepted"), [(-600, False), (-599, True), (300, True), (301, False)])
def test_edges_of_the_skew(offset: int, *, accepted: bool) -> None:
    request = authn_request(issue_instant=NOW + timedelta(seconds=offset))
    if accepted:
        enforce(AUTHN_REQUEST_RULES, request, authn_request_expectations())
    else:
        with pytest.raises(RuleViolation):
            enforce(AUTHN_REQUEST_RULES, request, authn_request_expectations())


FIRST = Endpoint(BINDING_POST, "https://a.test/1", index=1)
SECOND_ENDPOINT = Endpoint(BINDING_POST, "https://a.test/2", index=2, is_default=True)
ARTIFACT = Endpoint("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", "https://a.test/3", index=3)


@pytest.mark.parametrize(
    ("url", "index", "registered", "chosen"),
    [
        (None, None, (FIRST, SECOND_ENDPOINT), SECOND_ENDPOINT),
        (None, None, (ARTIFACT, FIRST), FIRST),
        (None, None, (), None),
        ("https://a.test/1", None, (FIRST, SECOND_ENDPOINT), FIRST),
        (None, 1, (FIRST, SECOND_ENDPOINT), FIRST),
        (None, 3, (FIRST, ARTIFACT), None),
        ("https://a.test/1", 2, (FIRST, SECOND_ENDPOINT), None),
    ],
)
def test_endpoint_is_chosen_by_url_or_index_or_default(
    url: str | None, index: int | None, registered: tuple[Endpoint, ...], chosen: Endpoint | None
) -> None:
    request = authn_request(assertion_consumer_service_url=url, assertion_consumer_service_index=index)
    assert chosen_assertion_consumer_service(request, registered) is chosen
