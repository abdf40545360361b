from datetime import timedelta

import pytest

from attribute_service.answered import RETENTION, AnsweredQueries
from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from tests.builders import NOW

FIRST, SECOND, THIRD = MessageId("_1"), MessageId("_2"), MessageId("_3")


def test_a_query_is_answered_once():
    answered = AnsweredQueries()
    answered.remember(FIRST, at=NOW)
    with pytest.raises(SamlError) as refused:
        answered.remember(FIRST, at=NOW + RETENTION - timedelta(seconds=1))
    assert refused.value.code == "proto.replay"


def test_a_query_is_remembered_for_as_long_as_it_could_be_fresh_and_no_longer():
    answered = AnsweredQueries(limit=1)
    answered.remember(FIRST, at=NOW)
    answered.remember(SECOND, at=NOW + RETENTION)
    assert timedelta(minutes=15) == RETENTION


def test_a_full_memory_refuses_rather_than_forgets():
    answered = AnsweredQueries(limit=2)
    answered.remember(FIRST, at=NOW)
    answered.remember(SECOND, at=NOW)
    with pytest.raises(SamlError) as refused:
        answered.remember(THIRD, at=NOW)
    assert refused.value.code == "web.unavailable"
    with pytest.raises(SamlError) as replayed:
        answered.remember(FIRST, at=NOW)
    assert replayed.value.code == "proto.replay"
