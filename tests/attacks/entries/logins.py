"""The broker in a login: its door towards systems, and its ACS towards the home IdPs."""

import base64
import re
import time
import zlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from oiosaml import attributes as names
from oiosaml import oiosaml2 as old
from oiosaml.ids import AssertionId, MessageId
from oiosaml.keys import SigningKey, read_verification_key
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.authn_request import AuthnRequest, Scoping, write_authn_request
from oiosaml.messages.response import Response, write_response
from oiosaml.name_id import NameId
from oiosaml.openings import open_response, unseal_response
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from oiosaml.uris import NAMEID_X509_SUBJECT_NAME, NS_BPP_LEGACY, NS_DS
from oiosaml.validity import Window
from saml_web.outbound import REPOST_MARKER
from tests import builders, builders_oiosaml2
from tests.attacks.cases import HONEST
from tests.attacks.entries.exchange import Exchange, is_success, keys_of, lenient, minutes
from tests.attacks.recipe import forge
from tests.attacks.target import Answer, Browser
from tests.attacks.vocabulary import Draft
from tests.attacks.wire import Fields, fields_of_post, fields_of_redirect
from tests.conftest import certificate_of, make_member
from tests.trees import serialise

SSO = "/runtime/saml2/issue.idp"
ACS = "/runtime/saml2auth/consume.idp"
LEFT = "key-that-left"
ENCRYPTION = "key-for-encryption"
EXPIRED = "key-of-an-expired-certificate"
MAAGEVIG_ROLE = "http://roller.maagevig.test/roles/jobrole/arkivmedarbejder/1"


def _descriptor(use: str, certificate_der: bytes) -> str:
    certificate = base64.b64encode(certificate_der).decode()
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="{NS_DS}"><ds:X509Data><ds:X509Certificate>{certificate}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def _with_key(metadata: str, descriptor: str) -> str:
    place = metadata.index("<md:KeyDescriptor")
    return metadata[:place] + descriptor + metadata[place:]


class Asks(Exchange):
    """A system's AuthnRequest at the broker's single sign-on endpoint."""

    is_named_in_events = True
    system: ClassVar[str] = "byggesag"
    idp: ClassVar[str] = "korsbaek"
    relay_state: ClassVar[str | None] = "state"

    def request(self, **changes: Any) -> AuthnRequest:
        fresh = {
            "id": self.target.fresh_id(),
            "issue_instant": self.target.now(),
            "issuer": self.target.entity_id("systems", self.system),
            "destination": self.target.base_url + SSO,
            "assertion_consumer_service_url": self.target.topology.system(self.system).acs_url,
            "scoping": Scoping(idp_list=(self.target.entity_id("idps", self.idp),)),
        }
        return builders.authn_request(**(fresh | changes))

    def keys(self) -> dict[str, SigningKey]:
        return keys_of(
            self.target.keys.system(self.system).signing, **{"other-member": self.target.keys.system("ydelser").signing}
        )

    def draft(self) -> Draft:
        return Draft(lenient(serialise(write_authn_request(self.request()))), self.keys())

    def accepted(self, answer: Answer) -> bool:
        return answer.status == 303 and answer.header("location").startswith(self.target.topology.idp(self.idp).sso_url)

    def word(self, name: str) -> str:
        if name == "acs-url":
            return self.target.topology.system(self.system).acs_url
        return super().word(name)


class SsoRedirect(Asks):
    """By HTTP-Redirect."""

    base = "Q-R"
    path = SSO

    def fields(self, octets: bytes) -> Fields:
        return fields_of_redirect(octets, "SAMLRequest", self.relay_state, self.keys())

    def send(self, body: bytes) -> Answer:
        return self.browser.get(f"{self.path}?{body.decode('ascii')}")


class SsoPost(Asks):
    """By HTTP-POST."""

    base = "Q-P"
    path = SSO

    def fields(self, octets: bytes) -> Fields:
        return fields_of_post(octets, "SAMLRequest", self.relay_state)


