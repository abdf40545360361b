"""OIOSAML 3 as NemLog-in speaks it: an IdP for employees of municipalities without one of their own (nemlogin3, section 5; our choice).

It knows nothing of KOMBIT's NameID layout, so the broker builds it: the organisation from `cvr`, the name from what there is of it, and as
serial the UUID of the municipality's own organisation system where the registration links the two, else NemLog-in's.
"""

from functools import partial

from context_handler.level import LevelDemand
from context_handler.profiles import oiosaml3
from context_handler.profiles.profile import IncomingProfile, Subject
from federation.model import HomeIdp
from oiosaml import attributes as names
from oiosaml.ids import Cvr, parse_cvr
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.authn_request import RequestedAuthnContext
from oiosaml.name_id import X509SubjectName
from oiosaml.rules.nemlogin_assertion import (
    NEMLOGIN_ASSERTION_RULES,
    display_name,
    granted_level,
    persistent_uuid,
)
from oiosaml.uris import ID_TYPE_PROFESSIONAL, NAMEID_PERSISTENT, NAMEID_TRANSIENT


def incoming(registration: HomeIdp) -> IncomingProfile:
    """Give the profile for one registration of NemLog-in, which says how far it is trusted and whom it knows by another name."""
    return IncomingProfile(
        assertion_rules=NEMLOGIN_ASSERTION_RULES,
        read_subject=partial(read_subject, registration),
        ask=ask,
        name_id_formats=(NAMEID_PERSISTENT, NAMEID_TRANSIENT),
        takes_app_switch=True,
        takes_credential_types=True,
    )


def read_subject(registration: HomeIdp, assertion: Assertion) -> Subject:
    """Read the subject of an assertion whose rules hold; the level is cut down to what the registration allows (LOA-1)."""
    uuid, name = persistent_uuid(assertion), display_name(assertion)
    level = granted_level(assertion, registration.maximum_level)
    if assertion.subject is None or assertion.subject.name_id is None or uuid is None or name is None or level is None:
        raise RuntimeError("the rules were not put to this assertion")
    cvr = parse_cvr(assertion.values_of(names.CVR)[0])
    return Subject(
        name_id=assertion.subject.name_id,
        x509=X509SubjectName(cvr, name, _linked(registration, cvr, uuid)),
        level=level,
        authn_instant=assertion.authn_statements[0].authn_instant,
        proxy_restrictions=assertion.proxy_restrictions,
        attributes={each.name: each.values for each in assertion.attributes} | {names.FULL_NAME: (name,)},
    )


def ask(demand: LevelDemand, idp: HomeIdp) -> RequestedAuthnContext:
    """Ask for an employee, at the level asked for."""
    level = oiosaml3.ask(demand, idp)
    return RequestedAuthnContext(level.comparison, (*level.class_refs, ID_TYPE_PROFESSIONAL))


def _linked(registration: HomeIdp, cvr: Cvr, uuid: str) -> str:
    linked = (
        each.organisation_uuid
        for each in registration.linked_users
        if (each.cvr, each.professional_uuid.lower()) == (cvr, uuid)
    )
    return next(linked, uuid)
