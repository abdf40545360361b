"""Which modules are mutated, and which tests each must be killed by: fast ones, near to the module, the likeliest first."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_XML: Final = (
    "tests/oiosaml/xml/test_parse.py",
    "tests/oiosaml/test_openings.py",
    "tests/attacks/test_sig.py",
    "tests/attacks/test_verifier_alone.py",
    "tests/attacks/test_xml.py",
    "tests/oiosaml/xml/test_document.py",
    "tests/oiosaml/xml/test_encryption.py",
    "tests/oiosaml/xml/test_oracle.py",
    "tests/oiosaml/xml/test_parser.py",
    "tests/oiosaml/xml/test_schema.py",
    "tests/oiosaml/xml/test_sign.py",
    "tests/oiosaml/xml/test_signature_profile.py",
    "tests/oiosaml/xml/test_verify.py",
    "tests/attacks/test_enc.py",
)
_ROLES: Final = (
    "tests/context_handler/test_roles.py",
    "tests/context_handler/test_translation.py",
    "tests/attacks/test_prv.py",
)
_LOGIN: Final = (
    "tests/context_handler/test_login.py",
    "tests/context_handler/test_level.py",
    "tests/attacks/test_fed.py",
    "tests/context_handler/test_refusals.py",
    "tests/context_handler/sessions",
)
_RULES: Final = ("tests/oiosaml/rules",)

PLAN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "oiosaml/xml/verify.py": _XML,
        "oiosaml/xml/signature_profile.py": (
            "tests/oiosaml/xml/test_signature_profile.py",
            "tests/oiosaml/xml/test_signature_refusals.py",
            *_XML,
        ),
        "oiosaml/xml/algorithms.py": _XML,
        "oiosaml/xml/base64_text.py": ("tests/oiosaml/xml/test_base64_text.py", *_XML, "tests/oiosaml/bindings"),
        "oiosaml/xml/parse.py": ("tests/oiosaml/xml/test_parser.py", *_XML),
        "oiosaml/xml/document.py": ("tests/oiosaml/xml/test_document.py", "tests/oiosaml/xml/test_schema.py", *_XML),
        "oiosaml/bindings/redirect.py": (
            "tests/oiosaml/bindings",
            "tests/attacks/test_sig.py",
            "tests/oiosaml/test_openings.py",
            "tests/oiosaml/test_logout_openings.py",
        ),
        "oiosaml/logout_openings.py": (
            "tests/oiosaml/test_logout_openings.py",
            "tests/attacks/test_slo.py",
            "tests/context_handler/test_logout.py",
        ),
        "oiosaml/sealed.py": (*_XML, "tests/oiosaml/test_logout_openings.py"),
        "oiosaml/openings.py": ("tests/oiosaml/test_opening_keys.py", *_XML),
        "oiosaml/rules/assertion_protocol.py": (
            "tests/oiosaml/rules/test_assertion.py",
            *_RULES,
            "tests/attacks/test_pro.py",
            "tests/context_handler/test_answer_rules.py",
            "tests/context_handler/sessions",
        ),
        "oiosaml/rules/assertion_oiosaml2.py": (
            "tests/oiosaml/rules/test_assertion_oiosaml2.py",
            *_RULES,
            "tests/context_handler/profiles",
            "tests/context_handler/test_level.py",
        ),
        "oiosaml/rules/nemlogin_assertion.py": (
            "tests/oiosaml/rules/test_nemlogin.py",
            *_RULES,
            "tests/context_handler/profiles",
        ),
        "oiosaml/rules/assertion_federation.py": (*_RULES, "tests/attacks/test_fed.py"),
        "oiosaml/rules/assertion_nist.py": (*_RULES, "tests/context_handler/test_level.py"),
        "oiosaml/rules/privileges.py": (*_RULES, "tests/oiosaml/test_privileges.py"),
        "oiosaml/rules/rule.py": ("tests/oiosaml/rules/test_rule.py", *_RULES),
        "oiosaml/nsis.py": (
            "tests/oiosaml/test_values.py",
            "tests/oiosaml/test_comparison.py",
            *_RULES,
            "tests/context_handler/test_level.py",
        ),
        "oiosaml/nist.py": (
            "tests/oiosaml/test_values.py",
            "tests/oiosaml/test_comparison.py",
            *_RULES,
            "tests/context_handler/test_level.py",
        ),
        "oiosaml/privileges.py": ("tests/oiosaml/test_privileges.py", "tests/attacks/test_prv.py", *_RULES),
        "oiosaml/privilege_document.py": (
            "tests/oiosaml/test_privilege_document.py",
            "tests/oiosaml/test_privileges.py",
            "tests/oiosaml/rules/test_privileges.py",
            "tests/attacks/test_prv.py",
        ),
        "oiosaml/privilege_scope.py": ("tests/oiosaml/test_privileges.py", *_RULES, *_ROLES),
        "context_handler/level.py": ("tests/context_handler/test_level.py", *_LOGIN),
        "context_handler/checks.py": (
            "tests/context_handler/test_answer_rules.py",
            "tests/context_handler/test_request_rules.py",
            *_LOGIN,
            "tests/context_handler/profiles",
        ),
        "context_handler/requester.py": (
            "tests/context_handler/test_usable_parties.py",
            "tests/context_handler/test_ended_logins.py",
            "tests/context_handler/test_request_rules.py",
            "tests/context_handler/test_members_under_way.py",
            *_LOGIN,
            "tests/context_handler/test_answering_queries.py",
            "tests/context_handler/test_attribute_query.py",
            "tests/context_handler/test_logout.py",
        ),
        "context_handler/roles.py": _ROLES,
        "federation/constraint_values.py": (
            "tests/federation/test_constraint_values.py",
            "tests/federation/test_value_pattern.py",
            *_ROLES,
        ),
    }
)
