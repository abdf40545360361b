"""A municipality's own IdP on pysaml2: what makes it conform stands here, in its configuration, and nowhere in the broker."""

import html
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import xmlsec
from cryptography.utils import CryptographyDeprecationWarning
from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, SAMLError
from saml2.attribute_converter import AttributeConverter
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_X509SUBJECTNAME, NameID
from saml2.sigver import SignatureError

from oiosaml import attributes as names
from oiosaml.privileges import PrivilegeGroup, PrivilegeList, write_privileges
from oiosaml.uris import DIGEST_SHA256, NAME_FORMAT_URI, NS_BPP, NS_DS, NS_SAML, RSA_SHA256
from sp_demo.pysaml2_crypto import InProcessXmlsec
from tests.conftest import Member

with warnings.catch_warnings():
    # On import pysaml2 names a cipher mode that cryptography has moved; nothing here uses it.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    from saml2.server import Server

CVR = "91000013"
ENTITY_ID = "https://saml.idp.pysaml2.interop.test"
SUBSTANTIAL = "https://data.gov.dk/concept/core/nsis/loa/Substantial"
_DELIVERED = (
    names.SPEC_VERSION,
    names.KOMBIT_SPEC_VERSION,
    names.LOA,
    names.CVR,
    names.ORG_NAME,
    names.PRIVILEGES_INTERMEDIATE,
)
_XPATH_ASSERTION = f".//{{{NS_SAML}}}EncryptedAssertion/{{{NS_SAML}}}Assertion"


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody this municipality knows; job function roles are URIs."""

    name: str
    uuid: str
    job_function_roles: tuple[str, ...]
    level: str = "Substantial"

    @property
    def name_id(self) -> NameID:
        text = f"C=DK,O={CVR},CN={self.name},Serial={self.uuid}"
        return NameID(format=NAMEID_FORMAT_X509SUBJECTNAME, text=text)

    @property
    def attributes(self) -> dict[str, list[str]]:
        groups = (PrivilegeGroup(f"urn:dk:gov:saml:cvrNumberIdentifier:{CVR}", self.job_function_roles, ()),)
        return {
            names.SPEC_VERSION: ["OIO-SAML-3.0"],
            names.KOMBIT_SPEC_VERSION: ["2.0"],
            names.LOA: [self.level],
            names.CVR: [CVR],
            names.ORG_NAME: ["Korsbæk Kommune"],
            names.PRIVILEGES_INTERMEDIATE: [write_privileges(PrivilegeList(groups), NS_BPP)],
        }


class _Crypto(InProcessXmlsec):
    """Also signs inside an EncryptedAssertion, and encrypts with what OIOSAML 3 allows where pysaml2 would take 3DES-CBC."""

    def sign_statement(self, statement: object, node_name: str, key_file: object, node_id: str | None) -> str:
        root = etree.fromstring(str(statement).encode())
        context = xmlsec.SignatureContext()
        context.key = self._own_key
        for element in root.iter():
            if element.get("ID") == node_id:
                context.register_id(element, "ID")
                context.sign(element.find(f"{{{NS_DS}}}Signature"))
                return etree.tostring(root, encoding="unicode")
        raise SignatureError(f"no {node_name} {node_id}")

    def encrypt_assertion(self, statement: object, enc_key: str, template: object, *_: object) -> str:
        root = etree.fromstring(str(statement).encode())
        assertion = root.find(_XPATH_ASSERTION)
        data = xmlsec.template.encrypted_data_create(
            assertion, xmlsec.constants.TransformAes256Gcm, type=xmlsec.constants.TypeEncElement, ns="xenc"
        )
        xmlsec.template.encrypted_data_ensure_cipher_value(data)
        key_info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
        wrapped = xmlsec.template.add_encrypted_key(key_info, xmlsec.constants.TransformRsaOaep)
        xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_file(enc_key, xmlsec.constants.KeyDataFormatCertPem))
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 256, xmlsec.constants.KeyDataTypeSession)
        context.encrypt_xml(data, assertion)
        return etree.tostring(root, encoding="unicode")


@dataclass(slots=True)
class Pysaml2Idp:
    """The IdP as a WSGI app: /metadata, /sso with a page to log in on, /login."""

    base_url: str
    server: Server
    metadata: bytes
    employees: dict[str, Employee]
    asked: list[Any] = field(default_factory=list)
    """Every request that was believed."""
    refused: list[str] = field(default_factory=list)
    """Why each of the others was not."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
        body = parse_qs(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
        try:
            if path == "/sso":
                text = self._login_page({name: values[0] for name, values in query.items()})
            else:
                text = self._answer_page(**{name: values[0] for name, values in body.items()})
        except SAMLError as error:
            self.refused.append(repr(error))
            text = ""
        start_response("200 OK" if text else "403 Forbidden", [("Content-Type", "text/html; charset=utf-8")])
        return [text.encode()]

    def _login_page(self, query: dict[str, str]) -> str:
        request = self.server.parse_authn_request(
            query["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=query.get("RelayState"),
            sigalg=query.get("SigAlg"),
            signature=query.get("Signature"),
        )
        self.asked.append(request.message)
        args = self.server.response_args(request.message)
        kept = {name: args[name] for name in ("in_response_to", "destination", "sp_entity_id")}
        return _form("/login", kept | {"relay_state": query.get("RelayState", "")}, "person", self.employees)

    def _answer_page(self, person: str, relay_state: str = "", **args: str) -> str:
        employee = self.employees[person]
        response = self.server.create_authn_response(
            employee.attributes,
            name_id=employee.name_id,
            authn={"class_ref": SUBSTANTIAL},
            sign_response=False,
            sign_assertion=True,
            encrypt_assertion=True,
            **args,
        )
        sent = self.server.apply_binding(
            BINDING_HTTP_POST, str(response), args["destination"], relay_state, response=True
        )
        return str(sent["data"])


def _form(action: str, fields: dict[str, str], button: str, values: Iterable[str]) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">' for name, value in fields.items()
    )
    buttons = "".join(f'<button name="{button}" value="{value}">{value}</button>' for value in values)
    return f'<!doctype html><title>Log in</title><form method="post" action="{action}">{kept}{buttons}</form>'


@contextmanager
def pysaml2_idp(
    directory: Path, member: Member, broker_metadata: bytes, employees: dict[str, Employee]
) -> Iterator[Pysaml2Idp]:
    """Serve it on a port of its own until the end of the block."""
    (directory / "key.pem").write_bytes(member.key_pem)
    (directory / "certificate.pem").write_bytes(member.certificate_pem)
    with make_server("127.0.0.1", 0, None, WSGIServer, _Quiet) as http:
        base_url = f"http://127.0.0.1:{http.server_port}"
        config = _config(directory, base_url, broker_metadata)
        # With the program's name pysaml2 would start it to ask for its algorithms.
        config.xmlsec_binary = None
        metadata = str(entity_descriptor(config)).encode()
        config.xmlsec_binary = sys.executable
        server = Server(config=config)
        server.sec.crypto = _Crypto(member.key_pem)
        app = Pysaml2Idp(base_url, server, metadata, employees)
        http.set_app(app)
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        try:
            yield app
        finally:
            http.shutdown()
            thread.join()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def _config(directory: Path, base_url: str, broker_metadata: bytes) -> IdPConfig:
    config = IdPConfig().load(
        {
            "entityid": ENTITY_ID,
            "name": "Korsbæk Kommunes egen IdP",
            # Must name a file that exists; never run, since the back end is replaced.
            "xmlsec_binary": sys.executable,
            "key_file": str(directory / "key.pem"),
            "cert_file": str(directory / "certificate.pem"),
            "metadata": {"inline": [broker_metadata.decode()]},
            "contact_person": [{"contact_type": "technical", "email_address": "drift@korsbaek.test"}],
            "organization": {"name": "Korsbæk Kommune", "display_name": "Korsbæk Kommune", "url": base_url},
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{base_url}/sso", BINDING_HTTP_REDIRECT)]},
                    "name_id_format": [NAMEID_FORMAT_X509SUBJECTNAME],
                    "want_authn_requests_signed": True,
                    # pysaml2's own choice is SHA-1; it looks for these here and not one level up.
                    "signing_algorithm": RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                    "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_URI}},
                }
            },
        }
    )
    # pysaml2 ships no map for Danish attributes; each name stands for itself.
    same = {name: name for name in _DELIVERED}
    converter = AttributeConverter(NAME_FORMAT_URI)
    converter.from_dict({"identifier": NAME_FORMAT_URI, "fro": same, "to": same})
    config.attribute_converters = [converter]
    return config
