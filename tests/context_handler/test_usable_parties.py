"""Whether a registered party may take part now, and where its answers may go."""

from dataclasses import replace
from typing import Any

import pytest

from context_handler.requester import registered_acs, why_unusable
from oiosaml.errors import SamlError
from tests.builders import NOW
from tests.conftest import Member
from tests.context_handler.rig import (
    IDP_SSO,
    Rig,
    home_idp,
    minutes,
    registered_idp,
    registered_service,
    registered_system,
)


@pytest.mark.parametrize(
    ("change", "code"), [({"withdrawn": True}, "fed.withdrawn"), ({"enabled": False}, "fed.disabled")]
)
def test_who_is_out_is_told_from_an_attribute_service_that_is(idp: Member, change: dict[str, Any], code: str) -> None:
    """Another sentence: nobody has sent a message, and another party has to mend it."""
    parties = [registered_idp(idp, home_idp(**change), IDP_SSO), registered_system(idp, **change)]
    refusals = [why_unusable(party, NOW) for party in (*parties, registered_service(idp, **change))]
    assert [each and each.refusal.key for each in refusals] == [code, code, f"{code}:attribute-service"]


@pytest.mark.parametrize(("until", "code"), [(NOW + minutes(1), None), (NOW, "key.unchecked"), (None, None)])
def test_a_revocation_list_that_ended_can_tell_nothing(idp: Member, until: Any, code: str | None) -> None:
    refusal = why_unusable(replace(registered_system(idp), checked_until=until), NOW)
    assert (refusal and refusal.code) == code


@pytest.mark.parametrize(
    ("asked_for", "named"),
    [
        ({"assertion_consumer_service_url": "https://elsewhere.test/acs"}, "'https://elsewhere.test/acs'"),
        ({"assertion_consumer_service_index": 7}, "7"),
    ],
)
def test_req_03_an_address_that_is_not_registered_is_named(rig: Rig, asked_for: dict[str, Any], named: str) -> None:
    request = replace(rig.request(), assertion_consumer_service_url=None)
    with pytest.raises(SamlError) as refused:
        registered_acs(replace(request, **asked_for), registered_system(rig.system))
    assert refused.value.code == "req.acs"
    assert f"got the response address {named}, expected" in str(refused.value)


def test_who_has_no_metadata_as_a_system_has_no_address(rig: Rig) -> None:
    system = registered_system(rig.system, replace(rig.registry.system_list[0].metadata, sp=None))
    with pytest.raises(SamlError) as refused:
        registered_acs(rig.request(), system)
    assert refused.value.code == "req.acs"
