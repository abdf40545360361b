"""One browser that keeps its cookies: it logs in at the home IdP, which says what a test wants, and asks once more."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from context_handler.asking import PostTo, RedirectTo
from context_handler.discovery import NO_WISHES, Wishes
from oiosaml import attributes as names
from oiosaml.messages.assertion import Assertion, ProxyRestriction
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME
from oiosaml.validity import Window
from tests import builders
from tests.builders import ANE_HOLM, NOW, requested_level
from tests.context_handler.rig import Rig, minutes

LEVELS = {level.attribute_value: level for level in AssuranceLevel}
SOMEBODY_ELSE = NameId(
    "C=DK,O=91000013,CN=Bo Lindgaard,Serial=11111111-2222-4333-8444-555555555555", NAMEID_X509_SUBJECT_NAME
)


def make_session_rig(rig: Rig) -> Rig:
    """A system that takes every level, an IdP that reaches every level, and a browser that keeps its cookies."""
    rig.keeps_cookies = True
    change_idp(rig, maximum_level=AssuranceLevel.HIGH)
    change_system(rig, minimum_level=AssuranceLevel.LOW)
    return rig


def change_idp(rig: Rig, **changes: Any) -> None:
    idp = rig.registry.idp_list[0]
    rig.registry.idp_list[0] = replace(idp, registration=replace(idp.registration, **changes))


def change_system(rig: Rig, **changes: Any) -> None:
    system = rig.registry.system_list[0]
    rig.registry.system_list[0] = replace(system, registration=replace(system.registration, **changes))


def assertion(
    rig: Rig,
    question: AuthnRequest,
    at: datetime = NOW,
    *,
    level: str = "Substantial",
    name_id: NameId = ANE_HOLM,
    proxies: tuple[ProxyRestriction, ...] = (),
    **statement: Any,
) -> Assertion:
    """What the IdP says at `at` of somebody who has just logged in there."""
    plain = builders.assertion()
    attributes = tuple(replace(each, values=(level,)) if each.name == names.LOA else each for each in plain.attributes)
    confirmation = builders.confirmation(in_response_to=question.id, window=Window(None, at + minutes(5)))
    return replace(
        plain,
        id=rig.ports.ids.message_id(),
        issue_instant=at,
        subject=builders.subject(name_id=name_id, confirmations=(confirmation,)),
        conditions=builders.conditions(window=Window(at, at + minutes(10)), proxy_restrictions=proxies),
        authn_statements=(builders.authn_statement(**({"authn_instant": at} | statement)),),
        attribute_statements=(attributes,),
    )


async def log_in(rig: Rig, at: datetime = NOW, *, request: dict[str, Any] | None = None, **said: Any) -> Any:
    """A login past the home IdP; fails if a session answers."""
    outcome = rig.begin_with(rig.query_of(rig.request(**({"issue_instant": at} | (request or {})))), at)
    assert isinstance(outcome, RedirectTo), outcome
    question = rig.question_in(outcome)
    return await rig.finish(rig.answer_with(question, assertion(rig, question, at, **said), issue_instant=at), at)


def ask(rig: Rig, at: datetime = NOW, *, wishes: Wishes = NO_WISHES, **request: Any) -> Any:
    """One more request in the same browser; nothing hints at an IdP."""
    return rig.begin_with(rig.query_of(rig.request(**({"issue_instant": at} | request))), at, wishes=wishes)


def answered(rig: Rig, outcome: Any) -> Assertion:
    assert isinstance(outcome, PostTo), outcome
    return rig.token(outcome)


def sent_to_idp(rig: Rig, outcome: Any) -> AuthnRequest:
    assert isinstance(outcome, RedirectTo), outcome
    return rig.question_in(outcome)


def level(named: str, comparison: Comparison = Comparison.MINIMUM) -> dict[str, RequestedAuthnContext]:
    return {"requested_authn_context": requested_level(LEVELS[named], comparison)}
