"""Endpoints in metadata: https but on the machine itself, each fault with its own mend, and each index once."""

from dataclasses import replace

import pytest

from oiosaml.messages.metadata import Endpoint
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import Finding, Requirement, examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from oiosaml.uris import BINDING_POST
from tests.builders import SYSTEM_ACS, sp_metadata
from tests.oiosaml.rules.metadata_cases import EXPECTED, GOOD, HTTP, acs, document, reread


@pytest.mark.parametrize(
    "location", ["http://localhost:8000/acs", "http://127.0.0.1/acs", "http://[::1]:1/acs", "http://a.localhost/"]
)
def test_http_is_allowed_on_the_machine_itself(location: str) -> None:
    assert _endpoint_findings(location, EXPECTED) == []


def test_http_is_allowed_anywhere_with_lan_but_scripts_never() -> None:
    lan = replace(EXPECTED, allow_http=True)
    assert _endpoint_findings(HTTP, lan) == []
    assert _endpoint_findings("javascript:alert(1)", lan) != []


@pytest.mark.parametrize(
    ("location", "problem", "mend"),
    [
        ("https://a.test/acs#x", "a fragment", "Take out the #"),
        ("https://a.test:99999/acs", "a port that is none", "Give a port from 0 to 65535"),
        ("https://a.test:port/acs", "a port that is none", "Give a port from 0 to 65535"),
        ("https://a.test/a cs", "white space", "Take the white space out"),
        ("https://a.test/acs ", "white space", "Take the white space out"),
        ("https://a.test\\@b.test/acs", "a backslash", "Write / in place"),
        ("https://københavn.example.dk/acs", "a host beyond ASCII", "xn--kbenhavn-54a.example.dk."),
        (f"https://{'ø' * 80}.dk/acs", "a host beyond ASCII", "with xn--."),
        ("https://a.test/løn?a=%20b&c=d", "characters beyond ASCII", "https://a.test/l%C3%B8n?a=%20b&c=d"),
        ("javascript:alert(1)", "the scheme javascript", "Only https leads"),
        ("/acs", "the scheme is missing", "Give the full address"),
        ("", "the scheme is missing", "Give the full address"),
        ("https:///acs", "no host", "Give the full address"),
        ("https://user@a.test/acs", "a user name", "before the @"),
        ("https://[a.test/acs", "Invalid IPv6 URL", "in brackets"),
        ("https://a..test/acs", "no host name", "letters, digits"),
        (HTTP, "plain http", "--lan"),
        ("https://a.test/half-\ud800", "beyond ASCII", "percent-encoded"),
    ],
)
def test_each_fault_of_an_endpoint_has_its_own_mend(location: str, problem: str, mend: str) -> None:
    (finding,) = _endpoint_findings(location, EXPECTED)
    assert problem in finding.detail
    assert finding.mend is not None and mend in finding.mend


@pytest.mark.parametrize("location", ["https://a.test/acs?a=b", "https://a_b.test:8443/", "https://[2001:db8::1]/acs"])
def test_an_endpoint_by_https_is_good(location: str) -> None:
    assert _endpoint_findings(location, EXPECTED) == []


def _endpoint_findings(location: str, expected: MetadataExpectations) -> list[Finding]:
    findings = examine(
        SP_METADATA_RULES, document(sp_metadata(GOOD, assertion_consumer_services=acs(location))), expected
    )
    return [finding for finding in findings if finding.rule_id == "SPM-26"]


def test_two_endpoints_with_the_same_index_are_told_at_the_second() -> None:
    second = f'<md:AssertionConsumerService Binding="{BINDING_POST}" Location="{SYSTEM_ACS}/2" index="0"/>\n'
    metadata = reread(
        sp_metadata(GOOD), b"<md:AttributeConsumingService", second.encode() + b"<md:AttributeConsumingService"
    )
    (told,) = examine(SP_METADATA_RULES, metadata, EXPECTED)
    assert (told.rule_id, told.requirement, told.code) == ("SPM-33", Requirement.SHOULD, "md.endpoint")
    assert f"{SYSTEM_ACS}/2" in told.detail and "of its own" in (told.mend or "")
    assert metadata.entity is not None and metadata.entity.sp is not None
    assert told.line == metadata.entity.sp.assertion_consumer_services[1].line


def test_endpoints_without_an_index_or_of_different_kinds_share_none() -> None:
    none = Endpoint(BINDING_POST, f"{SYSTEM_ACS}/2")
    entity = sp_metadata(GOOD, assertion_consumer_services=(*acs(SYSTEM_ACS), none, none))
    assert examine(SP_METADATA_RULES, document(entity), EXPECTED) == ()
