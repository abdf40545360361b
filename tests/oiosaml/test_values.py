"""The profile's small values: levels, instants, windows, names and numbers, each read exactly or refused."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import oiosaml
from oiosaml.errors import SamlError
from oiosaml.ids import parse_cvr
from oiosaml.name_id import X509SubjectName, is_uuid
from oiosaml.nsis import AssuranceLevel, Comparison, lowest, satisfies
from oiosaml.refusals import REFUSALS
from oiosaml.validity import Window, format_instant, parse_instant

LOW, SUBSTANTIAL, HIGH = AssuranceLevel
UUID = "3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"
NOW = datetime(2025, 3, 4, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("comparison", "satisfying"),
    [
        (Comparison.EXACT, {SUBSTANTIAL}),
        (Comparison.MINIMUM, {SUBSTANTIAL, HIGH}),
        (Comparison.MAXIMUM, {LOW, SUBSTANTIAL}),
        (Comparison.BETTER, {HIGH}),
    ],
)
def test_levels_that_satisfy_substantial(comparison: Comparison, satisfying: set[AssuranceLevel]) -> None:
    assert {level for level in AssuranceLevel if satisfies(level, SUBSTANTIAL, comparison)} == satisfying


def test_levels_have_their_names_and_uris() -> None:
    assert [AssuranceLevel.from_attribute(level.attribute_value) for level in AssuranceLevel] == [
        LOW,
        SUBSTANTIAL,
        HIGH,
    ]
    assert [AssuranceLevel.from_uri(level.uri) for level in AssuranceLevel] == [LOW, SUBSTANTIAL, HIGH]
    assert AssuranceLevel.from_uri("Low") is None
    assert lowest((HIGH, LOW)) is LOW


@pytest.mark.parametrize("text", ["", "low", " Low", "Betydelig", LOW.uri, "3"])
def test_other_texts_are_no_level(text: str) -> None:
    with pytest.raises(ValueError, match="got"):
        AssuranceLevel.from_attribute(text)


def test_instants() -> None:
    assert parse_instant("2025-03-04T08:15:30Z") == NOW
    assert parse_instant("2025-03-04T08:15:30.123456789Z") == NOW.replace(microsecond=123456)
    assert format_instant(NOW.astimezone(timezone(timedelta(hours=1)))) == "2025-03-04T08:15:30Z"


@pytest.mark.parametrize(
    "text",
    ["", "2025-03-04", "2025-03-04T08:15:30", "2025-03-04t08:15:30z", "2025-13-04T08:15:30Z", "٢٠٢٥-03-04T08:15:30Z"],
)
def test_other_texts_are_no_instant(text: str) -> None:
    with pytest.raises(SamlError) as refused:
        parse_instant(text)
    assert refused.value.code == "proto.time-format"


def test_window_holds_its_start_and_not_its_end() -> None:
    window = Window(NOW, NOW + timedelta(minutes=1))
    none = timedelta()
    assert window.contains(NOW, none)
    assert not window.contains(NOW + timedelta(minutes=1), none)
    assert not window.contains(NOW - timedelta(seconds=1), none)
    assert Window(None, None).contains(NOW, none)


@pytest.mark.parametrize("name", ["Ane Holm", 'Finn "Komma, Jr." Ry', "A,CN=B,Serial=C", "Æ" * 200, "<&>"])
def test_x509_subject_name_keeps_any_name(name: str) -> None:
    subject = X509SubjectName(parse_cvr("91000013"), name, UUID)
    assert X509SubjectName.parse(str(subject)) == subject


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"C=DK,O=9100001,CN=Ane,Serial={UUID}",
        f"C=DK,O=91000013,CN= ,Serial={UUID}",
        "C=DK,O=91000013,CN=Ane,Serial=ah",
        f"c=DK,O=91000013,CN=Ane,Serial={UUID}",
        f"C=DK,O=91000013,Serial={UUID},CN=Ane",
    ],
)
def test_other_layouts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="got"):
        X509SubjectName.parse(text)


def test_uuid() -> None:
    assert is_uuid(UUID)
    assert not is_uuid(UUID + "\n")


@pytest.mark.parametrize("text", ["", "9100001", "910000130", "9100001a", "91000013\n", "٩١٠٠٠٠١٣"])
def test_other_texts_are_no_cvr(text: str) -> None:
    with pytest.raises(ValueError, match="got"):
        parse_cvr(text)


def test_every_refusal_has_a_client_error_and_both_sentences() -> None:
    for refusal in REFUSALS.values():
        assert refusal.da != refusal.en
        assert refusal.da.endswith(".")
        assert refusal.en.endswith(".")
        assert refusal.http_status < 500 or refusal.code in ("web.internal", "web.unavailable")


def test_sentence_never_fails_for_want_of_a_value() -> None:
    assert "–" in SamlError("fed.loa", "got nothing").sentence("da")
    assert "High" in SamlError("fed.loa", "x", params={"required": "High"}).sentence("en")


def test_only_the_verifiers_make_a_verified() -> None:
    """Trust is a type only as long as nobody else can make one."""
    package = Path(oiosaml.__file__).parent
    makers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "Verified(" in path.read_text().replace("Unverified(", "").replace("class Verified(", "")
    }
    assert makers == {"xml/verify.py", "bindings/redirect.py"}
