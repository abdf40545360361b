"""A pending login as a row of the store: every field comes back as it went in."""

from typing import Any, Final

from context_handler.login_state import LoginState, PendingLogin
from context_handler.store.database import from_microseconds, to_microseconds
from context_handler.store.json_text import json_text, json_value
from oiosaml.ids import EntityId, FlowId, MessageId
from oiosaml.messages.app_switch import AppSwitch, Platform
from oiosaml.messages.authn_request import AuthnRequest, NameIdPolicy, RequestedAuthnContext, Scoping
from oiosaml.nsis import Comparison

INSERT_LOGIN: Final = (
    "INSERT INTO logins (workspace, flow, state, started_at, expires_at, system, idp, idp_request_id, idp_request_at,"
    " browser, acs_url, relay_state, request) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
"""Writes a workspace and a `login_row`."""

SELECT_LOGIN: Final = (
    "SELECT flow, state, started_at, expires_at, system, idp, idp_request_id, idp_request_at,"
    " browser, acs_url, relay_state, request, code FROM logins WHERE workspace = ? AND request IS NOT NULL"
)
"""Reads what `login_of` takes. A flow that was refused before it began has no request and is no login."""

LoginRow = tuple[str, str, int, int, str, str | None, str | None, int | None, str, str, str | None, str]
"""What begins a login. One that is read has the code of its end as well."""


def login_row(login: PendingLogin) -> LoginRow:
    """Give a login in the order of INSERT_LOGIN."""
    return (
        login.flow,
        login.state.value,
        to_microseconds(login.started_at),
        to_microseconds(login.expires_at),
        login.system,
        login.idp,
        login.idp_request_id,
        None if login.idp_request_at is None else to_microseconds(login.idp_request_at),
        login.browser,
        login.acs_url,
        login.relay_state,
        request_text(login.request),
    )


def login_of(row: tuple[Any, ...]) -> PendingLogin:
    """Give back the login from a row of SELECT_LOGIN."""
    flow, state, started, expires, system, idp, idp_request_id, idp_request_at, browser, acs, relay_state = row[:11]
    request, code = row[11:]
    return PendingLogin(
        flow=FlowId(flow),
        state=LoginState(state),
        system=EntityId(system),
        request=request_of(request),
        relay_state=relay_state,
        acs_url=acs,
        browser=browser,
        started_at=from_microseconds(started),
        expires_at=from_microseconds(expires),
        idp=None if idp is None else EntityId(idp),
        idp_request_id=None if idp_request_id is None else MessageId(idp_request_id),
        idp_request_at=None if idp_request_at is None else from_microseconds(idp_request_at),
        code=code,
    )


def request_text(request: AuthnRequest) -> str:
    """Write a request as JSON. The keys are the fields' names; what the request left out is left out."""
    context, policy, scoping = request.requested_authn_context, request.name_id_policy, request.scoping
    app_switch = request.app_switch
    fields: dict[str, object] = {
        "id": request.id,
        "issue_instant": to_microseconds(request.issue_instant),
        "issuer": request.issuer,
        "version": request.version,
        "force_authn": request.force_authn,
        "is_passive": request.is_passive,
        "destination": request.destination,
        "assertion_consumer_service_url": request.assertion_consumer_service_url,
        "assertion_consumer_service_index": request.assertion_consumer_service_index,
        "protocol_binding": request.protocol_binding,
        "issuer_format": request.issuer_format,
        "provider_name": request.provider_name,
        "attribute_consuming_service_index": request.attribute_consuming_service_index,
        "requested_authn_context": None if context is None else (context.comparison.value, context.class_refs),
        "name_id_policy": None if policy is None else (policy.format, policy.allow_create),
        "scoping": None if scoping is None else (scoping.proxy_count, scoping.idp_list, scoping.requester_ids),
        "app_switch": None if app_switch is None else (app_switch.platform.value, app_switch.return_url),
    }
    return json_text({name: value for name, value in fields.items() if value is not None})


def request_of(text: str) -> AuthnRequest:
    """Read back what `request_text` wrote."""
    fields: dict[str, Any] = json_value(text)
    fields["issue_instant"] = from_microseconds(fields["issue_instant"])
    if (context := fields.get("requested_authn_context")) is not None:
        fields["requested_authn_context"] = RequestedAuthnContext(Comparison(context[0]), tuple(context[1]))
    if (policy := fields.get("name_id_policy")) is not None:
        fields["name_id_policy"] = NameIdPolicy(policy[0], policy[1])
    if (scoping := fields.get("scoping")) is not None:
        fields["scoping"] = Scoping(scoping[0], tuple(scoping[1]), tuple(scoping[2]))
    if (app_switch := fields.get("app_switch")) is not None:
        fields["app_switch"] = AppSwitch(Platform(app_switch[0]), app_switch[1])
    return AuthnRequest(**fields)
