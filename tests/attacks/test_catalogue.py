"""Every case of the catalogue against a running simulator: the code, and the invariants I1 to I8 as they are seen from outside."""

from collections.abc import Callable
from contextlib import closing

import pytest

from tests.attacks.cases import HONEST, Message, tried
from tests.attacks.entries import ENTRIES
from tests.attacks.entries.exchange import Exchange, is_success
from tests.attacks.entries.logins import Acs
from tests.attacks.recipe import Forged, forge, naive
from tests.attacks.target import Answer, Target
from tests.attacks.vocabulary import EVIL_PERSON
from tests.attacks.watch import Canaries, bounded

UNREAD = ("size", "bind.", "xml.", "proto.assertion-count", "req.relay-state")
"""Refused before anything of the message is told apart; the event holds the octets instead."""
GRANTING = ("nsis_session", "_session")


def ids() -> list[str]:
    return [f"{case.id}-{message.fault or 'as-said'}-{entry}".replace(" ", "-") for case, message, entry in tried()]


@pytest.mark.parametrize(("message", "entry"), [(message, entry) for _, message, entry in tried()], ids=ids())
def test_case(message: Message, entry: str, target: Target, watched: Canaries) -> None:
    target.once(entry, lambda: warm_up(ENTRIES[entry](target, watched)))
    with closing(ENTRIES[entry](target, watched)) as exchange:
        for each in message.circumstances:
            exchange.circumstance(**each)
        forged = forge(exchange, message)
        if message.naive in {"verifies", "fails"}:
            assert naive(forged.plain, forged.signer) == message.naive
        if exchange.sent_before:
            assert exchange.accepted(exchange.send(forged.body))
        with bounded(target, cpu=message.cpu_ms / 1000):
            answer = exchange.send(forged.body)
    watched.require_untouched()
    exchange.settle()
    code = message.expect[entry]
    if code == "accepted":
        assert exchange.accepted(answer), (answer.status, answer.code, answer.detail)
        if message.drops:
            assert_dropped(exchange, answer, message.drops, forged)
    else:
        assert_refused(exchange, answer, code, forged)
        assert_honest_still_accepted(exchange, ENTRIES[entry], message)


def assert_dropped(exchange: Exchange, answer: Answer, code: str, forged: Forged) -> None:
    """The login goes on with less: what was dropped is in no token, and the record says so."""
    assert isinstance(exchange, Acs)
    assert exchange.rights_in(answer) == set()
    assert forged.message_id
    said = [event for event in exchange.target.events_of_message(exchange.question) if code in event["detail"]]
    assert len(said) == 1, code


def warm_up(exchange: Exchange) -> None:
    """The first refusal of a house reads its templates, which is nobody's attack."""
    exchange.send(b"x")


def assert_honest_still_accepted(exchange: Exchange, begin: Callable[..., Exchange], message: Message) -> None:
    """The twin: the same without the fault. It ends the very exchange that was attacked, unless what was refused had used that up (I3)."""
    if message.uses_up or exchange.one_shot:
        if message.uses_up and not (exchange.sent_before or exchange.one_shot):
            again = exchange.send(forge(exchange, HONEST).body)
            assert again.code == "proto.replay", "a message that passed authentication uses its login up once"
        exchange = begin(exchange.target, exchange.canaries)
    twin = exchange.send(forge(exchange, HONEST).body)
    assert exchange.accepted(twin), ("the twin", twin.status, twin.code, twin.detail)


def assert_refused(exchange: Exchange, answer: Answer, code: str, forged: Forged) -> None:
    assert answer.code == code, (answer.status, answer.code, answer.detail)
    # by SOAP, and to a system that wants no pages, a signed status refuses, and HTTP has nothing to complain of
    assert 400 <= answer.status < 500 or (answer.status == 200 and (exchange.speaks_soap or answer.is_told_onward))
    assert not is_success(answer)
    assert not [name for name in answer.cookies_set if name.endswith(GRANTING)]
    assert "Traceback" not in answer.text
    assert "<script>alert(" not in answer.text
    events = exchange.refusing_events(answer, forged.message_id)
    if events is None:
        return
    refusing = [event for event in events if event["outcome"] == "refused"]
    assert [event["code"] for event in refusing] == [code]
    if exchange.is_named_in_events and not code.startswith(UNREAD):
        # what could be opened says whose it claims to be, and which message it was
        assert (forged.message_id, forged.issuer) in {(event["message_id"], event["party"]) for event in events}
    assert EVIL_PERSON not in "".join(event["detail"] for event in events)
    assert all(len(event["detail"]) <= 600 for event in events)
