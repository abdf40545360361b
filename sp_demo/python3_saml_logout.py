"""Single logout with python3-saml: Redirect alone, one status code; logout_door.py and logout_checks.py close what it leaves open."""

from copy import deepcopy
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from oiosaml.ids import MessageId
from oiosaml.uris import BINDING_REDIRECT, RSA_SHA256, STATUS_RESPONDER, STATUS_SUCCESS
from sp_demo.broker_logout import broker_logout
from sp_demo.front_door import refuse
from sp_demo.logout_door import LogoutBinding, LogoutMessage
from sp_demo.stack import Begun, RedirectTo, Token
from sp_demo.system import DemoSystem

_Error = OneLogin_Saml2_ValidationError
_CODES: Final = {
    _Error.INVALID_XML_FORMAT: "xml.schema",
    _Error.RESPONSE_EXPIRED: "proto.expired",
    _Error.WRONG_DESTINATION: "proto.destination",
    _Error.WRONG_ISSUER: "fed.issuer-mismatch",
    _Error.NO_SIGNED_MESSAGE: "sig.missing",
    _Error.WRONG_INRESPONSETO: "slo.unsolicited",
}
"""python3-saml's error numbers in our vocabulary; any other is `xml.schema`."""


class Python3SamlLogout:
    """python3-saml's logout for one system and one broker."""

    def __init__(self, system: DemoSystem, settings: dict[str, Any], *, broker_metadata: bytes) -> None:
        """Set the toolkit up a second time: for logout messages it must demand a signature, for a Response it must not."""
        own = deepcopy(settings)
        own["security"] |= {"wantMessagesSigned": True, "logoutRequestSigned": True, "logoutResponseSigned": True}
        own["sp"]["singleLogoutService"] = {"url": system.urls.slo_url, "binding": BINDING_REDIRECT}
        self._settings = own
        self._broker_metadata = broker_metadata
        parts = urlsplit(system.urls.slo_url)
        # The toolkit builds the URL it believes to be at from this: from the configured one, never from a request.
        self._request_data: dict[str, Any] = {
            "https": "on" if parts.scheme == "https" else "off",
            "http_host": parts.netloc,
            "script_name": parts.path,
        }

    def begin(self, token: Token, *, relay_state: str, fresh_id: MessageId) -> Begun:  # noqa: ARG002 - the toolkit makes its own ID
        """Write a LogoutRequest by Redirect. It has no NotOnOrAfter, for which the toolkit has no place."""
        auth = OneLogin_Saml2_Auth(self._request_data, self._made())
        name_id = token.subject
        url: str = auth.logout(
            return_to=relay_state,
            name_id=name_id.value,
            # the toolkit puts it into its template as it stands
            session_index=None if token.session_index is None else escape(token.session_index),
            nq=name_id.name_qualifier,
            name_id_format=name_id.format,
            spnq=name_id.sp_name_qualifier,
        )
        return Begun(MessageId(auth.get_last_request_id()), RedirectTo(url))

    def verify(self, message: LogoutMessage) -> None:
        """Let the toolkit verify the query's signature, over the query as it came, and validate the message.

        Raises:
            SamlError: whatever the toolkit refuses, or `req.binding` for a binding it does not know.
        """
        self._refuse_other_bindings(message)
        settings = self._made()
        data = self._request_data | {
            "get_data": dict(message.fields),
            "query_string": message.raw_query,
            "validate_signature_from_qs": True,
        }
        auth = OneLogin_Saml2_Auth(data, settings)
        response = message.is_response
        check = auth.validate_response_signature if response else auth.validate_request_signature
        if not check(data["get_data"]):
            raise refuse(
                "sig.value", f"python3-saml: {auth.get_last_error_reason() or 'the signature does not verify'}"
            )
        kind = OneLogin_Saml2_Logout_Response if response else OneLogin_Saml2_Logout_Request
        parameter = "SAMLResponse" if response else "SAMLRequest"
        try:
            kind(settings, message.fields[parameter]).is_valid(data, raise_exceptions=True)
        except (_Error, OneLogin_Saml2_Error) as error:
            raise refuse(_CODES.get(error.code, "xml.schema"), f"python3-saml: {error!s:.300}") from error
        except Exception as error:
            raise refuse("xml.schema", f"python3-saml: {type(error).__name__}: {error!s:.200}") from error

    def answer(self, message: LogoutMessage, *, refused: bool) -> RedirectTo:
        """Write the LogoutResponse to a request that was verified; a refusal is `Responder` alone, for the toolkit knows one code."""
        settings = self._made()
        auth = OneLogin_Saml2_Auth(self._request_data, settings)
        builder = OneLogin_Saml2_Logout_Response(settings)
        builder.build(message.root.get("ID"), STATUS_RESPONDER if refused else STATUS_SUCCESS)
        parameters = {"SAMLResponse": builder.get_response()}
        if message.relay_state is not None:
            parameters["RelayState"] = message.relay_state
        auth.add_response_signature(parameters, RSA_SHA256)
        return RedirectTo(auth.redirect_to(auth.get_slo_response_url(), parameters))

    def _made(self) -> OneLogin_Saml2_Settings:
        # made when needed: a broker without a logout endpoint still logs people in
        endpoint = broker_logout(self._broker_metadata, BINDING_REDIRECT)
        settings = deepcopy(self._settings)
        settings["idp"]["singleLogoutService"] = {
            "url": endpoint.location,
            "responseUrl": endpoint.response_location,
            "binding": BINDING_REDIRECT,
        }
        return OneLogin_Saml2_Settings(settings)

    def _refuse_other_bindings(self, message: LogoutMessage) -> None:
        if message.binding is not LogoutBinding.REDIRECT:
            raise refuse("req.binding", f"got a logout message by {message.binding}, expected HTTP-Redirect")