class Acs(Asks):
    """A home IdP's Response at the broker's assertion consumer service; OIOSAML 3, so encrypted."""

    base = "M-E"
    path = ACS
    attribute_names: ClassVar[Mapping[str, str]] = {
        "privileges": names.PRIVILEGES_INTERMEDIATE,
        "loa": names.LOA,
        "cvr": names.CVR,
    }

    question: MessageId
    other_question: MessageId | None = None
    switched_off: tuple[str, str] | None = None
    listed_before: str | None = None
    """The IdP's metadata before a key was listed whose certificate has ended."""
    thief: Browser | None = None
    thief_comes_second: bool = False
    """Another browser, which sends the message in place of the one that began the login."""

    def open(self) -> None:
        self.target.once("keys-of-the-idp", self._roll_over)
        self.question = self.ask(self.browser)

    def _roll_over(self) -> None:
        """The IdP's metadata has held the key that left, and now holds one for encryption only beside the honest one."""
        honest = self.target.registration("idps", "korsbaek")["metadata"]
        for use, key in (("signing", LEFT), ("encryption", ENCRYPTION)):
            beside = _descriptor(use, make_member(key).signing.certificate_der)
            self.target.change("idps", "korsbaek", metadata=_with_key(honest, beside))

    def _list_until_it_ends(self) -> None:
        """A key is registered beside the others, and its certificate ends."""
        self.listed_before = self.target.registration("idps", "korsbaek")["metadata"]
        end = datetime.now(UTC) + timedelta(seconds=4)  # to be registered it must not have ended yet
        beside = _descriptor("signing", certificate_of(make_member(EXPIRED).private_key, until=end))
        self.target.change("idps", "korsbaek", metadata=_with_key(self.listed_before, beside))
        time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()))

    def ask(self, browser: Browser) -> MessageId:
        """Begin a login in a browser; give the ID of the broker's question to the IdP."""
        sent = self.begin(browser)
        assert sent.status == 303, (sent.code, sent.detail)
        (packed,) = parse_qs(urlsplit(sent.header("location")).query)["SAMLRequest"]
        return MessageId(etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).get("ID") or "")

    def begin(self, browser: Browser) -> Answer:
        """Send the system's request."""
        octets = serialise(write_authn_request(self.request()))
        fields = fields_of_redirect(octets, "SAMLRequest", self.relay_state, Asks.keys(self))
        fields.sign()
        return browser.get(f"{SSO}?{fields.octets().decode()}")

    def keys(self) -> dict[str, SigningKey]:
        others = {
            "other-member": self.target.keys.idp("skovrup").signing,
            "system": self.target.keys.system("byggesag").signing,
            "broker": self.target.keys.context_handler.signing,
            "left": make_member(LEFT).signing,
            "expired": make_member(EXPIRED).signing,
            "encryption": make_member(ENCRYPTION).signing,
        }
        return keys_of(self.target.keys.idp(self.idp).signing, **others)

    def assertion(self) -> Assertion:
        """Ane Holm has logged in."""
        now = self.target.now()
        confirmation = builders.confirmation(
            recipient=self.target.base_url + ACS, in_response_to=self.question, window=Window(None, now + minutes(5))
        )
        return builders.assertion(
            id=AssertionId(self.target.fresh_id()),
            issue_instant=now,
            subject=builders.subject(confirmations=(confirmation,)),
            conditions=builders.conditions(window=Window(now, now + minutes(10))),
            authn_statements=(builders.authn_statement(authn_instant=now),),
        )

    def envelope(self) -> Response:
        return builders.response(
            id=self.target.fresh_id(),
            issue_instant=self.target.now(),
            issuer=self.target.entity_id("idps", self.idp),
            in_response_to=self.question,
            destination=self.target.base_url + ACS,
        )

    def draft(self) -> Draft:
        root = lenient(serialise(write_response(self.envelope(), write_assertion(self.assertion()))))
        return Draft(root, self.keys(), dict(self.attribute_names))

    def fields(self, octets: bytes) -> Fields:
        return fields_of_post(octets, "SAMLResponse")

    def accepted(self, answer: Answer) -> bool:
        return answer.status == 200 and is_success(answer)

    def token_of(self, answer: Answer) -> Assertion:
        """What the system reads in the answer."""
        body = fields_of_post(answer.message or b"", "SAMLResponse").octets()
        broker = read_verification_key(self.target.keys.context_handler.certificate_der)
        own = self.target.keys.system(self.system).decryption
        token = unseal_response(open_response(body), (broker,), (own,), may_be_plain=True).assertion
        assert token is not None
        return token.value

    def rights_in(self, answer: Answer) -> set[str]:
        """The system roles that the token gives."""
        values = [
            value
            for attribute in self.token_of(answer).attributes
            if attribute.name in {names.PRIVILEGES_INTERMEDIATE, old.PRIVILEGES_INTERMEDIATE}
            for value in attribute.values
        ]
        return {role for value in values for role in re.findall(r"<Privilege>([^<]+)<", b64decode(value).decode())}

    def word(self, name: str) -> str:
        match name:
            case "acs-url":
                return self.target.base_url + ACS
            case "request":
                return self.question
            case "other-request":
                # another login under way in another browser
                self.other_question = self.other_question or self.ask(self.target.browser())
                return self.other_question
            case "finished-request":
                finished = type(self)(self.target, self.canaries)
                assert finished.accepted(finished.answer_honestly())
                return finished.question
        return super().word(name)

    @classmethod
    def unopened(cls, other: Exchange) -> Self:
        """One more exchange in the same browser, not begun yet."""
        exchange = cls.__new__(cls)
        exchange.target, exchange.canaries, exchange.browser = other.target, other.canaries, other.browser
        return exchange

    def answer_honestly(self) -> Answer:
        return self.send(forge(self, HONEST).body)

    def send(self, body: bytes) -> Answer:
        browser = self.thief or self.browser
        if self.thief_comes_second:
            self.thief, self.thief_comes_second = self.target.browser(), False
        answer = browser.post(self.path, body)
        if answer.form_field(REPOST_MARKER) is not None:
            # a browser without our cookie is asked to send the form once more, from our own page
            answer = browser.post(self.path, body + f"&{REPOST_MARKER}=1".encode())
        return answer

    def circumstance(self, do: str, **details: Any) -> None:
        match do:
            case "other-browser":
                self.thief = self.target.browser()
            case "other-browser-with-a-login-of-its-own":
                self.thief = self.target.browser()
                self.ask(self.thief)
            case "other-browser-afterwards":
                self.thief_comes_second = True
            case "second-login-begun":
                self.ask(self.browser)
            case "switched-off":
                self.switched_off = (details["kind"], details["party"])
                self.target.switch(*self.switched_off, enabled=False)
            case "certificate-has-ended":
                self._list_until_it_ends()
            case _:
                super().circumstance(do, **details)

    def settle(self) -> None:
        self.thief = None
        if self.listed_before:
            self.target.change("idps", "korsbaek", metadata=self.listed_before)
            self.listed_before = None
        if self.switched_off:
            self.target.switch(*self.switched_off, enabled=True)
            self.switched_off = None


