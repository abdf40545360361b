"""The NameID that a system gets: in the format its registration or metadata names, stable where the format promises it."""

import hmac

from context_handler.ports import RegisteredIdp, RegisteredSystem
from context_handler.profiles.registered import profile_of_system
from context_handler.session import SessionId, transient_name_for
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId, uuid_of
from oiosaml.messages.authn_request import NameIdPolicy
from oiosaml.name_id import NameId, X509SubjectName
from oiosaml.uris import (
    NAMEID_PERSISTENT,
    NAMEID_TRANSIENT,
    NAMEID_UNSPECIFIED,
    NAMEID_X509_SUBJECT_NAME,
    PROFESSIONAL_UUID_PREFIX,
)

SUPPORTED_FORMATS = (NAMEID_PERSISTENT, NAMEID_X509_SUBJECT_NAME, NAMEID_TRANSIENT)
"""What we issue, the default first."""


def name_id_format_for(system: RegisteredSystem) -> str:
    """Give the format: the registration's, else the first in the metadata that we issue, else the profile's.

    One for each system, whatever a request asks for: a logout names the person as one system knows them, and a second name in the same
    session would be one that nobody ends.
    """
    profile = profile_of_system(system)
    if profile.names_local_users:
        return NAMEID_PERSISTENT
    if system.registration.name_id_format is not None:
        return system.registration.name_id_format
    sp = system.metadata.sp
    return (
        next((f for f in (sp.name_id_formats if sp else ()) if f in SUPPORTED_FORMATS), None) or profile.name_id_format
    )


def name_id_for(
    system: RegisteredSystem,
    subject: X509SubjectName,
    policy: NameIdPolicy | None,
    *,
    issuer: EntityId,
    pairwise_secret: bytes,
    session: SessionId,
) -> NameId:
    """Give the user's name towards one system. A transient one lasts as long as the session, so that a logout can name it.

    Raises:
        SamlError: `req.name-id-policy` if the request asks for another format than this system has by now (SAML Core 3.4.1.1).
    """
    chosen = name_id_format_for(system)
    if policy is not None and policy.format not in (None, NAMEID_UNSPECIFIED, chosen):
        raise SamlError("req.name-id-policy", f"got {policy.format!r:.120}, expected {chosen}")
    if chosen == NAMEID_X509_SUBJECT_NAME:
        return NameId(str(subject), NAMEID_X509_SUBJECT_NAME)
    if chosen == NAMEID_TRANSIENT:
        return NameId(transient_name_for(session, system.registration.entity_id, pairwise_secret), NAMEID_TRANSIENT)
    value = PROFESSIONAL_UUID_PREFIX + _pairwise(system.registration.entity_id, subject, pairwise_secret)
    return NameId(value, NAMEID_PERSISTENT, issuer, system.registration.entity_id)


def local_name_id(subject: X509SubjectName, idp: RegisteredIdp) -> NameId:
    """Give the local user id that NemLog-in knows the person by: the UUID and the home IdP's suffix (our choice; nemlogin3, section 5).

    Raises:
        SamlError: `fed.no-idp:no-local-users` if NemLog-in has agreed no suffix with the home IdP.
    """
    suffix = idp.registration.local_user_suffix
    if suffix is None:
        raise SamlError(
            "fed.no-idp:no-local-users",
            f"got a login of {idp.registration.entity_id} for NemLog-in, expected an IdP with a local_user_suffix",
        )
    return NameId(f"{subject.serial.lower()}{suffix}", NAMEID_PERSISTENT)


def _pairwise(system: EntityId, subject: X509SubjectName, secret: bytes) -> str:
    """A UUID that is the same at every login and different for every system, so that two systems cannot compare notes (R3-IDP-08)."""
    message = "\x1f".join((system, subject.cvr, subject.serial.lower())).encode()
    return uuid_of(hmac.digest(secret, message, "sha256"))
