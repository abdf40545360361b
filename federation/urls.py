"""The URLs of each kind of house, all under its base URL. The Context Handler's paths are KOMBIT's (design D1).

What is configured here works there after a change of host.
"""

from dataclasses import dataclass
from typing import ClassVar

from federation.base_url import ServiceUrls


@dataclass(frozen=True, slots=True)
class ContextHandlerUrls(ServiceUrls):
    """The broker's endpoints (context-handler section 2)."""

    SSO_PATH: ClassVar[str] = "/runtime/saml2/issue.idp"
    METADATA_TOWARDS_SYSTEMS_PATH: ClassVar[str] = "/runtime/saml2/metadata.idp"
    DISCOVERY_PATH: ClassVar[str] = "/runtime/saml2/discovery"
    """Our choice: KOMBIT's path is not public."""
    FORGET_CHOICE_PATH: ClassVar[str] = "/runtime/saml2/discovery/forget"
    """Our choice."""
    SLO_RESPONSE_FROM_SYSTEMS_PATH: ClassVar[str] = "/runtime/saml2/signoff.idp"
    LOGOUT_PATH: ClassVar[str] = "/runtime/saml2/logout"
    """The person's own page (our choice)."""
    SLO_SOAP_PATH: ClassVar[str] = "/runtime/services/signoff/saml2/soap"
    SLO_REQUEST_FROM_IDPS_PATH: ClassVar[str] = "/runtime/saml2auth/signoffrequest.idp"
    SLO_RESPONSE_FROM_IDPS_PATH: ClassVar[str] = "/runtime/saml2auth/signoffresponse.idp"
    ACS_PATH: ClassVar[str] = "/runtime/saml2auth/consume.idp"
    METADATA_TOWARDS_IDPS_PATH: ClassVar[str] = "/runtime/saml2auth/metadata.idp"
    ATTRIBUTE_SERVICE_PATH: ClassVar[str] = "/runtime/services/attributeservice/saml2/soap"
    API_PATH: ClassVar[str] = "/_sim/api"
    CA_CERTIFICATE_PATH: ClassVar[str] = "/_sim/ca/ca.crt"
    CRL_PATH: ClassVar[str] = "/_sim/ca/ca.crl"

    @property
    def sso_url(self) -> str:
        """Where systems send their AuthnRequest, and their LogoutRequest too (context-handler section 2)."""
        return self.base_url + self.SSO_PATH

    @property
    def metadata_towards_systems_url(self) -> str:
        """The metadata of the IdP face."""
        return self.base_url + self.METADATA_TOWARDS_SYSTEMS_PATH

    @property
    def discovery_url(self) -> str:
        """The page where a person chooses the municipality."""
        return self.base_url + self.DISCOVERY_PATH

    @property
    def forget_choice_url(self) -> str:
        """Where a person has the remembered municipality forgotten."""
        return self.base_url + self.FORGET_CHOICE_PATH

    @property
    def slo_response_from_systems_url(self) -> str:
        """Where systems send their LogoutResponse."""
        return self.base_url + self.SLO_RESPONSE_FROM_SYSTEMS_PATH

    @property
    def logout_url(self) -> str:
        """The page that shows where a person is logged in, and logs out everywhere."""
        return self.base_url + self.LOGOUT_PATH

    @property
    def slo_soap_url(self) -> str:
        """Where systems send a LogoutRequest by the back channel."""
        return self.base_url + self.SLO_SOAP_PATH

    @property
    def slo_request_from_idps_url(self) -> str:
        """Where home IdPs send their LogoutRequest."""
        return self.base_url + self.SLO_REQUEST_FROM_IDPS_PATH

    @property
    def slo_response_from_idps_url(self) -> str:
        """Where home IdPs send their LogoutResponse."""
        return self.base_url + self.SLO_RESPONSE_FROM_IDPS_PATH

    @property
    def acs_url(self) -> str:
        """Where home IdPs send their Response."""
        return self.base_url + self.ACS_PATH

    @property
    def metadata_towards_idps_url(self) -> str:
        """The metadata of the SP face."""
        return self.base_url + self.METADATA_TOWARDS_IDPS_PATH

    @property
    def attribute_service_url(self) -> str:
        """Where systems that fetch rights send their AttributeQuery."""
        return self.base_url + self.ATTRIBUTE_SERVICE_PATH

    @property
    def api_url(self) -> str:
        """The base of the registration API."""
        return self.base_url + self.API_PATH

    def record_url(self, flow: str) -> str:
        """Where the API gives every step of one flow."""
        return f"{self.api_url}/flows/{flow}"

    @property
    def ca_certificate_url(self) -> str:
        """The simulated CA's certificate, as the certificates say it (AIA)."""
        return self.base_url + self.CA_CERTIFICATE_PATH

    @property
    def crl_url(self) -> str:
        """The simulated CA's revocation list, as the certificates say it."""
        return self.base_url + self.CRL_PATH


