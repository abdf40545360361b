"""Metadata that somebody brings to the registration API."""

import base64
import json
import uuid

from cryptography.hazmat.primitives.asymmetric import rsa

from oiosaml.ids import EntityId
from oiosaml.messages.metadata_writing import write_entity_descriptor
from tests import builders
from tests.attacks.entries.exchange import Exchange, keys_of, lenient
from tests.attacks.target import Answer
from tests.attacks.vocabulary import Draft
from tests.attacks.wire import Fields
from tests.conftest import certificate_of, make_member
from tests.trees import serialise


class MetadataImport(Exchange):
    """A new system's metadata, in the body of POST /_sim/api/systems."""

    base = "MDX"
    path = "/_sim/api/systems"

    def open(self) -> None:
        self.entity_id = EntityId(f"https://saml.{uuid.uuid4()}.test")

    def draft(self) -> Draft:
        member = make_member("newcomer")
        face = builders.sp_metadata(member.verification)
        assert face.sp is not None
        root = lenient(serialise(write_entity_descriptor(face)))
        root.set("entityID", self.entity_id)
        root.set("ID", self.target.fresh_id())
        return Draft(root, keys_of(member.signing))

    def fields(self, octets: bytes) -> Fields:
        document = {"metadata": octets.decode("utf-8", "replace"), "cvr": "95000013"}
        return Fields([], body=json.dumps(document).encode())

    def send(self, body: bytes) -> Answer:
        answer = self.browser.post(self.path, body, "application/json")
        if answer.status == 201:
            self.forget()
        return answer

    def forget(self) -> None:
        """Take the newcomer out again, so that the federation stays what it was."""
        known = json.loads(self.target.api("GET", "/systems").text)
        for party in known:
            if party["entity_id"] == self.entity_id:
                self.target.api("DELETE", f"/systems/{party['id']}")

    def accepted(self, answer: Answer) -> bool:
        return answer.status == 201

    def refusing_events(self, answer: Answer, message_id: str | None) -> None:
        """The API answers whoever asks with everything it has to say; it keeps no record of what it refused."""

    def word(self, name: str) -> str:
        match name:
            case "certificate-1024":
                return weak_certificate()
            case "private-key":
                return make_member("stranger").key_pem.decode().split("-----")[2].replace("\n", "")
        return super().word(name)


def weak_certificate() -> str:
    """A certificate of RSA with 1024 bits, in base64."""
    return base64.b64encode(certificate_of(rsa.generate_private_key(65537, 1024))).decode()
