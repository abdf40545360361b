"""A login between its two visits: what is kept, and which moves are allowed. Everything about order lives here."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.value_type import value_type

PENDING_LOGIN_LIFETIME: Final = timedelta(minutes=60)
"""How long a person may take at discovery and at the home IdP. A slow login is no attack; the answer's own times are short."""


class LoginState(StrEnum):
    """Where a login stands."""

    CHOOSING_IDP = "choosing-idp"
    AT_HOME_IDP = "at-home-idp"
    ACCEPTED = "accepted"
    """The IdP's answer passed authentication and is used up; what follows is ours to finish."""
    COMPLETED = "completed"
    REFUSED = "refused"
    EXPIRED = "expired"


TRANSITIONS: Final[Mapping[LoginState, frozenset[LoginState]]] = MappingProxyType(
    {
        # Completed without the home IdP: the person has a session with the IdP that was chosen.
        LoginState.CHOOSING_IDP: frozenset(
            {LoginState.AT_HOME_IDP, LoginState.COMPLETED, LoginState.REFUSED, LoginState.EXPIRED}
        ),
        # A person who goes back from one municipality's login may choose another; the first one's answer then comes to nothing.
        LoginState.AT_HOME_IDP: frozenset(
            {
                LoginState.AT_HOME_IDP,
                LoginState.ACCEPTED,
                LoginState.COMPLETED,
                LoginState.REFUSED,
                LoginState.EXPIRED,
            }
        ),
        LoginState.ACCEPTED: frozenset({LoginState.COMPLETED, LoginState.REFUSED, LoginState.EXPIRED}),
        LoginState.COMPLETED: frozenset(),
        LoginState.REFUSED: frozenset(),
        LoginState.EXPIRED: frozenset(),
    }
)
"""Every move there is. A state without moves is an end."""

PENDING_STATES: Final = frozenset(state for state, moves in TRANSITIONS.items() if moves)
"""The states that the audit counts as pending."""

WAITING_STATES: Final = frozenset({LoginState.CHOOSING_IDP, LoginState.AT_HOME_IDP})
"""The states of a login that waits for a person. Only a session completes it from there."""


@value_type
class PendingLogin:
    """What the broker must remember while the browser is away."""

    flow: FlowId
    state: LoginState
    system: EntityId
    request: AuthnRequest
    """The system's verified request."""
    relay_state: str | None
    """The system's own, carried back untouched."""
    acs_url: str
    """The registered ACS that the answer goes to."""
    browser: str
    """SHA-256 of the browser's handle, in hexadecimal: the answer must come by the same browser (attacks PRO-02, PRO-05)."""
    started_at: datetime
    expires_at: datetime
    idp: EntityId | None = None
    """The IdP that was asked, once it was."""
    idp_request_id: MessageId | None = None
    """The ID of our own AuthnRequest to it."""
    idp_request_at: datetime | None = None
    code: str | None = None
    """Of the refusal that ended it, once one did."""

    def asked_at(self, idp: EntityId, request_id: MessageId, at: datetime) -> "PendingLogin":
        """Give the login once this home IdP was asked."""
        return PendingLogin(
            flow=self.flow,
            state=LoginState.AT_HOME_IDP,
            system=self.system,
            request=self.request,
            relay_state=self.relay_state,
            acs_url=self.acs_url,
            browser=self.browser,
            started_at=self.started_at,
            expires_at=self.expires_at,
            idp=idp,
            idp_request_id=request_id,
            idp_request_at=at,
            code=self.code,
        )

    def has_expired(self, at: datetime) -> bool:
        """Tell whether the person took too long."""
        return at >= self.expires_at
