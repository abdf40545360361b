"""The metadata each stack writes, read by the Context Handler's own rules."""

from datetime import UTC, datetime

from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.rules.metadata import MetadataExpectations
from oiosaml.rules.rule import enforce
from oiosaml.rules.sp_metadata import SP_METADATA_RULES
from sp_demo.metadata import write_metadata
from sp_demo.system import SystemKeys


def test_the_context_handler_registers_it(house, member):
    keys = member(house.system.id)
    document = read_metadata(write_metadata(house.system, SystemKeys(keys.key_pem, keys.certificate_pem)))
    enforce(SP_METADATA_RULES, document, MetadataExpectations(datetime.now(UTC)))
    role = document.entity.sp
    assert role.authn_requests_signed
    assert role.want_assertions_signed
    assert [service.location for service in role.assertion_consumer_services] == [house.acs]
    assert {attribute.name for attribute in role.requested_attributes if attribute.is_required} >= {
        "https://data.gov.dk/model/core/eid/privilegesIntermediate"
    }
