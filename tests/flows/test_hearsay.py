"""What the record keeps of a message that anybody could have sent, and of one that a member did (attack WEB-13)."""

import base64
import hashlib

from context_handler.events import MAX_HEARSAY_OCTETS
from oiosaml import attributes
from oiosaml.attributes import Attribute
from tests import builders
from tests.flows.forging import SSO, ask, client_of, query, request
from tests.flows.street import reference_of

PADDING = "x" * 200_000


def events_of(street, answer_text: str):
    return street.events(reference_of(type("Page", (), {"text": answer_text})))


def test_of_a_long_message_that_nobody_vouched_for_the_beginning_is_kept_web_13(street):
    with client_of(street) as client:
        question = ask(street, client)
        body = f"SAMLResponse={base64.b64encode(f'<x>{PADDING}</x>'.encode()).decode()}&nsis_repost=1"
        refused = question.post_body(body)
    sent = body.removesuffix("&nsis_repost=1").encode()
    (event,) = [event for event in events_of(street, refused.text) if event["octets_in"]]
    assert base64.b64decode(event["octets_in"]) == sent[:MAX_HEARSAY_OCTETS]
    assert event["octets_in_length"] == len(sent)
    assert event["octets_in_sha256"] == hashlib.sha256(sent).hexdigest()


def test_a_short_one_is_kept_whole(street):
    with client_of(street) as client:
        refused = client.get(f"{SSO}?{query(street, request(street), signer='ydelser')}")
    (event,) = [event for event in events_of(street, refused.text) if event["octets_in"]]
    assert event["octets_in_length"] is None
    assert len(base64.b64decode(event["octets_in"])) > 1000


def test_an_answer_that_its_idp_signed_is_kept_whole_even_if_it_is_refused(street):
    with client_of(street) as client:
        question = ask(street, client)
        much = (*builders.attributes(**{attributes.LOA: ("Low",)}), Attribute("https://much.test", (PADDING[:30_000],)))
        refused = question.answer(attribute_statements=(much,))
    assert "fed.loa" in refused.text
    answer = next(event for event in events_of(street, refused.text) if event["step"] == "resume_pending_login")
    assert answer["octets_in_length"] is None
    assert len(base64.b64decode(answer["octets_in"])) > MAX_HEARSAY_OCTETS
