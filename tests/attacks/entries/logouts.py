"""The broker in a logout: a system's request, a home IdP's request, and a system's answer to the broker's own."""

import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from oiosaml.ids import MessageId
from oiosaml.keys import SigningKey
from oiosaml.messages.assertion import Assertion
from oiosaml.messages.logout import LogoutRequest, write_logout_request, write_logout_response
from tests import builders
from tests.attacks.entries.exchange import keys_of, lenient, minutes
from tests.attacks.entries.logins import SSO, Acs
from tests.attacks.target import Answer
from tests.attacks.vocabulary import Draft
from tests.attacks.wire import Fields, fields_of_post, fields_of_redirect
from tests.trees import serialise

SIGNOFF = "/runtime/saml2/signoff.idp"
IDP_ASKS = "/runtime/saml2auth/signoffrequest.idp"


class LogoutBySystem(Acs):
    """Byggesag's LogoutRequest by Redirect, for the session that Ane Holm has there."""

    base = "LQ-R"
    path = SSO

    token: Assertion

    def open(self) -> None:
        login = Acs.unopened(self)
        login.open()
        answer = login.answer_honestly()
        assert login.accepted(answer), (answer.code, answer.detail)
        self.token = login.token_of(answer)

    def logout(self) -> LogoutRequest:
        return logout_of(self.token, self)

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(ring.system("byggesag").signing, **{"other-member": ring.system("ydelser").signing})

    def draft(self) -> Draft:
        return Draft(lenient(serialise(write_logout_request(self.logout()))), self.keys())

    def fields(self, octets: bytes) -> Fields:
        return fields_of_redirect(octets, "SAMLRequest", None, self.keys())

    def send(self, body: bytes) -> Answer:
        browser = self.thief or self.browser
        if self.thief_comes_second:
            self.thief, self.thief_comes_second = self.target.browser(), False
        return browser.get(f"{self.path}?{body.decode('ascii')}")

    def accepted(self, answer: Answer) -> bool:
        return answer.code is None and answer.status in {200, 303}


class LogoutBySystemPost(LogoutBySystem):
    """The same by POST."""

    base = "LQ-P"

    def fields(self, octets: bytes) -> Fields:
        return fields_of_post(octets, "SAMLRequest")

    def send(self, body: bytes) -> Answer:
        return (self.thief or self.browser).post(self.path, body)


class LogoutByIdp(LogoutBySystem):
    """Korsbæk's LogoutRequest by Redirect, for the session that began there."""

    path = IDP_ASKS

    def logout(self) -> LogoutRequest:
        own = {"issuer": builders.IDP, "name_id": builders.ANE_HOLM, "session_indexes": ("_session-1",)}
        return replace(super().logout(), **own)

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(ring.idp("korsbaek").signing, **{"other-member": ring.idp("skovrup").signing})


class LogoutAnswered(LogoutBySystem):
    """Byggesag's LogoutResponse by Redirect, to what the broker asks it through the browser when Ydelser logs out."""

    base = "LR-R"
    path = SIGNOFF

    def open(self) -> None:
        super().open()
        second = LoginAtYdelser.unopened(self)
        answered = second.begin(self.browser)
        assert second.accepted(answered), (answered.code, answered.detail)  # from the session that there is now
        ydelser = self.target.keys.system("ydelser").signing
        request = replace(
            logout_of(second.token_of(answered), self),
            issuer=self.target.entity_id("systems", "ydelser"),
            destination=self.target.base_url + SSO,
        )
        fields = fields_of_redirect(serialise(write_logout_request(request)), "SAMLRequest", None, keys_of(ydelser))
        fields.sign()
        self.asked = question_in(self.browser.get(f"{SSO}?{fields.octets().decode('ascii')}"))

    def draft(self) -> Draft:
        said = builders.logout_response(
            id=self.target.fresh_id(),
            issue_instant=self.target.now(),
            destination=self.target.base_url + SIGNOFF,
            in_response_to=self.asked,
        )
        return Draft(lenient(serialise(write_logout_response(said))), self.keys())

    def fields(self, octets: bytes) -> Fields:
        return fields_of_redirect(octets, "SAMLResponse", None, self.keys())


class LoginAtYdelser(Acs):
    """The second system of the session."""

    system = "ydelser"


def logout_of(token: Assertion, exchange: Acs) -> LogoutRequest:
    """The honest request to end the session that a token belongs to."""
    assert token.subject is not None
    return builders.logout_request(
        id=exchange.target.fresh_id(),
        issue_instant=exchange.target.now(),
        destination=exchange.target.base_url + exchange.path,
        name_id=token.subject.name_id,
        session_indexes=(token.authn_statements[0].session_index,),
        not_on_or_after=exchange.target.now() + minutes(5),
    )


def question_in(answer: Answer) -> MessageId:
    """The ID of the LogoutRequest that a browser is sent on with."""
    (packed,) = parse_qs(urlsplit(answer.header("location")).query)["SAMLRequest"]
    return MessageId(etree.fromstring(zlib.decompress(base64.b64decode(packed), -15)).get("ID") or "")
