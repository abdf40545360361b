"""A login that was ended goes on for nobody, and says by what it was ended."""

import pytest

from context_handler.login_state import LoginState
from context_handler.requester import require_not_expired
from oiosaml.errors import Party, SamlError
from tests.context_handler.store.contract import login


@pytest.mark.parametrize(
    ("ended_by", "code"),
    [("flow.interrupted", "flow.interrupted"), ("flow.logged-out", "flow.logged-out"), (None, "flow.expired")],
)
def test_who_comes_back_is_told_what_ended_it(ended_by: str | None, code: str) -> None:
    """Stores made before the reason was kept have none: only age ended logins then."""
    with pytest.raises(SamlError) as refused:
        require_not_expired(login(state=LoginState.EXPIRED, code=ended_by))
    assert (refused.value.code, refused.value.party) == (code, Party.USER)


@pytest.mark.parametrize("state", [each for each in LoginState if each is not LoginState.EXPIRED])
def test_any_other_login_is_not_ended(state: LoginState) -> None:
    require_not_expired(login(state=state))
