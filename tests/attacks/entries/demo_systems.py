"""The demo systems' ACS: Byggesag on python3-saml, Ydelser on pysaml2, each behind our own checks; the broker's answer is forged."""

import base64
import zlib
from dataclasses import replace
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from nsis_sim.demo_systems import demo_system, system_keys
from oiosaml import attributes as names
from oiosaml.ids import AssertionId, MessageId
from oiosaml.keys import SigningKey
from oiosaml.messages.assertion import Assertion, write_assertion
from oiosaml.messages.response import write_response
from oiosaml.validity import Window
from oiosaml.xml.encryption import OIOSAML_DEFAULT, RSA_OAEP_MGF1P_SHA1, EncryptionMethod
from sp_demo.broker import make_stack
from sp_demo.front_door import Envelope
from sp_demo.stack import Accepted, Stack
from tests import builders
from tests.attacks.entries.exchange import Exchange, keys_of, lenient, minutes
from tests.attacks.entries.logins import Acs
from tests.attacks.target import Answer
from tests.attacks.vocabulary import Draft
from tests.attacks.wire import Fields, fields_of_post
from tests.trees import serialise


class LoginForByggesag(Acs):
    """An honest login, whose token is the model of what the broker says."""


class LoginForYdelser(Acs):
    """The same for Ydelser."""

    system = "ydelser"


class DemoSystemAcs(Exchange):
    """One demo system's ACS."""

    base = "M-E"
    system: ClassVar[str]
    login: ClassVar[type[Acs]]

    def open(self) -> None:
        begun = self.browser.get(urlsplit(self.target.topology.system(self.system).login_url).path)
        query = parse_qs(urlsplit(begun.header("location")).query)
        packed, self.relay_state = query["SAMLRequest"][0], query["RelayState"][0]
        root = etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))
        self.question = MessageId(root.get("ID") or "")

    @property
    def path(self) -> str:  # type: ignore[override]  # where it is depends on the system
        return urlsplit(self.acs_url).path

    @property
    def acs_url(self) -> str:
        return self.target.topology.system(self.system).acs_url

    def model(self) -> Assertion:
        """What the broker said in an honest login."""

        def log_in() -> Assertion:
            login = self.login(self.target, self.canaries)
            answer = login.answer_honestly()
            assert login.accepted(answer), (answer.code, answer.detail)
            return login.token_of(answer)

        return self.target.once(f"model-{self.system}", log_in)

    def draft(self) -> Draft:
        now, model = self.target.now(), self.model()
        assert model.subject is not None
        confirmation = builders.confirmation(
            recipient=self.acs_url, in_response_to=self.question, window=Window(None, now + minutes(5))
        )
        said = replace(
            model,
            id=AssertionId(self.target.fresh_id()),
            issue_instant=now,
            subject=replace(model.subject, confirmations=(confirmation,)),
            conditions=builders.conditions(
                window=Window(now, now + minutes(10)),
                audience_restrictions=((self.target.entity_id("systems", self.system),),),
            ),
            authn_statements=(replace(model.authn_statements[0], authn_instant=now, session_not_on_or_after=None),),
        )
        envelope = builders.response(
            id=self.target.fresh_id(),
            issue_instant=now,
            issuer=builders.CH_IDP_FACE,
            in_response_to=self.question,
            destination=self.acs_url,
        )
        variables = {"privileges": names.PRIVILEGES_INTERMEDIATE, "loa": names.LOA, "cvr": names.CVR}
        return Draft(lenient(serialise(write_response(envelope, write_assertion(said)))), self.keys(), variables)

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(
            ring.context_handler.signing,
            **{"other-member": ring.idp("skovrup").signing, "system": ring.system(self.system).signing},
        )

    def fields(self, octets: bytes) -> Fields:
        return fields_of_post(octets, "SAMLResponse", self.relay_state)

    def recipient(self) -> RSAPublicKey:
        return self.target.keys.system(self.system).signing.private_key.public_key()

    def accepted(self, answer: Answer) -> bool:
        if answer.status != 303 or f"nsis_{self.system}_session" not in answer.cookies_set:
            return False
        # a refusal of the broker's is shown there, too
        return "Du er logget ind" in self.browser.get(f"{self.path.rpartition('/')[0]}/result").text

    def refusing_events(self, answer: Answer, message_id: str | None) -> None:
        """A demo system keeps no record."""

    def word(self, name: str) -> str:
        return self.acs_url if name == "acs-url" else super().word(name)

    def stack_alone(self, body: bytes) -> str:
        """What the foreign stack says of the same message without our checks before and behind it: `passes` or `refuses`."""
        encoded = unquote(dict(field.partition("=")[::2] for field in body.decode().split("&"))["SAMLResponse"])
        try:
            octets = base64.b64decode(encoded)
            root = etree.fromstring(octets)
            code = next(root.iter("{*}StatusCode")).get("Value", "")
            envelope = Envelope(octets, encoded, root, root.get("InResponseTo"), (code, None, None))
            answer = self._stack().read(envelope, request_id=self.question)
        except Exception:  # noqa: BLE001 - whatever a foreign stack raises is its refusal
            return "refuses"
        return "passes" if isinstance(answer, Accepted) else "refuses"

    def _stack(self) -> Stack:
        registered = next(each for each in self.target.world.systems if each.id == self.system)
        return self.target.once(
            f"stack-{self.system}",
            lambda: make_stack(
                demo_system(registered, self.target.topology),
                system_keys(self.system, self.target.keys),
                broker_metadata=self.target.browser().get("/runtime/saml2/metadata.idp").text.encode(),
            ),
        )


class Python3SamlSystem(DemoSystemAcs):
    """Byggesag."""

    system = "byggesag"
    login = LoginForByggesag
    encryption: ClassVar[EncryptionMethod] = RSA_OAEP_MGF1P_SHA1


class PySaml2System(DemoSystemAcs):
    """Ydelser."""

    system = "ydelser"
    login = LoginForYdelser
    encryption: ClassVar[EncryptionMethod] = OIOSAML_DEFAULT