@dataclass(frozen=True, slots=True)
class IdpUrls(ServiceUrls):
    """The endpoints of one mock IdP."""

    SSO_PATH: ClassVar[str] = "/sso"
    LOGIN_PATH: ClassVar[str] = "/login"
    SLO_PATH: ClassVar[str] = "/slo"
    SLO_SOAP_PATH: ClassVar[str] = "/slo/soap"
    LOGOUT_PATH: ClassVar[str] = "/logout"
    END_PATH: ClassVar[str] = "/end"
    LOGOUT_BEHAVIOUR_PATH: ClassVar[str] = "/logout-behaviour"
    METADATA_PATH: ClassVar[str] = "/metadata"

    @property
    def sso_url(self) -> str:
        """Where the Context Handler sends its AuthnRequest."""
        return self.base_url + self.SSO_PATH

    @property
    def login_url(self) -> str:
        """Where the login page posts its form."""
        return self.base_url + self.LOGIN_PATH

    @property
    def slo_url(self) -> str:
        """Where the Context Handler sends its LogoutRequest and LogoutResponse."""
        return self.base_url + self.SLO_PATH

    @property
    def slo_soap_url(self) -> str:
        """Where the Context Handler sends its LogoutRequest by the back channel."""
        return self.base_url + self.SLO_SOAP_PATH

    @property
    def logout_url(self) -> str:
        """Where the session page posts a wish to log out everywhere."""
        return self.base_url + self.LOGOUT_PATH

    @property
    def end_url(self) -> str:
        """Where the session page posts a wish to end this one session and tell nobody."""
        return self.base_url + self.END_PATH

    @property
    def logout_behaviour_url(self) -> str:
        """Where the session page posts how to behave when the Context Handler asks to log out."""
        return self.base_url + self.LOGOUT_BEHAVIOUR_PATH

    @property
    def metadata_url(self) -> str:
        """The IdP's own metadata."""
        return self.base_url + self.METADATA_PATH


@dataclass(frozen=True, slots=True)
class SystemUrls(ServiceUrls):
    """The endpoints of one demo system."""

    LOGIN_PATH: ClassVar[str] = "/login"
    ACS_PATH: ClassVar[str] = "/acs"
    SLO_PATH: ClassVar[str] = "/slo"
    SLO_SOAP_PATH: ClassVar[str] = "/slo/soap"
    METADATA_PATH: ClassVar[str] = "/metadata"

    @property
    def login_url(self) -> str:
        """Where a login begins; takes `idp` and `level` as query parameters."""
        return self.base_url + self.LOGIN_PATH

    @property
    def acs_url(self) -> str:
        """Where the Context Handler sends its Response."""
        return self.base_url + self.ACS_PATH

    @property
    def slo_url(self) -> str:
        """Where the Context Handler sends its LogoutRequest and LogoutResponse."""
        return self.base_url + self.SLO_PATH

    @property
    def slo_soap_url(self) -> str:
        """Where the Context Handler sends its LogoutRequest by the back channel, if the system's stack has one."""
        return self.base_url + self.SLO_SOAP_PATH

    @property
    def metadata_url(self) -> str:
        """The system's own metadata."""
        return self.base_url + self.METADATA_PATH


@dataclass(frozen=True, slots=True)
class AttributeServiceUrls(ServiceUrls):
    """The endpoints of one attribute service."""

    SOAP_PATH: ClassVar[str] = "/saml2/soap"
    METADATA_PATH: ClassVar[str] = "/metadata"

    @property
    def soap_url(self) -> str:
        """Where the Context Handler sends its AttributeQuery."""
        return self.base_url + self.SOAP_PATH

    @property
    def metadata_url(self) -> str:
        """The service's own metadata."""
        return self.base_url + self.METADATA_PATH


@dataclass(frozen=True, slots=True)
class NemLogInUrls(ServiceUrls):
    """The endpoints of the NemLog-in simulator."""

    SSO_PATH: ClassVar[str] = "/sso"
    LOGIN_PATH: ClassVar[str] = "/login"
    LOCAL_IDP_PATH: ClassVar[str] = "/local"
    SLO_PATH: ClassVar[str] = "/slo"
    SLO_TOWARDS_IDPS_PATH: ClassVar[str] = "/slo/towards-idps"
    LOGOUT_PATH: ClassVar[str] = "/logout"
    LOGOUT_BEHAVIOUR_PATH: ClassVar[str] = "/logout-behaviour"
    ACS_PATH: ClassVar[str] = "/acs"
    ATTRIBUTE_QUERY_PATH: ClassVar[str] = "/attributequery"
    METADATA_PATH: ClassVar[str] = "/metadata"
    METADATA_TOWARDS_IDPS_PATH: ClassVar[str] = "/metadata/towards-idps"

    @property
    def sso_url(self) -> str:
        """Where clients send their AuthnRequest."""
        return self.base_url + self.SSO_PATH

    @property
    def login_url(self) -> str:
        """Where the login page posts its form."""
        return self.base_url + self.LOGIN_PATH

    @property
    def slo_url(self) -> str:
        """Where clients send their LogoutRequest and LogoutResponse."""
        return self.base_url + self.SLO_PATH

    @property
    def slo_towards_idps_url(self) -> str:
        """Where local IdPs send theirs."""
        return self.base_url + self.SLO_TOWARDS_IDPS_PATH

    @property
    def logout_url(self) -> str:
        """Where the front page posts a wish to log out everywhere."""
        return self.base_url + self.LOGOUT_PATH

    @property
    def logout_behaviour_url(self) -> str:
        """Where the front page posts how to behave when a client asks to log out."""
        return self.base_url + self.LOGOUT_BEHAVIOUR_PATH

    @property
    def acs_url(self) -> str:
        """Where local IdPs send their Response."""
        return self.base_url + self.ACS_PATH

    @property
    def attribute_query_url(self) -> str:
        """Where clients send their AttributeQuery."""
        return self.base_url + self.ATTRIBUTE_QUERY_PATH

    @property
    def metadata_url(self) -> str:
        """The metadata towards clients."""
        return self.base_url + self.METADATA_PATH

    @property
    def metadata_towards_idps_url(self) -> str:
        """The metadata towards local IdPs."""
        return self.base_url + self.METADATA_TOWARDS_IDPS_PATH
