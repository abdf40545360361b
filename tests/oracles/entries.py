"""Every place where a stranger's octets come in, each as a function that must give a value or raise SamlError, whatever it is given."""

import base64
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote_from_bytes

from lxml import etree

from context_handler.metadata_refresh import interval_for, require_own_word
from federation.model import MetadataSource
from oiosaml.bindings.soap import wrap
from oiosaml.errors import SamlError
from oiosaml.logout_openings import (
    open_logout_request_post,
    open_logout_request_redirect,
    open_logout_request_soap,
    open_logout_response_post,
    open_logout_response_redirect,
    open_logout_response_soap,
    vouch_for_logout_request,
    vouch_for_logout_response,
)
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.openings import (
    open_attribute_query,
    open_attribute_response,
    open_authn_request_post,
    open_authn_request_redirect,
    open_response,
    unseal_attribute_response,
    unseal_response,
    vouch_for_attribute_query,
    vouch_for_authn_request,
)
from oiosaml.privileges import examine_privileges, read_privileges
from oiosaml.rules.attribute_authority_metadata import ATTRIBUTE_AUTHORITY_METADATA_RULES
from oiosaml.rules.idp_metadata import IDP_METADATA_RULES
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import examine
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from tests import builders
from tests.conftest import make_member
from tests.oracles.messages import Message, messages
from tests.trees import sign_enveloped

Entry = Callable[[bytes], object]


def _try(*steps: tuple[Callable[[bytes], Any], Callable[[Any], Any] | None], octets: bytes) -> None:
    """Put the octets to each reader; a refusal by one says nothing of the next."""
    for opening, vouching in steps:
        try:
            opened = opening(octets)
            if vouching is not None:
                vouching(opened)
        except SamlError:
            continue


def _keys() -> list[Any]:
    return [make_member(name).verification for name in ("idp", "system", "service", "broker")]


def _decryption() -> list[Any]:
    return [make_member("broker").decryption]


def saml(octets: bytes) -> None:
    """A message as XML, posted in a form, to whoever takes posted messages; and as what an EncryptedAssertion was made of."""
    request, response = _form("SAMLRequest", octets), _form("SAMLResponse", octets)
    form(request)
    form(response)
    _try(
        (open_attribute_response, lambda opened: unseal_attribute_response(opened, _keys(), _decryption())),
        octets=wrap(octets),
    )


def form(octets: bytes) -> None:
    """The body of a form."""
    _try(
        (open_response, lambda opened: unseal_response(opened, _keys(), _decryption(), may_be_plain=True)),
        (open_authn_request_post, lambda opened: vouch_for_authn_request(opened, _keys())),
        (open_logout_request_post, lambda opened: vouch_for_logout_request(opened, _keys())),
        (open_logout_response_post, lambda opened: vouch_for_logout_response(opened, _keys())),
        octets=octets,
    )


def redirect(octets: bytes) -> None:
    """A query."""
    _try(
        (open_authn_request_redirect, lambda opened: vouch_for_authn_request(opened, _keys())),
        (open_logout_request_redirect, lambda opened: vouch_for_logout_request(opened, _keys())),
        (open_logout_response_redirect, lambda opened: vouch_for_logout_response(opened, _keys())),
        octets=octets,
    )


def soap(octets: bytes) -> None:
    """A SOAP envelope."""
    _try(
        (open_attribute_query, lambda opened: vouch_for_attribute_query(opened, _keys())),
        (open_attribute_response, lambda opened: unseal_attribute_response(opened, _keys(), _decryption())),
        (open_logout_request_soap, lambda opened: vouch_for_logout_request(opened, _keys())),
        (open_logout_response_soap, lambda opened: vouch_for_logout_response(opened, _keys())),
        octets=octets,
    )


def oiobpp(octets: bytes) -> None:
    """A privileges attribute: the octets as the document within, and as the value itself."""
    for text in (base64.b64encode(octets).decode(), octets.decode("utf-8", "replace")):
        examine_privileges(text)  # never raises
        _try((lambda _: read_privileges(text), None), octets=octets)  # noqa: B023 - run at once


def metadata(octets: bytes) -> None:
    """A member's metadata, registered or fetched anew."""
    source = MetadataSource("https://member.test/metadata")
    document = read_metadata(octets)  # never raises
    expected = MetadataExpectations(builders.NOW, builders.KORSBAEK)
    for rules in (SP_METADATA_RULES, IDP_METADATA_RULES, ATTRIBUTE_AUTHORITY_METADATA_RULES):
        examine(rules, document, expected)
    _try(
        (lambda _: require_own_word(octets, (make_member("idp").verification,), source), None),
        (lambda _: interval_for(octets, builders.NOW), None),
        octets=octets,
    )


ENTRIES: Final[Mapping[str, Entry]] = MappingProxyType(
    {each.__name__: each for each in (saml, form, redirect, soap, oiobpp, metadata)}
)


def honest(entry: str) -> tuple[bytes, ...]:
    """What an entry gets from honest senders: where a search begins."""
    if entry == "oiobpp":
        return (base64.b64decode(builders.PRIVILEGES_TEXT),)
    if entry == "metadata":
        key = make_member("idp")
        faces = (builders.sp_metadata(key.verification), builders.idp_metadata(key.verification))
        authority = builders.attribute_authority_metadata(key.verification)
        written = [write_entity_descriptor(face).octets() for face in (*faces, authority)]
        signed = etree.fromstring(written[0])
        signed.set("ID", "_metadata")
        sign_enveloped(signed, key.signing)
        return (*written, etree.tostring(signed))
    return tuple(each.octets for each in messages() if _entry_of(each) == entry)


def _entry_of(message: Message) -> str:
    if message.octets.startswith(b"<soap:"):
        return "soap"
    if message.is_xml:
        return "saml"
    return "redirect" if "redirect" in message.name else "form"


def _form(parameter: str, octets: bytes) -> bytes:
    return f"{parameter}={quote_from_bytes(base64.b64encode(octets), safe='')}".encode()
