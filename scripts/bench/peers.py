"""The benchmark's system and home IdP: they live in the driver's process, so they cost the broker nothing."""

import http.client
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

from federation.dev_ca import KeyRing
from oiosaml import attributes as names
from oiosaml.attributes import Attribute
from oiosaml.bindings.redirect import read_redirect, write_redirect
from oiosaml.ids import AssertionId, EntityId, MessageId
from oiosaml.keys import read_verification_key
from oiosaml.logout_sending import logout_redirect
from oiosaml.messages.assertion import (
    Assertion,
    AuthnStatement,
    Conditions,
    Subject,
    SubjectConfirmation,
    write_assertion,
)
from oiosaml.messages.authn_request import (
    AuthnRequest,
    RequestedAuthnContext,
    read_authn_request,
    write_authn_request,
)
from oiosaml.messages.element import serialise
from oiosaml.messages.logout import LogoutRequest
from oiosaml.messages.response import Response, Status, write_encrypted_assertion, write_response
from oiosaml.name_id import NameId
from oiosaml.nsis import AssuranceLevel, Comparison
from oiosaml.openings import open_response, unseal_response
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, cvr_scope, write_privileges
from oiosaml.uris import BINDING_POST, CONFIRMATION_BEARER, NAMEID_X509_SUBJECT_NAME, STATUS_SUCCESS
from oiosaml.validity import Window
from oiosaml.xml.encryption import OIOSAML_DEFAULT, encrypt
from oiosaml.xml.parse import parse_message
from oiosaml.xml.sign import sign_enveloped
from saml_web.ids import SystemIds

SYSTEM = EntityId("https://saml.byggesag.sim.test")
SP_FACE = EntityId("https://saml.ch.sim.test/runtime")
OPTIONAL_ATTRIBUTES = (
    Attribute(names.IAL, ("Substantial",)),
    Attribute(names.AAL, ("Substantial",)),
    Attribute(names.FULL_NAME, ("Målt Måler",)),
    Attribute(names.FIRST_NAME, ("Målt",)),
    Attribute(names.LAST_NAME, ("Måler",)),
    Attribute(names.ALIAS, ("måler",)),
    Attribute(names.AGE, ("42",)),
    Attribute(names.DATE_OF_BIRTH, ("1983-01-01",)),
    Attribute(names.CPR_UUID, ("urn:uuid:8e4bd4b1-11a5-4a53-9a0f-6a2b8f6f3b10",)),
    Attribute(names.PROFESSIONAL_UUID, ("urn:uuid:b41e6f5c-63a6-4a39-8a5e-0d0d6d0f8a11",)),
    Attribute(names.RID, ("12345678",)),
    Attribute(names.PRODUCTION_UNIT, ("1000000001",)),
    Attribute(names.SE_NUMBER, ("97100099",)),
)
"""What OIOSAML 3 lets an IdP add to the seven of the profile, so that the assertion has twenty (OIOSAML 3, section 6).

Attributes that nobody knows would measure another thing: each of them is a finding, which is recorded.
"""

SSO = "/runtime/saml2/issue.idp"
"""Where systems send people."""

CONSUME = "/runtime/saml2auth/consume.idp"
"""Where home IdPs send people back to."""

TIMEOUT = 120.0
"""Seconds for an answer. What a run promises of its own is measured; this only ends one in which nobody answers any more."""

IDLE_SECONDS = 1
"""After how long a connection is not used again: the broker closes one after five, and answers are prepared meanwhile."""

