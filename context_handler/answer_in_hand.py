"""A home IdP's answer that passed authentication, until a transaction uses it up.

It counts once. What leaves the broker rests on it, so it is used up in the transaction before that: with the end of the login where nobody
is asked in between, by itself before an attribute service is asked. docs/adr/0028 says what that saves.
"""

from collections.abc import Sequence
from datetime import datetime

from context_handler.events import Event
from context_handler.login_state import PendingLogin
from oiosaml.ids import AssertionId, EntityId
from oiosaml.value_type import value_type


@value_type
class AnswerInHand:
    """What is written when the answer is used up."""

    login: PendingLogin
    assertion: tuple[EntityId, AssertionId, datetime] | None
    """Issuer and ID, and until when they are remembered. None if the IdP answered with a status alone."""
    events: Sequence[Event]
    """The steps up to here: they tell of its acceptance."""
