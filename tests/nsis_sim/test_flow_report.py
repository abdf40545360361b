"""What `nsis decode --flow` makes of the events that the API gives."""

import base64

from nsis_sim.flow_report import LONGEST_BEGINNING, FlowReport

REQUEST = b'<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"/>'
FORM = b"SAMLRequest=" + base64.b64encode(REQUEST).replace(b"+", b"%2B").replace(b"=", b"%3D") + b"&RelayState=here"


def event(step="a_step", *, octets_in=None, octets_out=None, assertion_in=None, **more):
    encoded = {
        name: octets if octets is None else base64.b64encode(octets).decode()
        for name, octets in (("octets_in", octets_in), ("octets_out", octets_out), ("assertion_in", assertion_in))
    }
    plain = {"outcome": "passed", "code": None, "detail": "", "party": None, "octets_in_length": None}
    return {"at": "2026-11-23T12:00:00.123456Z", "step": step, **plain, **encoded, **more}


def test_every_step_has_a_line_and_its_messages_follow_it():
    told = FlowReport.of(
        [
            event("open_authn_request", octets_in=FORM, party="https://saml.byggesag.sim.test"),
            event("check_authn_request"),
            event("ask_home_idp", outcome="asked", octets_out=REQUEST),
        ]
    ).text()
    lines = [line for line in told.split("\n") if line and not line.startswith(" ")]
    document = '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"/>'
    assert lines == [
        "2026-11-23T12:00:00Z open_authn_request: passed (https://saml.byggesag.sim.test)",
        "in: AuthnRequest (in SAMLRequest, base64)",
        document,
        "2026-11-23T12:00:00Z check_authn_request: passed",
        "2026-11-23T12:00:00Z ask_home_idp: asked",
        "out: AuthnRequest (as XML)",
        document,
    ]
    assert "  RelayState: here" in told.split("\n")


def test_a_step_that_asked_and_was_answered_shows_the_question_first():
    told = FlowReport.of([event(octets_in=b"<answer/>", octets_out=b"<question/>")]).text()
    assert told.index("out: question") < told.index("in: answer")


def test_an_assertion_that_came_in_encrypted_is_shown_behind_its_message():
    told = FlowReport.of([event(octets_in=FORM, assertion_in=b"<read/>")]).text()
    assert told.index("AuthnRequest") < told.index("in, decrypted: ") < told.index("<read/>")
    assert "decrypted" not in FlowReport.of([event(octets_in=FORM)]).text()


def test_a_refusal_has_its_code_and_why():
    told = FlowReport.of([event(outcome="refused", code="fed.loa", detail="got Low,\x1b[2J expected High")]).text()
    assert told == "2026-11-23T12:00:00Z a_step: refused fed.loa\n  got Low,\\x1b[2J expected High"


def test_what_is_no_xml_shows_how_it_begins_and_harms_nobody():
    answer = b'{"roles": "\x1b[2J' + b"x" * 10 * LONGEST_BEGINNING
    told = FlowReport.of([event(octets_in=answer)]).text()
    assert "in: this cannot be decoded: " in told
    assert '  it begins: {"roles": "\\x1b[2Jxxx' in told
    assert len(told) < 2 * LONGEST_BEGINNING


def test_of_a_message_kept_in_part_is_said_how_much_there_was():
    told = FlowReport.of([event(octets_in=FORM[:40], octets_in_length=70_000)]).text()
    assert "in: this cannot be decoded: " in told
    assert "  the record keeps 40 of its 70000 octets" in told
    assert "the record keeps" not in FlowReport.of([event(octets_in=FORM[:40])]).text()


def test_the_xml_alone_leaves_out_what_is_none():
    report = FlowReport.of([event(octets_in=FORM), event(octets_in=b"{}"), event(octets_out=b"<a/>")])
    assert report.xml() == REQUEST.decode() + "\n\n<a/>"
