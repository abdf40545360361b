"""The SingleLogoutServices that each house of the street publishes, from its URLs."""

from typing import Final

from federation.urls import ContextHandlerUrls, IdpUrls, NemLogInUrls, SystemUrls
from oiosaml.messages.metadata import Endpoint
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP

REDIRECT_ONLY: Final = frozenset({"byggesag", "arkiv"})
"""Demo systems whose SAML stack (python3-saml) takes logout messages by Redirect alone."""


def of_broker_towards_systems(urls: ContextHandlerUrls) -> tuple[Endpoint, ...]:
    """Give the IdP face's: requests where AuthnRequests go, responses to a place of their own (context-handler sections 2 and 10)."""
    location, response_location = urls.sso_url, urls.slo_response_from_systems_url
    return (
        Endpoint(BINDING_REDIRECT, location, response_location),
        Endpoint(BINDING_POST, location, response_location),
        Endpoint(BINDING_SOAP, urls.slo_soap_url),
    )


def of_broker_towards_idps(urls: ContextHandlerUrls) -> tuple[Endpoint, ...]:
    """Give the SP face's; POST besides Redirect is our choice, for IdPs that have nothing else."""
    location, response_location = urls.slo_request_from_idps_url, urls.slo_response_from_idps_url
    return (
        Endpoint(BINDING_REDIRECT, location, response_location),
        Endpoint(BINDING_POST, location, response_location),
    )


def of_idp(urls: IdpUrls) -> tuple[Endpoint, ...]:
    """Give a mock IdP's: both ways through the browser, and the back channel."""
    return (
        Endpoint(BINDING_REDIRECT, urls.slo_url),
        Endpoint(BINDING_POST, urls.slo_url),
        Endpoint(BINDING_SOAP, urls.slo_soap_url),
    )


def of_nemlogin(urls: NemLogInUrls) -> tuple[Endpoint, ...]:
    """Give NemLog-in's towards its clients: both ways through the browser."""
    return (Endpoint(BINDING_REDIRECT, urls.slo_url), Endpoint(BINDING_POST, urls.slo_url))


def of_nemlogin_towards_idps(urls: NemLogInUrls) -> tuple[Endpoint, ...]:
    """Give NemLog-in's towards local IdPs: Redirect, as it asks them for a login."""
    return (Endpoint(BINDING_REDIRECT, urls.slo_towards_idps_url),)


def of_local_idp(urls: IdpUrls) -> tuple[Endpoint, ...]:
    """Give a mock IdP's towards NemLog-in, which has no back channel."""
    return (Endpoint(BINDING_REDIRECT, urls.slo_url),)


def of_system(urls: SystemUrls, system_id: str) -> tuple[Endpoint, ...]:
    """Give a demo system's: Redirect first, and what else its stack has."""
    by_redirect = Endpoint(BINDING_REDIRECT, urls.slo_url)
    if system_id in REDIRECT_ONLY:
        return (by_redirect,)
    return (by_redirect, Endpoint(BINDING_POST, urls.slo_url), Endpoint(BINDING_SOAP, urls.slo_soap_url))
