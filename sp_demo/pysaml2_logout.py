"""Single logout with pysaml2: Redirect, POST and SOAP; what it does not look at is closed in logout_door.py and logout_checks.py."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from saml2 import BINDING_HTTP_REDIRECT, samlp
from saml2.pack import make_soap_enveloped_saml_thingy
from saml2.s_utils import error_status_factory
from saml2.saml import NameID
from saml2.sigver import SignatureError, verify_redirect_signature
from saml2.validate import NotValid, valid_instance

from oiosaml.errors import SamlError
from oiosaml.ids import MessageId
from oiosaml.uris import (
    BINDING_POST,
    BINDING_REDIRECT,
    DIGEST_SHA256,
    RSA_SHA256,
    STATUS_REQUEST_DENIED,
)
from sp_demo.broker_logout import broker_logout
from sp_demo.front_door import refuse
from sp_demo.logout_door import LogoutBinding, LogoutMessage
from sp_demo.stack import Begun, PostTo, RedirectTo, Token

REQUEST_LIFETIME: Final = timedelta(minutes=5)
"""How long our LogoutRequest says that it holds: no longer than it is taken for fresh."""


class PySaml2Logout:
    """pysaml2's logout for one system and one broker."""

    def __init__(self, client: Any, *, broker_entity_id: str, broker_metadata: bytes) -> None:  # noqa: ANN401 - pysaml2 has no types
        """Use the client that logs in."""
        self._client = client
        self._broker = broker_entity_id
        self._broker_metadata = broker_metadata

    def begin(self, token: Token, *, relay_state: str, fresh_id: MessageId) -> Begun:
        """Write a LogoutRequest by Redirect."""
        destination = broker_logout(self._broker_metadata, BINDING_REDIRECT).location
        name_id = token.subject
        request_id, request = self._client.create_logout_request(
            destination,
            self._broker,
            name_id=NameID(
                text=name_id.value,
                format=name_id.format,
                name_qualifier=name_id.name_qualifier,
                sp_name_qualifier=name_id.sp_name_qualifier,
            ),
            session_indexes=None if token.session_index is None else [token.session_index],
            expire=(datetime.now(UTC) + REQUEST_LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ"),
            # Its own IDs hold some 101 random bits; SAML Core 1.3.4 wants 128.
            message_id=fresh_id,
            sign=False,
        )
        return Begun(MessageId(request_id), self._redirect(str(request), destination, relay_state))

    def verify(self, message: LogoutMessage) -> None:
        """Let pysaml2 verify the signature with the broker's keys, and validate the message.

        Its own `parse_logout_request` asks no system for a signature, and `parse_logout_request_response` never looks at that of a
        query, so its security context is asked directly.

        Raises:
            SamlError: whatever it refuses.
        """
        kind = "logout_response" if message.is_response else "logout_request"
        try:
            if message.binding is LogoutBinding.REDIRECT:
                self._verify_query(message)
                read = samlp.logout_response_from_string if message.is_response else samlp.logout_request_from_string
                parsed = read(message.octets.decode())
            else:
                check = getattr(self._client.sec, f"correctly_signed_{kind}")
                parsed = check(message.octets.decode(), must=True)
            valid_instance(parsed)
        except SamlError:
            raise
        except SignatureError as error:
            raise refuse("sig.value", f"pysaml2: {error!s:.200}") from error
        except NotValid as error:
            raise refuse("xml.schema", f"pysaml2: {error!s:.200}") from error
        except Exception as error:
            raise refuse("xml.schema", f"pysaml2: {type(error).__name__}: {error!s:.200}") from error

    def answer(self, message: LogoutMessage, *, refused: bool) -> RedirectTo | PostTo | bytes:
        """Write the LogoutResponse to a request that was verified, by the way the request came."""
        if message.binding is LogoutBinding.SOAP:
            envelope: str = make_soap_enveloped_saml_thingy(str(self._response(message, None, refused=refused)))
            return envelope.encode()
        binding = BINDING_REDIRECT if message.binding is LogoutBinding.REDIRECT else BINDING_POST
        destination = broker_logout(self._broker_metadata, binding).response_location
        response = str(self._response(message, destination, refused=refused))
        if message.binding is LogoutBinding.REDIRECT:
            return self._redirect(response, destination, message.relay_state, response=True)
        encoded = base64.b64encode(response.encode()).decode("ascii")
        relay_state = () if message.relay_state is None else (("RelayState", message.relay_state),)
        return PostTo(destination, (("SAMLResponse", encoded), *relay_state))

    def _response(self, message: LogoutMessage, destination: str | None, *, refused: bool) -> object:
        status = error_status_factory((STATUS_REQUEST_DENIED, "This system was told to refuse")) if refused else None
        # not create_logout_response: it takes the destination from Location and knows no ResponseLocation
        return self._client._status_response(  # noqa: SLF001
            samlp.LogoutResponse,
            issuer=self._client._issuer(),  # noqa: SLF001
            status=status,
            sign=message.binding is not LogoutBinding.REDIRECT,
            sign_alg=RSA_SHA256,
            digest_alg=DIGEST_SHA256,
            in_response_to=message.root.get("ID"),
            destination=destination,
        )

    def _verify_query(self, message: LogoutMessage) -> None:
        parameter = "SAMLResponse" if message.is_response else "SAMLRequest"
        signed = {
            name: message.fields[name]
            for name in (parameter, "RelayState", "SigAlg", "Signature")
            if name in message.fields
        }
        certificates = self._client.metadata.certificates(self._broker, "idpsso")
        if not any(verify_redirect_signature(signed, self._client.sec.sec_backend, each) for each in certificates):
            raise refuse("sig.value", "pysaml2: the signature of the query does not verify")

    def _redirect(
        self, message: str, destination: str, relay_state: str | None, *, response: bool = False
    ) -> RedirectTo:
        http = self._client.apply_binding(
            BINDING_HTTP_REDIRECT,
            message,
            destination,
            relay_state or "",
            response=response,
            sign=True,
            sigalg=RSA_SHA256,
        )
        return RedirectTo(dict(http["headers"])["Location"])
