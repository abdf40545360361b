"""Every line of the log is one JSON object, whatever is logged (attacks WEB-06, WEB-10)."""

import json
import logging
import sys

import pytest

from nsis_sim.log_lines import MAX_LOGGED_CHARACTERS, MAX_TRACE_CHARACTERS, LogLines, log_config

FORGED = 'x\r\n{"level": "info", "message": "all is well"}\x1b[2J\u202e\u2028'


def line(message: str, *arguments: object, name: str = "saml_web.error_pages", trace: bool = False) -> str:
    exc_info = sys.exc_info() if trace else None
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, message, arguments, exc_info)
    return LogLines().format(record)


def test_a_line_is_one_json_object() -> None:
    told = json.loads(line("reference %s", "f1"))
    assert (told["level"], told["logger"], told["message"]) == ("warning", "saml_web.error_pages", "reference f1")
    assert told["at"].endswith("+00:00")


def test_nobody_begins_a_line_or_turns_the_reading_direction() -> None:
    written = line("got %s", FORGED)
    assert written.isprintable()
    assert json.loads(written)["message"].startswith("got x\\r\\n{")


def test_a_traceback_is_on_the_same_line_and_its_message_is_cut_and_redacted() -> None:
    try:
        raise ValueError(FORGED + " cpr 6111118881 " + "y" * 100_000)
    except ValueError:
        written = line("failed", trace=True)
    assert written.isprintable()
    trace = json.loads(written)["trace"]
    assert "test_log_lines.py" in trace
    assert "6111118881" not in trace
    assert len(trace) <= MAX_TRACE_CHARACTERS + 1


def test_a_message_is_cut() -> None:
    assert len(json.loads(line("%s", "x" * 100_000))["message"]) == MAX_LOGGED_CHARACTERS + 1


def test_an_access_line_has_no_query() -> None:
    written = line('%s - "%s %s" %d', "::1", "GET", "/sso?RelayState=secret&SAMLRequest=x", 200, name="uvicorn.access")
    assert json.loads(written)["message"] == '::1 - "GET /sso" 200'


@pytest.mark.parametrize(
    ("level", "own", "others"),
    [("debug", "DEBUG", "WARNING"), ("info", "INFO", "WARNING"), ("warning", "WARNING", "WARNING"), ("error", "ERROR", "ERROR")],
)  # fmt: skip
def test_libraries_are_heard_from_a_warning_on(level: str, own: str, others: str) -> None:
    config = log_config(level)
    assert config["root"]["level"] == others
    assert {each["level"] for each in config["loggers"].values()} == {own}
