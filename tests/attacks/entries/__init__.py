"""The entries: where a message can reach this product, each as a small adapter under the name that the data use."""

from collections.abc import Callable
from typing import Final

from tests.attacks.entries.attributes import AttributeQueryClient, AttributeServiceEntry, OwnAttributeServiceEntry
from tests.attacks.entries.exchange import Exchange
from tests.attacks.entries.logins import Acs, AcsPlain, SsoPost, SsoRedirect
from tests.attacks.entries.mock_idp import MockIdpPost, MockIdpRedirect

ENTRIES: Final[dict[str, Callable[..., Exchange]]] = {
    "acs": Acs,
    "acs-plain": AcsPlain,
    "aq-client": AttributeQueryClient,
    "attribute-service": AttributeServiceEntry,
    "own-attribute-service": OwnAttributeServiceEntry,
    "mock-idp-redirect": MockIdpRedirect,
    "mock-idp-post": MockIdpPost,
    "sso-redirect": SsoRedirect,
    "sso-post": SsoPost,
}
