"""The entries: where a message can reach this product, each as a small adapter under the name that the data use."""

from collections.abc import Callable
from typing import Final

from tests.attacks.entries.attributes import AttributeQueryClient, AttributeServiceEntry, OwnAttributeServiceEntry
from tests.attacks.entries.demo_systems import PySaml2System, Python3SamlSystem
from tests.attacks.entries.exchange import Exchange
from tests.attacks.entries.logins import Acs, AcsPlain, SsoPost, SsoRedirect
from tests.attacks.entries.logouts import LogoutAnswered, LogoutByIdp, LogoutBySystem, LogoutBySystemPost
from tests.attacks.entries.metadata import MetadataImport
from tests.attacks.entries.mock_idp import MockIdpPost, MockIdpRedirect

ENTRIES: Final[dict[str, Callable[..., Exchange]]] = {
    "acs": Acs,
    "acs-plain": AcsPlain,
    "aq-client": AttributeQueryClient,
    "attribute-service": AttributeServiceEntry,
    "own-attribute-service": OwnAttributeServiceEntry,
    "python3-saml": Python3SamlSystem,
    "pysaml2": PySaml2System,
    "metadata-import": MetadataImport,
    "slo-from-system-redirect": LogoutBySystem,
    "slo-from-system-post": LogoutBySystemPost,
    "slo-from-idp": LogoutByIdp,
    "slo-answer": LogoutAnswered,
    "mock-idp-redirect": MockIdpRedirect,
    "mock-idp-post": MockIdpPost,
    "sso-redirect": SsoRedirect,
    "sso-post": SsoPost,
}