_FIELD = re.compile(r'name="(SAMLResponse|RelayState)" value="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality's user, as its IdP knows her."""

    id: str
    cvr: str
    name_id: str
    role: str


KORSBAEK = Municipality(
    "korsbaek",
    "91000013",
    "C=DK,O=91000013,CN=Ane Holm,Serial=3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11",
    "http://roller.korsbaek.test/roles/jobrole/byggesagsbehandler/1",
)
SKOVRUP = Municipality(
    "skovrup",
    "94000018",
    "C=DK,O=94000018,CN=Ib Nøhr,Serial=0d6f6c52-1d4e-4c3c-9a77-3c6c2a9b5e04",
    "http://roller.skovrup.test/roles/jobrole/byggesagsbehandler/1",
)


@dataclass(frozen=True, slots=True)
class Begun:
    """A person on her way to the home IdP."""

    location: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A person on her way back."""

    form: str
    cookie: str
    question: MessageId
    """The ID of the broker's request that this answers."""


class WholeRequests(http.client.HTTPConnection):
    """Writes head and body at once, as a proxy does. Written apart, the one wakes the broker, which then has to wait for the other."""

    _kept: list[bytes] | None = None

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - what the library's takes
        """Send a request."""
        self._kept = kept = []
        try:
            super().request(*arguments, **options)
        finally:
            self._kept = None
        self.send(b"".join(kept))

    def send(self, data: Any) -> None:  # noqa: ANN401 - what the library's takes
        """Send octets, or keep them while a request is put together."""
        if self._kept is None:
            super().send(data)
        else:
            self._kept.append(data)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Driver:
    """Performs whole logins against one running broker over one kept-alive connection."""

    def __init__(
        self, base_url: str, keys: KeyRing, *, port: int | None = None, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        """`port` is where the broker listens, if not where its base URL says; `clock` is the peers' own."""
        self._base_url = base_url
        self._keys = keys
        self._ids = SystemIds()
        self._clock = clock
        self._connection = WholeRequests("127.0.0.1", port or urlsplit(base_url).port or 80, timeout=TIMEOUT)
        self._used = time.monotonic()
        self._broker = read_verification_key(keys.context_handler.certificate_der)

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def login(self, municipality: Municipality) -> Assertion:
        """Log one person in at Byggesag, and verify the broker's answer as a system does."""
        return self.read(self.finish(self.answer(self.begin(self.query(municipality)), municipality)))

    def query(
        self,
        municipality: Municipality,
        relay_state: str = "bench",
        *,
        force_authn: bool = False,
        system: str = "byggesag",
    ) -> str:
        """Give a system's signed request as the query of an address."""
        query = urlsplit(self._system_request(relay_state, system, force_authn=force_authn)).query
        return f"{query}&idp=https://saml.idp.{municipality.id}.test"

    def begin(self, query: str, cookie: str | None = None) -> "Begun":
        """Send a person to the broker, and give where she is sent on to."""
        status, headers, body = self.exchange("GET", f"{SSO}?{query}", cookie=cookie)
        if status != 303:
            raise RuntimeError(f"the broker answered {status}: {body[:600]!r}")
        return Begun(headers["Location"], headers["Set-Cookie"].partition(";")[0])

    def answer(self, begun: "Begun", municipality: Municipality) -> "Answered":
        """Give the home IdP's answer as a form."""
        message = read_redirect(urlsplit(begun.location).query.encode())
        question = read_authn_request(parse_message(message.octets))
        form = urlencode({"SAMLResponse": self._answer(question, municipality, self._clock())})
        return Answered(form, begun.cookie, question.id)

    def send_back(self, answered: "Answered") -> tuple[int, bytes]:
        """Send the person back to the broker, and give the status and its page."""
        status, _, body = self.exchange("POST", CONSUME, answered.form, answered.cookie)
        return status, body

    def finish(self, answered: "Answered") -> bytes:
        """Send the person back to the broker, and give its page."""
        status, body = self.send_back(answered)
        if status != 200:
            raise RuntimeError(f"the broker answered {status}: {body[:600]!r}")
        return body

    def session(self, municipality: Municipality) -> tuple[Assertion, str]:
        """Log in and keep the session; gives the system's token and the browser's cookies, that of the login under way first.

        Raises:
            RuntimeError: if the broker refuses.
        """
        answered = self.answer(self.begin(self.query(municipality)), municipality)
        status, headers, page = self.exchange("POST", CONSUME, answered.form, answered.cookie)
        if status != 200:
            raise RuntimeError(f"the broker answered {status}: {page[:600]!r}")
        session = next(each for each in headers.get_all("Set-Cookie") or () if each.startswith("nsis_session="))
        return self.read(page), f"{answered.cookie}; {session.partition(';')[0]}"

    def log_out(self, token: Assertion, cookie: str | None = None) -> int:
        """Log the person out at the system, as far as the broker's first answer; gives its status."""
        return self.exchange("GET", f"{SSO}?{self.logout_query(token)}", cookie=cookie)[0]

    def logout_query(self, token: Assertion) -> str:
        """Give the system's signed request to log the person out as the query of an address."""
        request = LogoutRequest(
            id=self._ids.message_id(),
            issue_instant=self._clock(),
            issuer=SYSTEM,
            destination=f"{self._base_url}{SSO}",
            name_id=token.subject.name_id,
            session_indexes=tuple(each.session_index for each in token.authn_statements if each.session_index),
        )
        return urlsplit(logout_redirect(request, self._keys.system("byggesag").signing)).query

    def read(self, page: bytes) -> Assertion:
        """Take the broker's answer out of its page, and verify it."""
        decryption = self._keys.system("byggesag").decryption
        answer = unseal_response(open_response(urlencode(fields_of(page)).encode()), (self._broker,), (decryption,))
        if answer.assertion is None:
            raise RuntimeError(f"the broker refused: {answer.envelope.status}")
        return answer.assertion.value

    def exchange(
        self, method: str, path: str, body: str | None = None, cookie: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send one request of a browser, and give status, headers and body of the answer."""
        headers = {"Accept-Language": "da"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if cookie is not None:
            headers["Cookie"] = cookie
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()  # the next request opens it anew
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        self._used = time.monotonic()
        return response.status, response.headers, content

    def _system_request(self, relay_state: str, system: str, *, force_authn: bool) -> str:
        request = AuthnRequest(
            id=self._ids.message_id(),
            issue_instant=self._clock(),
            issuer=EntityId(f"https://saml.{system}.sim.test"),
            destination=f"{self._base_url}{SSO}",
            force_authn=force_authn,
            # a run may let other systems live elsewhere; left out, it is the registered one
            assertion_consumer_service_url=f"{self._base_url}/sp/byggesag/acs" if system == "byggesag" else None,
            protocol_binding=BINDING_POST if system == "byggesag" else None,
            requested_authn_context=RequestedAuthnContext(Comparison.MINIMUM, (AssuranceLevel.SUBSTANTIAL.uri,)),
        )
        octets = serialise(write_authn_request(request))
        return write_redirect("https://x.test", octets, relay_state=relay_state, key=self._keys.system(system).signing)

    def _answer(self, question: AuthnRequest, municipality: Municipality, now: datetime) -> str:
        import base64

        issuer = EntityId(f"https://saml.idp.{municipality.id}.test")
        acs = f"{self._base_url}{CONSUME}"
        subject = Subject(
            NameId(municipality.name_id, NAMEID_X509_SUBJECT_NAME),
            (SubjectConfirmation(CONFIRMATION_BEARER, acs, question.id, Window(None, now + timedelta(minutes=5))),),
        )
        assertion = assertion_of(issuer, subject, now, _attributes(municipality))
        element = write_assertion(replace(assertion, id=AssertionId(self._ids.message_id())))
        sign_enveloped(element, self._keys.idp(municipality.id).signing)
        public_key = self._keys.context_handler.decryption.private_key.public_key()
        encrypted = encrypt(serialise(element), public_key, OIOSAML_DEFAULT, entropy=os.urandom)
        envelope = Response(self._ids.message_id(), now, Status(STATUS_SUCCESS), issuer, question.id, acs)
        response = write_response(envelope, write_encrypted_assertion(encrypted))
        return base64.b64encode(serialise(response)).decode()


def fields_of(page: bytes) -> dict[str, str]:
    """Give the fields of the form that carries the broker's answer."""
    return {name: unescape(value) for name, value in _FIELD.findall(page.decode())}


def assertion_of(issuer: EntityId, subject: Subject, now: datetime, attributes: tuple[Attribute, ...]) -> Assertion:
    """Give what a municipality says of somebody; the caller gives it an ID."""
    return Assertion(
        id=AssertionId("_placeholder"),
        issue_instant=now,
        issuer=issuer,
        subject=subject,
        conditions=Conditions(Window(now, now + timedelta(minutes=5)), ((SP_FACE,),)),
        authn_statements=(AuthnStatement(now, "_session", None, AssuranceLevel.SUBSTANTIAL.uri),),
        attribute_statements=(attributes,),
    )


def privileges_of(municipality: Municipality) -> Attribute:
    """Give a municipality's user's one job function role as an attribute."""
    group = PrivilegeGroup(cvr_scope(municipality.cvr), (municipality.role,))  # type: ignore[arg-type]
    return Attribute(names.PRIVILEGES_INTERMEDIATE, (write_privileges(PrivilegeList((group,))),))


def _attributes(municipality: Municipality) -> tuple[Attribute, ...]:
    profile = (
        Attribute(names.SPEC_VERSION, (names.OIOSAML3_SPEC_VERSION,)),
        Attribute(names.KOMBIT_SPEC_VERSION, (names.KOMBIT_SPEC_VERSION_2,)),
        Attribute(names.LOA, ("Substantial",)),
        Attribute(names.CVR, (municipality.cvr,)),
        Attribute(names.ORG_NAME, ("Kommune",)),
        Attribute(names.EMAIL, ("person@kommune.test",)),
        privileges_of(municipality),
    )
    return profile + OPTIONAL_ATTRIBUTES
