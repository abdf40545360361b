"""A mock IdP's single sign-on endpoint, which the broker sends people to."""

from typing import Any

from oiosaml.keys import SigningKey
from oiosaml.messages.authn_request import AuthnRequest
from tests import builders
from tests.attacks.entries.exchange import keys_of
from tests.attacks.entries.logins import Asks
from tests.attacks.target import Answer
from tests.attacks.wire import Fields, fields_of_post, fields_of_redirect

BROKER_ACS = "/runtime/saml2auth/consume.idp"


class MockIdpRedirect(Asks):
    """By HTTP-Redirect, at Korsbæk's."""

    base = "Q-R"
    path = "/idp/korsbaek/sso"

    def request(self, **changes: Any) -> AuthnRequest:
        own = {
            "issuer": builders.CH_SP_FACE,
            "destination": self.target.base_url + self.path,
            "assertion_consumer_service_url": self.target.base_url + BROKER_ACS,
            "scoping": None,
        }
        return super().request(**(own | changes))

    def keys(self) -> dict[str, SigningKey]:
        ring = self.target.keys
        return keys_of(ring.context_handler.signing, **{"other-member": ring.system("byggesag").signing})

    def fields(self, octets: bytes) -> Fields:
        return fields_of_redirect(octets, "SAMLRequest", self.relay_state, self.keys())

    def send(self, body: bytes) -> Answer:
        return self.browser.get(f"{self.path}?{body.decode('ascii')}")

    def accepted(self, answer: Answer) -> bool:
        return answer.status == 200 and 'name="persona"' in answer.text

    def refusing_events(self, answer: Answer, message_id: str | None) -> None:
        """A mock keeps no record."""

    def word(self, name: str) -> str:
        return self.target.base_url + BROKER_ACS if name == "acs-url" else super().word(name)


class MockIdpPost(MockIdpRedirect):
    """By HTTP-POST."""

    base = "Q-P"

    def fields(self, octets: bytes) -> Fields:
        return fields_of_post(octets, "SAMLRequest", self.relay_state)

    def send(self, body: bytes) -> Answer:
        return self.browser.post(self.path, body)
