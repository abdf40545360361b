"""What holds for every input: bindings give back what they were given, times are exact or refused, log lines are one line of JSON."""

import json
import logging
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nsis_sim.log_lines import LogLines
from oiosaml.bindings.soap import unwrap, wrap
from oiosaml.errors import SamlError
from oiosaml.messages.authn_request import read_authn_request, write_authn_request
from oiosaml.uris import NS_SAMLP
from oiosaml.validity import format_instant, parse_instant
from tests import builders

EXAMPLES = settings(max_examples=200)
TEXT = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff", min_codepoint=0x20), min_size=1
)
DAYS = st.sampled_from(("2025-02-28", "2024-02-29", "2025-12-31", "9999-12-31", "0001-01-01"))
ODD_DAYS = st.sampled_from(
    ("2025-02-29", "2025-13-01", "2025-00-10", "0000-01-01", "20255-01-01", "2025-1-1", "2025-01-\u0967\u0967")
)
CLOCKS = st.sampled_from(("00:00:00", "23:59:59", "08:15:30"))
ODD_CLOCKS = st.sampled_from(("24:00:00", "23:60:00", "23:59:60", "8:15:30", "08:15", "-1:00:00", "081530"))
FRACTIONS = st.sampled_from(("", "", ".5", ".123456", ".1234567", ".123456789"))
ODD_FRACTIONS = st.sampled_from((".", ",5", ".1234567890", ".\u0967", ". 5"))
ODD_MARKS = st.sampled_from((" ", "t", "", "TT"))
ODD_ZONES = st.sampled_from(("", "z", "+00:00", "+01:00", "Z\n", "Z ", "ZZ"))
ALMOST_A_TIME = st.one_of(
    *[
        st.tuples(days, marks, clocks, fractions, zones).map("".join)
        for days, marks, clocks, fractions, zones in (
            (DAYS, st.just("T"), CLOCKS, FRACTIONS, st.just("Z")),
            (ODD_DAYS, st.just("T"), CLOCKS, FRACTIONS, st.just("Z")),
            (DAYS, ODD_MARKS, CLOCKS, FRACTIONS, st.just("Z")),
            (DAYS, st.just("T"), ODD_CLOCKS, FRACTIONS, st.just("Z")),
            (DAYS, st.just("T"), CLOCKS, ODD_FRACTIONS, st.just("Z")),
            (DAYS, st.just("T"), CLOCKS, FRACTIONS, ODD_ZONES),
        )
    ]
)


@EXAMPLES
@given(value=TEXT)
def test_soap_gives_back_what_it_was_given(value: str) -> None:
    """By Redirect and by POST, the bindings' own tests say so."""
    request = builders.authn_request(provider_name=value, destination=value)
    message = unwrap(wrap(write_authn_request(request).octets()), f"{{{NS_SAMLP}}}AuthnRequest")
    assert read_authn_request(message) == request


@EXAMPLES
@given(text=ALMOST_A_TIME | st.text())
@example("2025-02-29T08:15:30Z")
@example("2025-03-04T08:15:30.000000999Z")
def test_a_time_is_read_exactly_or_refused(text: str) -> None:
    try:
        read = parse_instant(text)
    except SamlError as refusal:
        assert refusal.code == "proto.time-format"
        return
    assert text.isascii()
    assert text[10] == "T"
    assert text[-1] == "Z"
    day, clock = [int(part) for part in text[:10].split("-")], [int(part) for part in text[11:19].split(":")]
    microsecond = int((text[20:-1] + "000000")[:6])
    assert read == datetime(*day, *clock, microsecond, tzinfo=UTC)  # type: ignore[misc, arg-type]
    assert read.utcoffset() == timedelta(0)
    assert format_instant(read) == text[:19] + "Z"


@EXAMPLES
@given(message=st.text(), argument=st.text(), logger=st.sampled_from(("nsis_sim", "uvicorn.error")))
@example("\ud800", "\n", "nsis_sim")
def test_whatever_is_logged_is_one_line_of_json(message: str, argument: str, logger: str) -> None:
    record = logging.LogRecord(logger, logging.WARNING, __file__, 1, "%s %s", (message, argument), None)
    line = LogLines().format(record)
    assert len(line.splitlines()) == 1
    assert json.loads(line.encode("utf-8"))["logger"] == logger
