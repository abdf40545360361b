"""Every refusal: one exception, one public vocabulary of codes, and for each code what becomes of it.

A code is versioned API: it may be superseded, never removed or given another meaning. Raise narrowly with what was got and what was
expected; catch once, in the shell that turns a refusal into a page or a SAML status.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from oiosaml.refusals import REFUSALS, Refusal

__all__ = ["REFUSALS", "Party", "Refusal", "SamlError", "UpstreamRefusal"]


class Party(StrEnum):
    """Who sent the message that was refused, and so who can mend it."""

    SYSTEM = "system"
    HOME_IDP = "home-idp"
    ATTRIBUTE_SERVICE = "attribute-service"
    CONTEXT_HANDLER = "context-handler"
    USER = "user"


NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})


class SamlError(Exception):
    """A message or a step was refused.

    Attributes:
        code: the stable public code, such as `sig.value`.
        detail: for the engineer who must mend it: "got …, expected …". May hold text from the message, cut to a length by whoever raises.
        params: values for the placeholders of the public sentence, such as `required` and `actual`.
        party: whose message it was, once a step of a story has said so; None while only the core knows of the error.
    """

    def __init__(
        self, key: str, detail: str, *, params: Mapping[str, str] = NO_PARAMS, party: Party | None = None
    ) -> None:
        """Refuse with `key`, which must stand in `REFUSALS`: a code such as `sig.value`, or `fed.loa:not-a-level`."""
        super().__init__(f"{key}: {detail}")
        self.refusal: Refusal = REFUSALS[key]
        self.detail = detail
        self.params = params
        self.party = party

    @property
    def code(self) -> str:
        """The stable code, such as `sig.value`."""
        return self.refusal.code

    def sentence(self, language: str) -> str:
        """The sentence for the person, in Danish (`da`) or English (anything else), with its placeholders filled."""
        text = self.refusal.da if language == "da" else self.refusal.en
        return text.format_map(_Filled(self.params))


class UpstreamRefusal(SamlError):
    """The home IdP answered with a status other than Success; its status is passed on (context-handler section 11)."""

    def __init__(
        self,
        key: str,
        detail: str,
        *,
        second_code: str | None,
        message: str | None,
        params: Mapping[str, str] = NO_PARAMS,
    ) -> None:
        """Refuse with `key`; `second_code` and `message` are the IdP's own second-level status and StatusMessage."""
        super().__init__(key, detail, params=params, party=Party.HOME_IDP)
        self.second_code = second_code
        self.message = message


class _Filled(dict[str, str]):
    """Placeholders nobody gave a value for read as a dash: a sentence about an error must never fail itself."""

    def __init__(self, params: Mapping[str, str]) -> None:
        super().__init__(params)

    def __missing__(self, key: str) -> str:
        return "–"