class AcsPlain(Acs):
    """The same from an IdP of OIOSAML 2 whose registration lets it leave assertions unencrypted; it signs them all the same."""

    base = "M-A"
    system = "arkiv"
    idp = "maagevig"
    attribute_names: ClassVar[Mapping[str, str]] = {
        "privileges": old.PRIVILEGES_INTERMEDIATE,
        "loa": names.ASSURANCE_LEVEL,
        "cvr": old.CVR_NUMBER_IDENTIFIER,
    }

    def request(self, **changes: Any) -> AuthnRequest:
        return super().request(**({"requested_authn_context": None} | changes))

    def assertion(self) -> Assertion:
        (confirmation,) = super().assertion().subject.confirmations  # type: ignore[union-attr]  # made with one
        name = NameId(
            "C=DK,O=93000012,CN=Eva Ålund,Serial=5a7b1c3d-2e4f-4d6a-8b9c-0e1f2a3b4c06", NAMEID_X509_SUBJECT_NAME
        )
        rights = PrivilegeList((PrivilegeGroup(cvr_scope(builders.Cvr("93000012")), (MAAGEVIG_ROLE,)),))
        attributes = builders_oiosaml2.old_attributes(
            **{
                old.CVR_NUMBER_IDENTIFIER: ("93000012",),
                old.PRIVILEGES_INTERMEDIATE: (write_privileges(rights, NS_BPP_LEGACY),),
            }
        )
        return replace(
            super().assertion(),
            issuer=self.target.entity_id("idps", self.idp),
            subject=builders.subject(name_id=name, confirmations=(confirmation,)),
            attribute_statements=(attributes,),
        )
