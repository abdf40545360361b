"""Who lives where: every URL of the federation, from configured base URLs and from nothing else (design D2).

The paths at the Context Handler are those of KOMBIT's (design D1), so that what is configured here works there after a change of host.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import urlsplit

from federation.model import World
from federation.played import local_idps_played, played_by_idp_mock, played_by_sp_demo
from federation.production_hosts import refuse_production_host


def parse_base_url(text: str) -> str:
    """Give the base URL of a service, without a slash at its end.

    Raises:
        ValueError: for anything but an http or https URL without user, query and fragment, and for a production host.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading the port is what checks it
    except ValueError as error:
        raise ValueError(f"got {text!r:.120}, expected a base URL such as http://localhost:8000 ({error})") from error
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise ValueError(f"got {text!r:.120}, expected a base URL such as http://localhost:8000")
    refuse_production_host(text)
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """The URLs of one service, all under its base URL."""

    base_url: str

    def __post_init__(self) -> None:
        """Refuse what is not a base URL."""
        if parse_base_url(self.base_url) != self.base_url:
            raise ValueError(f"got {self.base_url!r:.120}, expected a base URL without a slash at its end")

    @property
    def path(self) -> str:
        """The path of the base URL: where the service is mounted. Empty at the root of a host."""
        return urlsplit(self.base_url).path

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers write an Origin."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def home_url(self) -> str:
        """The service's front page."""
        return f"{self.base_url}/"


@dataclass(frozen=True, slots=True)
class ContextHandlerUrls(ServiceUrls):
    """The broker's endpoints (context-handler section 2)."""

    SSO_PATH: ClassVar[str] = "/runtime/saml2/issue.idp"
    METADATA_TOWARDS_SYSTEMS_PATH: ClassVar[str] = "/runtime/saml2/metadata.idp"
    DISCOVERY_PATH: ClassVar[str] = "/runtime/saml2/discovery"
    """Our choice: KOMBIT's path is not public."""
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


@dataclass(frozen=True, slots=True)
class Topology:
    """Base URLs: the broker's, and of every party that the simulator plays, by its id."""

    context_handler_base_url: str
    idp_base_urls: Mapping[str, str] = field(default_factory=dict)
    system_base_urls: Mapping[str, str] = field(default_factory=dict)
    attribute_service_base_urls: Mapping[str, str] = field(default_factory=dict)
    nemlogin_base_url: str | None = None
    """None: the simulator does not play NemLog-in."""

    def __post_init__(self) -> None:
        """Check every base URL now, not at the first login that needs it."""
        houses = (self.idp_base_urls, self.system_base_urls, self.attribute_service_base_urls)
        for base_url in (self.context_handler_base_url, *(url for house in houses for url in house.values())):
            ServiceUrls(base_url)
        if self.nemlogin_base_url is not None:
            ServiceUrls(self.nemlogin_base_url)

    @property
    def context_handler(self) -> ContextHandlerUrls:
        """The broker's URLs."""
        return ContextHandlerUrls(self.context_handler_base_url)

    def idp(self, party_id: str) -> IdpUrls:
        """The URLs of a mock IdP.

        Raises:
            KeyError: if the topology has no IdP of that id.
        """
        return IdpUrls(self.idp_base_urls[party_id])

    def system(self, party_id: str) -> SystemUrls:
        """The URLs of a demo system.

        Raises:
            KeyError: if the topology has no system of that id.
        """
        return SystemUrls(self.system_base_urls[party_id])

    def attribute_service(self, party_id: str) -> AttributeServiceUrls:
        """The URLs of an attribute service.

        Raises:
            KeyError: if the topology has no attribute service of that id.
        """
        return AttributeServiceUrls(self.attribute_service_base_urls[party_id])

    @property
    def nemlogin(self) -> NemLogInUrls:
        """The URLs of the NemLog-in simulator.

        Raises:
            KeyError: if the simulator does not play it.
        """
        if self.nemlogin_base_url is None:
            raise KeyError("nemlogin")
        return NemLogInUrls(self.nemlogin_base_url)


def default_topology(base_url: str, world: World) -> Topology:
    """Put every house on one origin: the broker at the root, each party that the simulator plays under a prefix.

    Raises:
        ValueError: for what is not a base URL, and for a production host.
    """
    base = parse_base_url(base_url)
    clients = world.nemlogin.clients if world.nemlogin else ()
    demo_systems = [each.id for each in played_by_sp_demo(world)] + [each.id for each in clients if each.simulated]
    return Topology(
        base,
        _under(
            f"{base}/idp",
            [each.id for each in played_by_idp_mock(world)] + [each.id for each in local_idps_played(world)],
        ),
        _under(f"{base}/sp", demo_systems),
        _under(f"{base}/attributes", (service.id for service in world.attribute_services if service.simulated)),
        f"{base}/nemlogin" if world.nemlogin else None,
    )


def _under(prefix: str, ids: Iterable[str]) -> Mapping[str, str]:
    return MappingProxyType({party_id: f"{prefix}/{party_id}" for party_id in ids})
