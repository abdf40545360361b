"""What the store keeps as JSON comes back as it was, and is the text that Python's own module would write."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context_handler.login_state import LoginState
from context_handler.store.event_rows import Move
from context_handler.store.json_text import json_text, json_value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_is_the_text_of_pythons_own_module(value: object) -> None:
    written = json_text(value)
    assert written == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert json_value(written) == value


def test_an_enumeration_is_its_value_and_a_tuple_a_list() -> None:
    assert json_text({"state": LoginState.ACCEPTED, "of": ("a", None)}) == '{"state":"accepted","of":["a",null]}'


@pytest.mark.parametrize(
    "value", ["\ud800", 2**64, datetime(2025, 1, 1, tzinfo=UTC), b"octets", Move(None, LoginState.ACCEPTED)]
)
def test_what_no_column_should_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_text([value])


def test_what_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        json_value("{")
