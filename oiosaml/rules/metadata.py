"""What every party's metadata must say, whatever its role; the roles' own rules stand in their own files and use these checks.

Each breach says at which line, and how the party's supplier mends it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from oiosaml.ids import Cvr
from oiosaml.messages.metadata import ContactPerson, Endpoint, EntityDescriptor, MetadataDocument
from oiosaml.rules.endpoint_location import location_problem
from oiosaml.rules.rule import Breach
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP, PROTOCOL_SAML2
from oiosaml.validity import format_instant

MAXIMUM_ENTITY_ID_CHARACTERS: Final = 1024
"""What SAML Metadata 2.2.1 allows an entityID."""

_LOGOUT_BINDINGS: Final = (BINDING_REDIRECT, BINDING_POST, BINDING_SOAP)

_SHOWN: Final = 120
"""How many characters of a value that is wrong are repeated."""

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class MetadataExpectations:
    """What is known when metadata is registered or used."""

    at: datetime
    registered_cvr: Cvr | None = None
    allow_http: bool = False
    """Plain http to any host, where our own houses meet by it (--lan). To the machine's own loopback it is always allowed."""
    other_fingerprints: frozenset[str] = frozenset()
    """Keys of other connections in the same environment."""
    chosen_encryption: frozenset[str] = frozenset()
    """The algorithms that the registration says are used, whatever the metadata lists; empty leaves it to the metadata."""


