"""Attribute queries: a municipality's service, the broker's own, and the broker as the one that asks."""

import threading
from dataclasses import replace
from typing import Any

from lxml import etree

from oiosaml import attributes as names
from oiosaml.bindings.soap import unwrap
from oiosaml.ids import AssertionId, MessageId
from oiosaml.keys import SigningKey
from oiosaml.messages.assertion import Assertion, Subject, write_assertion
from oiosaml.messages.attribute_query import AttributeQuery, read_attribute_query, write_attribute_query
from oiosaml.messages.response import write_response
from oiosaml.uris import NS_SAMLP, STATUS_SUCCESS
from oiosaml.validity import Window
from tests import builders
from tests.attacks.entries.exchange import Exchange, keys_of, lenient, minutes
from tests.attacks.entries.logins import Acs
from tests.attacks.entries.stub_service import StubService, cut_off, endless, nothing, say
from tests.attacks.sealing import seal
from tests.attacks.target import Answer
from tests.attacks.vocabulary import Draft
from tests.attacks.wire import Fields, fields_of_post
from tests.trees import serialise, sign_enveloped

SOAP = "text/xml; charset=utf-8"
OWN_SERVICE = "/runtime/services/attributeservice/saml2/soap"


class AsksForAttributes(Exchange):
    """An AttributeQuery by SOAP."""

    base = "AQ-Q"
    speaks_soap = True

    def query(self) -> AttributeQuery:
        raise NotImplementedError

    def keys(self) -> dict[str, SigningKey]:
        raise NotImplementedError

    def draft(self) -> Draft:
        return Draft(lenient(serialise(write_attribute_query(self.query()))), self.keys())

    def fields(self, octets: bytes) -> Fields:
        return Fields([], body=octets)

    def send(self, body: bytes) -> Answer:
        return self.browser.post(self.path, body, SOAP)

    def accepted(self, answer: Answer) -> bool:
        if answer.status != 200:
            return False
        codes = etree.fromstring(answer.text.encode()).iter("{*}StatusCode")
        return next((code.get("Value") for code in codes), None) == STATUS_SUCCESS


class AttributeServiceEntry(AsksForAttributes):
    """Skovrup's attribute service, which the broker asks."""

    path = "/attributes/skovrup/saml2/soap"

    def query(self) -> AttributeQuery:
        return builders.attribute_query(
            id=self.target.fresh_id(),
            issue_instant=self.target.now(),
            destination=self.target.topology.attribute_service("skovrup").soap_url,
        )

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(ring.context_handler.signing, **{"other-member": ring.system("byggesag").signing})

    def refusing_events(self, answer: Answer, message_id: str | None) -> None:
        """A municipality's mock keeps no record."""


class OwnAttributeServiceEntry(AsksForAttributes):
    """The broker's own, which a system asks for the rights of somebody who is logged in at it."""

    path = OWN_SERVICE

    def open(self) -> None:
        """Somebody logs in. Whoever did so for an exchange before this one may have been logged out everywhere by an attack on logout."""
        login = LoginAtOpslag(self.target, self.canaries)
        answer = login.answer_honestly()
        assert login.accepted(answer), (answer.code, answer.detail)
        subject = login.token_of(answer).subject
        assert subject is not None
        assert subject.name_id is not None
        self.subject = subject.name_id

    def query(self) -> AttributeQuery:
        return builders.attribute_query(
            id=self.target.fresh_id(),
            issue_instant=self.target.now(),
            issuer=self.target.entity_id("systems", "opslag"),
            destination=self.target.base_url + OWN_SERVICE,
            subject=self.subject,
            attribute_names=(),
            target_user_system=None,
        )

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(ring.system("opslag").signing, **{"other-member": ring.system("byggesag").signing})

    def refusing_events(self, answer: Answer, message_id: str | None) -> list[dict[str, Any]] | None:
        if answer.reference is not None:
            return super().refusing_events(answer, message_id)
        # a query whose structure is wrong is refused before its ID is read, and nothing leads from its answer to its event
        return self.target.events_of_message(message_id or "") or None


