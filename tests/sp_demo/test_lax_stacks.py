"""The table in sp_demo/checks.py, measured: what each stack alone lets through. A failure here is a stack that has grown stricter."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from oiosaml.attributes import LOA
from oiosaml.errors import SamlError
from oiosaml.ids import EntityId
from oiosaml.messages.assertion import Conditions
from oiosaml.messages.element import serialise
from oiosaml.validity import Window
from sp_demo.broker import make_stack
from sp_demo.front_door import open_envelope
from sp_demo.stack import Accepted
from sp_demo.system import LoginWish, StackName, SystemKeys
from tests.sp_demo.houses import FRESH_ID

PYTHON3_SAML = frozenset({StackName.PYTHON3_SAML})
BOTH = frozenset(StackName)


@pytest.fixture
def stack(house, member, broker_metadata):
    keys = member(house.system.id)
    return make_stack(house.system, SystemKeys(keys.key_pem, keys.certificate_pem), broker_metadata=broker_metadata)


def window():
    return Window(datetime.now(UTC), datetime.now(UTC) + timedelta(minutes=5))


def of_confirmation(**changes):
    def make(house, request_id):
        texts = {k: v.format(acs=house.acs) if isinstance(v, str) else v for k, v in changes.items()}
        return {"subject": house.issuer.subject(request_id, **texts)}, {}

    return make


def of_envelope(**changes):
    def make(house, request_id):
        return {}, {k: v.format(acs=house.acs) if isinstance(v, str) else v for k, v in changes.items()}

    return make


def of_conditions(make_conditions):
    return lambda house, request_id: ({"conditions": make_conditions(house.system.entity_id)}, {})


def of_attributes(make_statements):
    return lambda house, request_id: ({"attribute_statements": make_statements(house.issuer)}, {})


CASES = {
    "nothing": (of_envelope(), BOTH),
    "no InResponseTo": (of_envelope(in_response_to=None), PYTHON3_SAML),
    "no InResponseTo in the confirmation": (of_confirmation(in_response_to=None), BOTH),
    "no Destination": (of_envelope(destination=None), BOTH),
    "longer Destination": (of_envelope(destination="{acs}.evil.example/"), PYTHON3_SAML),
    "no Recipient": (of_confirmation(recipient=None), PYTHON3_SAML),
    "longer Recipient": (of_confirmation(recipient="{acs}.evil.example/"), PYTHON3_SAML),
    "confirmation that never ends": (of_confirmation(window=Window(None, None)), BOTH),
    "Conditions that never end": (of_conditions(lambda us: Conditions(Window(None, None), ((us,),))), BOTH),
    "no audience": (of_conditions(lambda us: Conditions(window(), ())), BOTH),
    "a restriction without us": (
        of_conditions(lambda us: Conditions(window(), ((us,), (EntityId("https://saml.arkiv.sim.test"),)))),
        BOTH,
    ),
    "no Issuer of the Response": (of_envelope(issuer=None), BOTH),
    "another Issuer of the Response": (
        of_envelope(issuer=EntityId("https://saml.evil.test")),
        frozenset({StackName.PYSAML2}),
    ),
    "two AttributeStatements": (of_attributes(lambda issuer: (issuer.attributes()[:1], issuer.attributes()[1:])), BOTH),
    "an attribute twice": (
        of_attributes(lambda issuer: ((*issuer.attributes(), *issuer.attributes()[:1]),)),
        frozenset({StackName.PYSAML2}),
    ),
    "level Low": (of_attributes(lambda issuer: (issuer.attributes(**{LOA: ("Low",)}),)), BOTH),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_stack_alone_lets_through(house, stack, name):
    make, lets_through = CASES[name]
    request_id = stack.begin(
        LoginWish(level=house.system.minimum_level),
        relay_state="x",
        fresh_id=FRESH_ID,
    ).request_id
    in_assertion, in_envelope = make(house, request_id)
    signed = house.issuer.signed(house.issuer.assertion(request_id, **in_assertion))
    sealed = house.issuer.sealed(serialise(signed))
    octets = house.issuer.wrap(request_id, sealed, **in_envelope)
    envelope = open_envelope(base64.b64encode(octets).decode())
    if house.system.stack in lets_through:
        assert isinstance(stack.read(envelope, request_id=request_id), Accepted)
    else:
        with pytest.raises(SamlError):
            stack.read(envelope, request_id=request_id)