def unreadable_document(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The document is well-formed SAML 2.0 metadata of one entity, without DOCTYPE."""
    if document.entity is None:
        for problem in document.problems:
            yield Breach(problem.detail, problem.key, line=problem.line, mend=problem.mend)


def unreadable_values(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """Every value is of its type, and every role stands there once, for SAML 2.0."""
    if document.entity is not None:
        for problem in document.problems:
            mend = problem.mend or "Write the value as the SAML metadata schema prescribes."
            yield Breach(problem.detail, problem.key, line=problem.line, mend=mend)


def bad_entity_id(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The entityID is an absolute URI of at most 1024 characters."""
    for entity in _entity(document):
        problem = _entity_id_problem(entity.entity_id)
        if problem is not None:
            detail, mend = problem
            yield Breach(detail, line=entity.line, mend=mend)


def unusual_entity_id(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """The entityID follows the habit https://saml.<domain>."""
    for entity in _entity(document):
        if not entity.entity_id.startswith("https://saml."):
            yield Breach(f"got entityID {entity.entity_id!r:.120}, expected https://saml.<domain>", line=entity.line)


def missing_role(entity: EntityDescriptor, tag: str, otherwise: str) -> Iterator[Breach]:
    """Yield the breach of metadata without the role it is registered for; `otherwise` is the mend if it has none of that kind at all."""
    unspoken = f'{tag} is there, but not for SAML 2.0: write protocolSupportEnumeration="{PROTOCOL_SAML2}" on it, if it speaks that.'
    mend = unspoken if tag in entity.unspoken else otherwise
    yield Breach(f"got no {tag} for SAML 2.0, expected one", line=entity.line, mend=mend)


def expired_metadata(document: MetadataDocument, expected: MetadataExpectations) -> Iterator[Breach]:
    """The metadata has not expired."""
    # no skew: expiry is the only revocation that works when the publisher is silent (attack MD-02)
    for entity in _entity(document):
        if entity.valid_until is not None and entity.valid_until <= expected.at:
            yield Breach(
                f"got validUntil {format_instant(entity.valid_until)}, expected it after {format_instant(expected.at)}",
                line=entity.line,
                mend="Publish the metadata anew with a later validUntil, or without one.",
            )


def unread_cache_duration(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """A cacheDuration is a duration in days and smaller units; any other is passed over."""
    for entity in _entity(document):
        if entity.unread_cache_duration is not None:
            yield Breach(
                f"got cacheDuration {_quoted(entity.unread_cache_duration)}, expected a duration such as P1D or PT12H",
                line=entity.line,
                mend='Write it in days, hours, minutes and seconds, such as cacheDuration="P1D", or leave it out.',
            )


def no_contact(document: MetadataDocument, _: MetadataExpectations) -> Iterator[Breach]:
    """There is an administrative or technical contact with an e-mail address."""
    for entity in _entity(document):
        if not any(_reachable(contact) for contact in entity.contacts):
            yield Breach(
                "got no administrative or technical ContactPerson with EmailAddress, expected one",
                line=entity.line,
                mend='Add <md:ContactPerson contactType="administrative"> with an <md:EmailAddress>.',
            )


def bad_endpoints(endpoints: tuple[Endpoint, ...], expected: MetadataExpectations) -> Iterator[Breach]:
    """Yield a breach for each location the browser, or we, must not be sent to (attacks REQ-04, MD-10)."""
    for endpoint in endpoints:
        for location in (endpoint.location, endpoint.response_location):
            found = None if location is None else location_problem(location, allow_http=expected.allow_http)
            if found is not None:
                problem, mend = found
                yield Breach(f"got {location!r:.200} ({problem}), expected an https URL", line=endpoint.line, mend=mend)


def repeated_indexes(endpoints: tuple[Endpoint, ...]) -> Iterator[Breach]:
    """Yield a breach for each endpoint whose index another one before it has: a request that names it means either."""
    seen: set[int] = set()
    for endpoint in endpoints:
        if endpoint.index in seen:
            yield Breach(
                f"got index {endpoint.index} a second time, at {_quoted(endpoint.location)}, expected an index of its own",
                line=endpoint.line,
                mend="Give each endpoint of a kind an index of its own: 0, 1, 2.",
            )
        if endpoint.index is not None:
            seen.add(endpoint.index)


def unknown_logout_bindings(endpoints: tuple[Endpoint, ...]) -> Iterator[Breach]:
    """Yield a breach for each binding that single logout cannot use here."""
    for endpoint in endpoints:
        if endpoint.binding not in _LOGOUT_BINDINGS:
            yield Breach(
                f"got {endpoint.binding!r:.120}, expected one of {', '.join(_LOGOUT_BINDINGS)}",
                line=endpoint.line,
                mend="Leave it out.",
            )


def response_locations_of_soap(endpoints: tuple[Endpoint, ...]) -> Iterator[Breach]:
    """Yield a breach for each SOAP endpoint that names another place for its answers."""
    for endpoint in endpoints:
        if endpoint.binding == BINDING_SOAP and endpoint.response_location is not None:
            yield Breach(
                f"got ResponseLocation {endpoint.response_location!r:.200} with SOAP, expected none",
                line=endpoint.line,
                mend="Leave ResponseLocation out.",
            )


def _entity(document: MetadataDocument) -> Iterator[EntityDescriptor]:
    if document.entity is not None:
        yield document.entity


def _entity_id_problem(entity_id: str) -> tuple[str, str] | None:
    """Give what is wrong with it, and the mend."""
    own = 'Set entityID to a stable URI of your own, such as "https://saml.example.dk".'
    if not entity_id:
        return "got no entityID, expected an absolute URI", own
    if len(entity_id) > MAXIMUM_ENTITY_ID_CHARACTERS:
        detail = f"got an entityID of {len(entity_id)} characters, expected at most {MAXIMUM_ENTITY_ID_CHARACTERS}"
        return detail, "Choose a shorter entityID."
    if any(each.isspace() for each in entity_id):
        detail = f"got entityID {_quoted(entity_id)} with white space in it, expected an absolute URI"
        return detail, "Take the white space out of entityID, at its ends too."
    if not _ABSOLUTE_URI.fullmatch(entity_id) or not _is_splittable(entity_id):
        return f"got entityID {_quoted(entity_id)}, expected an absolute URI", own
    return None


def _is_splittable(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).scheme)
    except ValueError:
        return False


def _quoted(text: str) -> str:
    """Show what came, cut so that one sees that it was cut."""
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def _reachable(contact: ContactPerson) -> bool:
    return contact.contact_type in ("administrative", "technical") and bool(contact.email_addresses)
