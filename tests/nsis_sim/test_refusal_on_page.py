import httpx
import pytest

from nsis_sim.browser import Page
from nsis_sim.refusal_on_page import LONGEST_LINE, LONGEST_PAGE, MOST_LINES, first_lines

DEBUG_PAGE = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- secret plans --><html><head><title>KeyError at /acs</title><style>h1 {{ color: red }}</style>
<script>alert("loud")</script></head><body><h1>KeyError at /acs</h1>
<p>Got <!-- hidden --><b>no</b> <code>uuid</code>,
   expected one</p><table><tr><td>view.py</td><td>line 7</td></tr></table>{more}</body></html>"""


def page(text, media_type="text/html; charset=utf-8"):
    return Page("https://system.test/acs", 500, httpx.Headers({"content-type": media_type}), text, (), ())


def test_lines_are_those_that_a_person_reads_each_once():
    assert first_lines(page(DEBUG_PAGE.format(more=""))) == (
        "KeyError at /acs",
        "Got no uuid,",
        "expected one",
        "view.py",
        "line 7",
    )


def test_a_page_that_is_no_html_is_given_as_it_is():
    told = first_lines(page('{"error":\n  "<b>no uuid</b>"}', "application/json"))
    assert told == ('{"error":', '"<b>no uuid</b>"}')


def test_few_lines_are_given_and_of_each_only_its_beginning():
    told = first_lines(page("".join(f"<p>{n} {'x' * 1000}</p>" for n in range(100))))
    assert len(told) == MOST_LINES
    assert {len(line) for line in told} == {LONGEST_LINE + 1}
    assert first_lines(page("<p>short</p>")) == ("short",)


def test_what_comes_late_on_a_huge_page_is_not_read():
    assert first_lines(page("<p>" + " " * LONGEST_PAGE + "late</p>")) == ()


def test_what_moves_a_cursor_is_spelled_out():
    told = first_lines(page("<p>\x1b[2J\x07out\u202e</p>"))
    assert told == (r"\x1b[2J\x07out\u202e",)
    assert first_lines(page("\x9b31m\r\nø", "text/plain")) == (r"\x9b31m", "ø")


def test_secrets_are_not_shown():
    assert first_lines(page("<p>password=hunter2 at line 7</p>")) == ("password=[secret] at line 7",)


@pytest.mark.parametrize("text", ["", "   ", "<!-- nothing -->", "<html><body></body></html>", "<script>1</script>"])
def test_a_page_without_words_gives_none(text):
    assert first_lines(page(text)) == ()
