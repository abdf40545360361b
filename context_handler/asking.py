"""The broker's own AuthnRequest to a home IdP (context-handler section 3, step 4)."""

from dataclasses import replace
from datetime import datetime

from context_handler.level import LevelDemand
from context_handler.ports import Ports, RegisteredIdp
from context_handler.profiles.profile import IncomingProfile
from context_handler.profiles.registered import profile_of_idp
from context_handler.visit import Requester
from oiosaml.bindings.post import PostForm, write_post_form
from oiosaml.bindings.redirect import write_redirect
from oiosaml.errors import SamlError
from oiosaml.messages.authn_request import AuthnRequest, RequestedAuthnContext, Scoping, write_authn_request
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import Endpoint
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT
from oiosaml.value_type import value_type
from oiosaml.xml.sign import sign_enveloped


@value_type
class RedirectTo:
    """Send the browser to a URL that carries the message."""

    url: str


@value_type
class PostTo:
    """Send the browser with a form that carries the message."""

    form: PostForm


OutboundMessage = RedirectTo | PostTo

DEFAULT_PROXY_COUNT = 1
"""How many further brokers may stand behind the home IdP when the system did not say (our choice)."""


def compose_request(
    requester: Requester, idp: RegisteredIdp, demand: LevelDemand, *, at: datetime, ports: Ports
) -> AuthnRequest:
    """Ask the home IdP what the system asked us: the level carried over, ForceAuthn and IsPassive too, the system named in RequesterID.

    Raises:
        SamlError: `fed.profile` if the IdP is registered for a profile that is not understood.
    """
    asked, profile = requester.request, profile_of_idp(idp)
    told_of_app = profile.takes_app_switch or idp.registration.supports_app_switch
    return AuthnRequest(
        id=ports.ids.message_id(),
        issue_instant=at,
        issuer=ports.entity_id_towards_idps,
        destination=sso_endpoint(idp).location,
        assertion_consumer_service_url=ports.urls.acs_url,
        protocol_binding=BINDING_POST,
        force_authn=asked.force_authn,
        is_passive=asked.is_passive,
        requested_authn_context=_context(asked, demand, profile, idp),
        scoping=_scoping(requester) if idp.registration.supports_scoping else None,
        app_switch=asked.app_switch if told_of_app else None,
    )


def _context(
    asked: AuthnRequest, demand: LevelDemand, profile: IncomingProfile, idp: RegisteredIdp
) -> RequestedAuthnContext:
    context = profile.ask(demand, idp.registration)
    types = profile.credential_types_of(asked.requested_authn_context)
    return replace(context, class_refs=(*context.class_refs, *types)) if types else context


def _scoping(requester: Requester) -> Scoping:
    """Name everybody who asks, ourselves left out: `Issuer` says that (SAML Core 3.4.1.2)."""
    came = requester.request.scoping or Scoping()
    left = came.proxy_count - 1 if came.proxy_count is not None else DEFAULT_PROXY_COUNT
    return Scoping(proxy_count=left, requester_ids=(*came.requester_ids, requester.system))


def sso_endpoint(idp: RegisteredIdp) -> Endpoint:
    """Give the IdP's SSO endpoint: HTTP-Redirect where there is one, else HTTP-POST.

    Raises:
        SamlError: `md.endpoint` if its metadata has neither; registration refuses such metadata, so this is a registry gone wrong.
    """
    services = idp.metadata.idp.single_sign_on_services if idp.metadata.idp else ()
    for binding in (BINDING_REDIRECT, BINDING_POST):
        for service in services:
            if service.binding == binding:
                return service
    raise SamlError(
        "md.endpoint", "got IdP metadata without a usable SingleSignOnService, expected HTTP-Redirect or HTTP-POST"
    )


def send_request(request: AuthnRequest, idp: RegisteredIdp, ports: Ports) -> tuple[OutboundMessage, bytes]:
    """Sign the request for the binding its endpoint speaks. Gives the message and its octets as they go on the wire."""
    endpoint = sso_endpoint(idp)
    element = write_authn_request(request)
    if endpoint.binding == BINDING_REDIRECT:
        octets = serialise(element)
        return RedirectTo(write_redirect(endpoint.location, octets, relay_state=None, key=ports.keys.signing)), octets
    sign_enveloped(element, ports.keys.signing)
    octets = serialise(element)
    form = write_post_form(endpoint.location, octets, relay_state=None, parameter="SAMLRequest")
    return PostTo(form), octets