class LoginAtOpslag(Acs):
    """The login that the broker's own service is asked about."""

    system = "opslag"


class AttributeQueryClient(Acs):
    """The broker as it asks a municipality's attribute service: the service's answer is what is forged."""

    base = "AQ-R"
    idp = "skovrup"
    is_named_in_events = False  # the record of the login keeps the broker's question, and the answer's octets
    one_shot = True

    _reply = staticmethod(say)

    def open(self) -> None:
        super().open()
        self.service = self.target.once("stub", self._register)
        self._login = threading.Thread(target=self._send_login)
        self._login.start()
        self.asked = read_attribute_query(unwrap(self.service.question(), f"{{{NS_SAMLP}}}AttributeQuery"))

    def _register(self) -> StubService:
        service = self.target.keep_open(StubService.running())
        own = self.target.topology.attribute_service("skovrup").soap_url
        metadata = self.target.registration("attribute-services", "skovrup")["metadata"]
        self.target.change("attribute-services", "skovrup", metadata=metadata.replace(own, service.url))
        return service

    def _send_login(self) -> None:
        """Ib Nøhr has logged in; his IdP knows nothing of his rights."""
        element = write_assertion(self.assertion())
        sign_enveloped(element, self.target.keys.idp(self.idp).signing)
        root = lenient(serialise(write_response(self.envelope())))
        root.append(seal(serialise(element), self.recipient()))
        self.answer = self.browser.post(self.path, fields_of_post(serialise(root), "SAMLResponse").octets())

    def assertion(self) -> Assertion:
        said = super().assertion()
        (confirmation,) = said.subject.confirmations if said.subject else ()
        known = builders.attributes(without=(names.PRIVILEGES_INTERMEDIATE,), **{names.CVR: (builders.SKOVRUP,)})
        return replace(
            said,
            issuer=self.target.entity_id("idps", self.idp),
            subject=builders.subject(name_id=builders.IB_NOEHR, confirmations=(confirmation,)),
            attribute_statements=(known,),
        )

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(
            ring.attribute_service("skovrup").signing,
            **{"other-member": ring.attribute_service("hasselnaes").signing, "idp": ring.idp("skovrup").signing},
        )

    def draft(self) -> Draft:
        now = self.target.now()
        conditions = builders.Conditions(Window(now, now + minutes(5)), ((builders.CH_SP_FACE,),))
        said = builders.attribute_assertion(
            id=AssertionId(self.target.fresh_id()),
            issue_instant=now,
            subject=Subject(self.asked.subject),
            conditions=conditions,
        )
        envelope = builders.attribute_response(
            id=MessageId(self.target.fresh_id()), issue_instant=now, in_response_to=self.asked.id
        )
        root = lenient(serialise(write_response(envelope, write_assertion(said))))
        return Draft(root, self.keys(), {"privileges": names.PRIVILEGES_INTERMEDIATE})

    def fields(self, octets: bytes) -> Fields:
        return Fields([], body=octets)

    def send(self, body: bytes) -> Answer:
        self.service.answer(self._reply(body))
        self._login.join()
        return self.answer

    def close(self) -> None:
        if self._login.is_alive():
            self.service.answer(nothing(b""))
            self._login.join()

    def circumstance(self, do: str, **details: Any) -> None:
        """How the service answers: `cut-off`, `endless`, `nothing`, or with a status of its own."""
        replies: dict[str, Any] = {"cut-off": cut_off, "endless": endless, "nothing": nothing}
        if do == "answers-with-status":
            self._reply = lambda body: say(body, details["status"])  # type: ignore[method-assign]  # this exchange's own
        else:
            self._reply = replies[do]  # type: ignore[method-assign]  # this exchange's own
