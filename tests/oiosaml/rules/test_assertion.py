"""Each rule of an assertion passes the valid one and refuses the one that breaks it; PRO and FED get the catalogue's codes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.ids import Cvr, EntityId
from oiosaml.messages.assertion import Assertion, ProxyRestriction, SubjectConfirmation
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.rules.assertion import ASSERTION_RULES, stated_level
from oiosaml.rules.assertion_oiosaml2 import ASSERTION_RULES_OIOSAML2
from oiosaml.rules.local_idp_assertion import LOCAL_IDP_ASSERTION_RULES
from oiosaml.rules.nemlogin_assertion import NEMLOGIN_ASSERTION_RULES
from oiosaml.rules.rule import RULES, RuleViolation, enforce, examine
from oiosaml.uris import (
    CONFIRMATION_BEARER,
    NAME_FORMAT_BASIC,
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_X509_SUBJECT_NAME,
    PERSON_UUID_PREFIX,
)
from oiosaml.validity import Window
from tests.builders import (
    ANE_HOLM,
    CH_ACS,
    CH_SP_FACE,
    IB_NOEHR,
    NOW,
    PRIVILEGES_TEXT,
    RAVNKAER,
    SYSTEM,
    assertion,
    assertion_expectations,
    attributes,
    authn_statement,
    confirmation,
    with_attribute,
    with_authn_statement,
    with_conditions,
    with_confirmation,
    with_subject,
    without_attribute,
)
from tests.oiosaml.rules.cases import Case, assert_twins

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
MINUTES_5 = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
SENDER_VOUCHES = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
OTHER_SYSTEM = EntityId("https://saml.nobody.sim.test")
UUID = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"
PARAMETRIC = "http://roller.korsbaek.test/id-12-7-2/1/parametric"


def breaks(rule_id: str, name: str, broken: Assertion, key: str | None = None, **expectations: Any) -> Case:
    """The valid assertion, and a broken one, under the same expectations."""
    expected = assertion_expectations(**expectations)
    return Case(rule_id, name, (assertion(), expected), (broken, expected), key)


def named(value: str, name_format: str = NAMEID_X509_SUBJECT_NAME) -> Assertion:
    return with_subject(name_id=NameId(value, name_format))


def doubled(name: str, *values: str) -> Assertion:
    """The valid assertion with one attribute element more."""
    return assertion(attribute_statements=((*attributes(), Attribute(name, values)),))


def with_attributes(**values: tuple[str, ...]) -> Assertion:
    return assertion(attribute_statements=(attributes(**values),))


def basic_names() -> Assertion:
    return assertion(
        attribute_statements=(tuple(replace(each, name_format=NAME_FORMAT_BASIC) for each in attributes()),)
    )


PROTOCOL_CASES = (
    breaks("IDR-50", "PRO-17-version-1.1", assertion(version="1.1")),
    breaks("IDR-51", "FED-02-other-issuer", assertion(issuer=SYSTEM)),
    breaks("IDR-51", "issuer-format", assertion(issuer_format=NAMEID_TRANSIENT)),
    breaks("IDR-52", "PRO-16-an-hour-ahead", assertion(issue_instant=NOW + timedelta(hours=1))),
    breaks("IDR-53", "PRO-16-a-day-old", assertion(issue_instant=NOW - timedelta(days=1))),
    breaks("IDR-53", "PRO-16-before-the-request", assertion(issue_instant=NOW - MINUTES_5 - SECOND)),
    breaks("IDR-17", "PRO-18-no-subject", assertion(subject=None)),
    breaks("IDR-17", "PRO-18-no-name-id", with_subject(name_id=None)),
    breaks("IDR-17", "PRO-18-empty", named("")),
    breaks("IDR-17", "PRO-18-other-format", named(ANE_HOLM.value, NAMEID_TRANSIENT)),
    breaks("IDR-18", "PRO-18-other-layout", named("CN=Ane Holm,O=91000013,C=DK")),
    breaks("IDR-18", "PRO-18-serial-is-no-uuid", named("C=DK,O=91000013,CN=Ane Holm,Serial=ah")),
    breaks("IDR-68", "PRO-18-name-with-a-serial", named(ANE_HOLM.value.replace("CN=", "CN=Eva,Serial=x"))),
    breaks("IDR-20", "PRO-13-no-confirmation", with_subject(confirmations=())),
    breaks("IDR-20", "PRO-13-holder-of-key", with_confirmation(method=HOLDER_OF_KEY)),
    breaks("IDR-20", "PRO-13-sender-vouches", with_confirmation(method=SENDER_VOUCHES)),
    breaks("IDR-20", "PRO-12-no-end", with_confirmation(window=Window(None, None))),
    breaks("IDR-54", "PRO-07-other-recipient", with_confirmation(recipient="https://other.test/acs")),
    breaks("IDR-54", "PRO-07-prefix", with_confirmation(recipient=CH_ACS + "/x")),
    breaks("IDR-54", "PRO-07-no-recipient", with_confirmation(recipient=None)),
    breaks("IDR-55", "PRO-04-other-request", with_confirmation(in_response_to="_other")),
    breaks("IDR-55", "PRO-03-unsolicited", with_confirmation(in_response_to=None), "proto.unsolicited"),
    breaks("IDR-23", "PRO-08-another-system", with_conditions(audience_restrictions=((SYSTEM,),))),
    breaks("IDR-23", "PRO-08-empty-audience", with_conditions(audience_restrictions=(("",),))),
    breaks("IDR-23", "PRO-08-no-audience", with_conditions(audience_restrictions=((),))),
    breaks("IDR-23", "PRO-08-no-restriction", with_conditions(audience_restrictions=())),
    breaks("IDR-23", "PRO-08-no-conditions", assertion(conditions=None)),
    breaks(
        "IDR-23",
        "PRO-08-second-restriction",
        with_conditions(audience_restrictions=(("https://saml.ch.sim.test/runtime",), (SYSTEM,))),
    ),
    breaks("IDR-77", "PRO-21-count-0", with_conditions(proxy_restrictions=(ProxyRestriction(0),))),
    breaks(
        "IDR-77", "PRO-21-count-0-though-named", with_conditions(proxy_restrictions=(ProxyRestriction(0, (SYSTEM,)),))
    ),
    breaks("IDR-77", "PRO-21-others", with_conditions(proxy_restrictions=(ProxyRestriction(None, (OTHER_SYSTEM,)),))),
    breaks("IDR-77", "PRO-21-ourselves", with_conditions(proxy_restrictions=(ProxyRestriction(1, (CH_SP_FACE,)),))),
    breaks("IDR-77", "PRO-21-two", with_conditions(proxy_restrictions=(ProxyRestriction(1), ProxyRestriction(1)))),
    breaks(
        "IDR-56", "PRO-10-conditions", with_conditions(window=Window(NOW + MINUTES_5 + SECOND, NOW + 3 * MINUTES_5))
    ),
    breaks(
        "IDR-56", "PRO-10-confirmation", with_confirmation(window=Window(NOW + MINUTES_5 + SECOND, NOW + 3 * MINUTES_5))
    ),
    breaks("IDR-22", "PRO-09-conditions", with_conditions(window=Window(None, NOW - MINUTES_5 - SECOND))),
    breaks("IDR-22", "PRO-09-confirmation", with_confirmation(window=Window(None, NOW - MINUTES_5 - SECOND))),
    breaks("IDR-24", "PRO-15-no-authn-statement", assertion(authn_statements=())),
    breaks("IDR-24", "PRO-15-two-authn-statements", assertion(authn_statements=(authn_statement(), authn_statement()))),
    breaks("IDR-27", "PRO-15-two-attribute-statements", assertion(attribute_statements=(attributes(), ()))),
    breaks("IDR-27", "PRO-15-no-attribute-statement", assertion(attribute_statements=())),
    breaks("IDR-57", "login-in-the-future", with_authn_statement(authn_instant=NOW + timedelta(hours=1))),
    breaks(
        "IDR-26", "REQ-12-old-login", with_authn_statement(authn_instant=NOW - timedelta(hours=1)), force_authn=True
    ),
    breaks("IDR-58", "session-over", with_authn_statement(session_not_on_or_after=NOW - timedelta(hours=1))),
    breaks(
        "IDR-19",
        "no-uuid",
        named("ane", NAMEID_PERSISTENT),
        name_id_formats=(NAMEID_X509_SUBJECT_NAME, NAMEID_PERSISTENT),
    ),
    breaks("IDR-21", "long-confirmation", with_confirmation(window=Window(None, NOW + timedelta(minutes=16)))),
    breaks("IDR-59", "long-conditions", with_conditions(window=Window(NOW, NOW + timedelta(hours=2)))),
    breaks("IDR-59", "endless-conditions", with_conditions(window=Window(NOW, None))),
    breaks("IDR-25", "no-session-index", with_authn_statement(session_index=None)),
)

ATTRIBUTE_CASES = (
    breaks("IDR-39", "FED-10-two-cvr-elements", doubled(names.CVR, RAVNKAER)),
    breaks("IDR-39", "FED-10-two-levels", doubled(names.LOA, "High")),
    breaks("IDR-63", "FED-10-two-cvr-values", with_attribute(names.CVR, "91000013", RAVNKAER)),
    breaks(
        "IDR-63",
        "FED-10-two-privilege-values",
        with_attribute(names.PRIVILEGES_INTERMEDIATE, PRIVILEGES_TEXT, PRIVILEGES_TEXT),
    ),
    breaks("IDR-29", "other-specification", with_attribute(names.SPEC_VERSION, "DK-SAML-2.0")),
    breaks("IDR-29", "no-specification", without_attribute(names.SPEC_VERSION)),
    breaks("IDR-30", "other-kombit-version", with_attribute(names.KOMBIT_SPEC_VERSION, "1.0")),
    breaks("IDR-30", "no-kombit-version", without_attribute(names.KOMBIT_SPEC_VERSION)),
    breaks("IDR-64", "FED-09-no-cvr", without_attribute(names.CVR)),
    *(
        breaks("IDR-76", f"FED-11-cpr-{name}", with_attribute(names.CPR_NUMBER, value))
        for name, value in (
            ("nine-digits", "610101888"),
            ("with-hyphen", "610101-8884"),
            ("a-cvr", "91000013"),
            ("other-digits", "٦١٠١٠١٨٨٨٤"),
        )
    ),
    breaks("IDR-76", "FED-11-cpr-by-its-older-name", with_attribute(names.CPR_NUMBER_IDENTIFIER, "x")),
    *(
        breaks("IDR-36", f"FED-11-{name}", with_attribute(names.CVR, value))
        for name, value in (
            ("seven-digits", "9100001"),
            ("nine-digits", "910000130"),
            ("letters", "9100OO13"),
            ("a-cpr", "6101018884"),
            ("spaces", " 91000013"),
            ("other-digits", "٩١٠٠٠٠١٣"),
        )
    ),
    breaks("IDR-65", "alternative-name", with_attribute(names.KOMBIT_SPEC_VERSION_ALTERNATIVE, "2.0")),
    breaks("IDR-66", "unknown-name", with_attribute("https://data.gov.dk/model/core/eid/Email", "a@b.test")),
    breaks("IDR-40", "basic-names", basic_names()),
    breaks("IDR-41", "older-generation", with_attribute("dk:gov:saml:attribute:SpecVer", "DK-SAML-2.0")),
    breaks("IDR-42", "no-organisation-name", without_attribute(names.ORG_NAME)),
    breaks("IDR-43", "cpr-number", with_attribute(names.CPR_NUMBER, "6101018884")),
    breaks("IDR-44", "no-privileges", without_attribute(names.PRIVILEGES_INTERMEDIATE)),
    breaks("IDR-45", "empty-dynamic-value", with_attribute(PARAMETRIC, " ")),
    breaks("IDR-46", "no-uuid", with_attribute(names.PROFESSIONAL_UUID, "ane")),
)

FEDERATION_CASES = (
    breaks("IDR-67", "FED-09-person", named(PERSON_UUID_PREFIX + UUID, NAMEID_PERSISTENT)),
    breaks("IDR-37", "FED-01-another-municipality", with_attribute(names.CVR, RAVNKAER)),
    breaks("IDR-38", "FED-01-only-in-the-name", with_subject(name_id=IB_NOEHR), "fed.scope:two-organisations"),
    breaks("IDR-31", "FED-06-missing", without_attribute(names.LOA), "fed.loa:not-a-level"),
    *(
        breaks("IDR-31", f"FED-06-{value or 'empty'}", with_attribute(names.LOA, value), "fed.loa:not-a-level")
        for value in ("", "Betydelig", "substantial", " Substantial", "4", SUBSTANTIAL.uri)
    ),
    breaks("IDR-33", "above-aal", with_attribute(names.AAL, "Low"), "fed.loa:not-a-level"),
    breaks("IDR-33", "above-ial", with_attribute(names.IAL, "Low"), "fed.loa:not-a-level"),
    breaks("IDR-33", "ial-is-no-level", with_attribute(names.IAL, "3"), "fed.loa:not-a-level"),
    breaks("IDR-34", "FED-05-above-registration", with_attribute(names.LOA, "High"), "fed.loa:above-registration"),
    breaks("IDR-35", "FED-04-less-than-asked", with_attribute(names.LOA, "Low")),
    breaks("IDR-35", "less-than-registered", with_attribute(names.LOA, "Low"), requested_level=None),
    breaks(
        "IDR-35",
        "not-exactly-it",
        with_attribute(names.LOA, "High"),
        registered_level=HIGH,
        comparison=Comparison.EXACT,
    ),
    breaks("IDR-32", "nist-disagrees", with_attribute(names.ASSURANCE_LEVEL, "2")),
)

CASES = PROTOCOL_CASES + ATTRIBUTE_CASES + FEDERATION_CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_passes_the_valid_assertion_and_refuses_the_broken_one(case: Case) -> None:
    assert_twins(case, ASSERTION_RULES)


@pytest.mark.parametrize("case", [case for case in CASES if case.name[:4] in ("PRO-", "FED-", "REQ-")], ids=str)
def test_attack_is_refused_with_its_code(case: Case) -> None:
    """Of all rules together, the one the catalogue names decides."""
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, *case.broken)
    assert refused.value.refusal.key == assert_twins(case, ASSERTION_RULES).refusal_key


def test_valid_assertion_breaks_nothing_at_all() -> None:
    assert enforce(ASSERTION_RULES, assertion(), assertion_expectations()) == ()


@pytest.mark.parametrize(
    ("not_before", "not_on_or_after", "accepted"),
    [
        (300, 900, True),  # NotBefore exactly at the edge belongs to the window
        (301, 900, False),
        (299, 900, True),
        (0, -300, False),  # NotOnOrAfter excludes its own instant
        (0, -299, True),
        (0, -301, False),
    ],
)
@pytest.mark.parametrize("place", ["conditions", "confirmation"])
def test_pro_11_edges_of_the_skew(place: str, not_before: int, not_on_or_after: int, *, accepted: bool) -> None:
    window = Window(NOW + timedelta(seconds=not_before), NOW + timedelta(seconds=not_on_or_after))
    message = with_conditions(window=window) if place == "conditions" else with_confirmation(window=window)
    musts = [each for each in examine(ASSERTION_RULES, message, assertion_expectations()) if each.requirement == "MUST"]
    assert (musts == []) is accepted


def broken_rules(message: Assertion, **expectations: Any) -> list[str]:
    return [each.rule_id for each in examine(ASSERTION_RULES, message, assertion_expectations(**expectations))]


@pytest.mark.parametrize(
    ("rule_id", "message", "longest"),
    [("IDR-21", with_confirmation, timedelta(minutes=10)), ("IDR-59", with_conditions, timedelta(hours=1))],
)
def test_edges_of_what_is_short(rule_id: str, message: Callable[..., Assertion], longest: timedelta) -> None:
    """The skew comes on top: the IdP counts from its own clock, which may be ahead."""
    end = NOW + longest + MINUTES_5
    assert broken_rules(message(window=Window(None, end))) == []
    assert broken_rules(message(window=Window(None, end + SECOND))) == [rule_id]


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [
        ("IDR-22", with_conditions(window=Window(None, NOW - SECOND))),
        ("IDR-22", with_confirmation(window=Window(None, NOW - SECOND))),
        ("IDR-58", with_authn_statement(session_not_on_or_after=NOW - SECOND)),
    ],
)
def test_what_has_ended_is_held_against_the_skew_that_is_expected(rule_id: str, message: Assertion) -> None:
    assert broken_rules(message) == []
    assert broken_rules(message, skew=timedelta()) == [rule_id]


@pytest.mark.parametrize("value", [UUID, f"{PERSON_UUID_PREFIX}nobody", PERSON_UUID_PREFIX])
def test_neither_the_prefix_nor_the_uuid_makes_a_name_alone(value: str) -> None:
    assert "IDR-19" not in broken_rules(named(f"{PERSON_UUID_PREFIX}{UUID}", NAMEID_PERSISTENT))
    assert "IDR-19" in broken_rules(named(value, NAMEID_PERSISTENT))


def test_refusal_for_the_level_says_both_levels() -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, with_attribute(names.LOA, "Low"), assertion_expectations())
    assert refused.value.params == {"required": "Substantial", "actual": "Low"}
    assert "Substantial" in refused.value.sentence("en")


def test_refusal_for_the_scope_says_the_cvr() -> None:
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, with_attribute(names.CVR, RAVNKAER), assertion_expectations())
    assert refused.value.params == {"cvr": RAVNKAER}


def test_a_confirmation_for_us_among_others_is_the_one_that_counts() -> None:
    elsewhere = confirmation(recipient="https://other.test/acs")
    message = with_subject(confirmations=(SubjectConfirmation(HOLDER_OF_KEY), elsewhere, confirmation()))
    assert enforce(ASSERTION_RULES, message, assertion_expectations()) == ()


def test_conditions_from_several_confirmations_are_never_mixed() -> None:
    """One for us that has expired and a fresh one for another place do not make one that is both."""
    expired = confirmation(window=Window(None, NOW - timedelta(hours=1)))
    elsewhere = SubjectConfirmation(
        CONFIRMATION_BEARER, "https://other.test/acs", expired.in_response_to, confirmation().window
    )
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, with_subject(confirmations=(elsewhere, expired)), assertion_expectations())
    assert refused.value.code == "proto.expired"


def test_name_with_comma_and_quotes_is_a_name() -> None:
    message = named('C=DK,O=91000013,CN=Finn "Komma, Jr." Ry,Serial=9f8e7d6c-5b4a-4938-8271-605f4e3d2c07')
    assert enforce(ASSERTION_RULES, message, assertion_expectations()) == ()


def test_pass_of_dynamic_values_with_commas() -> None:
    message = with_attributes(**{PARAMETRIC: (f"{UUID},{UUID}",)})
    assert enforce(ASSERTION_RULES, message, assertion_expectations()) == ()


@pytest.mark.parametrize(
    ("values", "level"), [(("High",), HIGH), (("high",), None), (("Low", "Low"), None), ((), None)]
)
def test_stated_level_is_one_exact_value(values: tuple[str, ...], level: AssuranceLevel | None) -> None:
    assert stated_level(with_attribute(names.LOA, *values)) is level


@pytest.mark.parametrize(
    ("older", "told"),
    [
        (("3",), "got no loa but AssuranceLevel '3', which is the older profile's, expected "),
        ((), "got no loa, expected "),
    ],
    ids=["the older profile's", "none"],
)
def test_an_idp_that_states_no_level_is_told_of_the_older_profiles_one(older: tuple[str, ...], told: str) -> None:
    kept = without_attribute(names.LOA).attributes
    stated = (*kept, Attribute(names.ASSURANCE_LEVEL, older)) if older else tuple(kept)
    (finding,) = examine((RULES["IDR-31"],), assertion(attribute_statements=(stated,)), assertion_expectations())
    assert finding.detail.startswith(told) and finding.detail.endswith(names.LOA)


def test_two_organisations_are_told_as_two_even_where_the_idp_speaks_for_both() -> None:
    expected = assertion_expectations(registered_cvrs=(Cvr("91000013"), Cvr("94000018")))
    with pytest.raises(RuleViolation) as refused:
        enforce(ASSERTION_RULES, with_subject(name_id=IB_NOEHR), expected)
    assert refused.value.code == "fed.scope"
    for said in (refused.value.detail, refused.value.sentence("da"), refused.value.sentence("en")):
        assert "94000018" in said and "91000013" in said and "may not speak" not in said


@pytest.mark.parametrize(
    ("registered", "told"), [(AssuranceLevel.SUBSTANTIAL, "Substantial"), (None, "no level")], ids=["a level", "none"]
)
def test_who_is_above_the_registration_reads_both_levels(registered: AssuranceLevel | None, told: str) -> None:
    expected = assertion_expectations(registered_level=registered)
    with pytest.raises(RuleViolation) as refused:
        enforce((RULES["IDR-34"],), with_attribute(names.LOA, "High"), expected)
    assert refused.value.params == {"actual": "High", "registered": told}


@pytest.mark.parametrize(
    ("restriction", "system"),
    [
        (ProxyRestriction(), SYSTEM),
        (ProxyRestriction(1), SYSTEM),
        (ProxyRestriction(1, (OTHER_SYSTEM, SYSTEM)), SYSTEM),
        (ProxyRestriction(0, (OTHER_SYSTEM,)), None),
    ],
    ids=["no-limits", "one-step", "named", "whoever-issues-nothing"],
)
def test_an_assertion_that_may_be_passed_on_passes_idr_77(
    restriction: ProxyRestriction, system: EntityId | None
) -> None:
    expected = assertion_expectations(system=system)
    assert examine(ASSERTION_RULES, with_conditions(proxy_restrictions=(restriction,)), expected) == ()


@pytest.mark.parametrize(
    "rules", [ASSERTION_RULES, ASSERTION_RULES_OIOSAML2, NEMLOGIN_ASSERTION_RULES, LOCAL_IDP_ASSERTION_RULES]
)
def test_every_profile_asks_whether_an_assertion_may_be_passed_on(rules: tuple[Any, ...]) -> None:
    assert "IDR-77" in {each.id for each in rules}
