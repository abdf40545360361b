"""The requests that the foreign stacks write, read by the Context Handler's own pipeline."""

import base64
import re
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import pytest

from oiosaml.bindings.post import read_post_form
from oiosaml.bindings.redirect import read_redirect, verify_redirect
from oiosaml.messages.authn_request import read_authn_request
from oiosaml.messages.metadata import Endpoint
from oiosaml.nsis import Comparison
from oiosaml.rules.authn_request import AUTHN_REQUEST_RULES, AuthnRequestExpectations
from oiosaml.rules.rule import examine
from oiosaml.uris import BINDING_POST
from oiosaml.xml.parse import parse_message
from oiosaml.xml.verify import verify_enveloped
from sp_demo.system import StackName


@pytest.mark.parametrize("query", ["", "&force=1", "&passive=1", "&idp=https%3A%2F%2Fsaml.idp.korsbaek.test"])
def test_ydelser_by_post_is_signed_and_read(make_house, member, query):
    house = make_house(StackName.PYSAML2)
    page = house.visitor().get(f"{house.login}?binding=post{query}").text
    encoded = re.search(r'name="SAMLRequest" value="([^"]+)"', page)[1]
    message = read_post_form(f"SAMLRequest={quote(encoded, safe='')}".encode(), "SAMLRequest")
    assert message.octets == base64.b64decode(encoded)
    verified = verify_enveloped(
        parse_message(message.octets), [member(house.system.id).verification], read_authn_request
    )
    request = verified.value
    assert request.issuer == house.system.entity_id
    assert request.requested_authn_context.comparison is Comparison.MINIMUM
    assert request.force_authn is ("force" in query)
    assert request.is_passive is ("passive" in query)
    if "idp" in query:
        assert request.scoping.idp_list == ("https://saml.idp.korsbaek.test",)


@pytest.mark.parametrize(
    "query", ["", "?level=Low", "?force=1", "?passive=1", "?idp=https%3A%2F%2Fsaml.idp.korsbaek.test"]
)
def test_a_request_by_redirect_breaks_no_rule(house, member, query):
    location = urlsplit(house.visitor().get(f"{house.login}{query}").headers["location"])
    message = read_redirect(location.query.encode())
    request = verify_redirect(message, [member(house.system.id).verification], read_authn_request).value
    expected = AuthnRequestExpectations(
        at=datetime.now(UTC),
        issuer=house.system.entity_id,
        sso_location="http://localhost:8000/runtime/saml2/issue.idp",
        assertion_consumer_services=(Endpoint(BINDING_POST, house.acs, index=0, is_default=True),),
        known_idps=frozenset({"https://saml.idp.korsbaek.test"}),
        relay_state=message.relay_state,
    )
    assert examine(AUTHN_REQUEST_RULES, request, expected) == ()
