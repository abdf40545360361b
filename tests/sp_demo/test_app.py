"""The pages and endpoints round the login."""

import asyncio
import base64
import gc
import re
import tempfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from oiosaml.bindings.post import read_post_form
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata_faces import idp_face
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.uris import NAMEID_PERSISTENT
from sp_demo.broker import FRESH_FOR, Broker
from sp_demo.system import StackName, SystemKeys
from tests.sp_demo.houses import FRESH_ID, REGISTERED


def test_the_front_page_offers_every_way_in(house):
    page = house.visitor().get(house.system.urls.home_url)
    assert page.status_code == 200
    links = re.findall(r'href="([^"]*/login[^"]*)"', page.text)
    assert house.login in links
    for query in ("level=Low", "level=Substantial", "level=High", "force=1", "passive=1", "idp=https%3A%2F%2Fsaml.idp"):
        assert any(query in link for link in links), query
    assert any("binding=post" in link for link in links) is (house.system.stack is StackName.PYSAML2)


def test_every_way_in_works(house):
    page = house.visitor().get(house.system.urls.home_url)
    for link in re.findall(r'href="([^"]*/login[^"]*)"', page.text):
        assert house.visitor().get(link.replace("&amp;", "&")).status_code in {200, 303}, link


def test_the_pages_speak_danish(house):
    assert f"Log ind i {house.system.name}" in house.visitor("da").get(house.system.urls.home_url).text


def test_without_a_login_there_is_no_result(house):
    response = house.visitor().get(f"{house.system.urls.base_url}/result")
    assert (response.status_code, response.headers["location"]) == (303, house.system.urls.home_url)


def test_cookies_are_held_to_this_system(house):
    cookie = house.visitor().get(house.login).headers["set-cookie"]
    assert f"Path={house.system.urls.path}" in cookie
    assert "HttpOnly" in cookie
    assert house.system.id in cookie


def test_each_login_has_a_session_of_its_own(house):
    name = f"nsis_{house.system.id}_session"
    first, second = house.logged_in(), house.logged_in()
    assert first.cookies[name] != second.cookies[name]


def test_healthz(house):
    assert house.visitor().get(f"{house.system.urls.base_url}/healthz").text == "ok"


def test_a_foreign_host_header_changes_nothing(house):
    visitor = house.visitor()
    response = visitor.send("GET", house.login, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in response.headers["location"]


def test_metadata_is_what_the_context_handler_has_registered(house):
    response = house.visitor().get(house.system.urls.metadata_url)
    assert response.content == REGISTERED
    assert response.headers["content-type"] == "application/samlmetadata+xml"


def test_ydelser_signs_a_request_by_post(make_house):
    house = make_house(StackName.PYSAML2)
    page = house.visitor().get(f"{house.login}?binding=post").text
    encoded = re.search(r'name="SAMLRequest" value="([^"]+)"', page)[1]
    root = etree.fromstring(base64.b64decode(encoded))
    assert root.find("{http://www.w3.org/2000/09/xmldsig#}Signature") is not None
    assert read_post_form(
        f"SAMLRequest={encoded.replace('+', '%2B').replace('=', '%3D')}".encode(), "SAMLRequest"
    ).octets


def test_nothing_is_written_to_disk_and_no_program_is_started(house, monkeypatch, tmp_path):
    def forbidden(*args, **kwargs):
        raise AssertionError("a temporary file or a child process")

    monkeypatch.setattr("subprocess.Popen.__init__", forbidden)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", forbidden)
    monkeypatch.setattr("saml2.sigver.NamedTemporaryFile", forbidden)
    monkeypatch.setattr("saml2.sigver.Popen", forbidden)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the machine's own is everybody's
    house.logged_in()
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_key_rollover_is_noticed(house, member, broker, broker_metadata):
    new = member("broker's next key")
    keys = member(house.system.id)
    documents = [broker_metadata]

    async def metadata():
        return documents[-1]

    at = datetime(2026, 1, 1, tzinfo=UTC)
    broker_of = Broker(house.system, SystemKeys(keys.key_pem, keys.certificate_pem), metadata=metadata)
    first = asyncio.run(broker_of.stack(at=at))
    face = idp_face(
        "https://saml.ch.sim.test",
        "http://localhost:8000/runtime/saml2/issue.idp",
        signing_keys=(broker.verification, new.verification),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    documents.append(serialise(write_entity_descriptor(face)))
    assert asyncio.run(broker_of.stack(at=at)) is first
    assert asyncio.run(broker_of.stack(at=at + FRESH_FOR)) is not first


@pytest.mark.parametrize("signer", ["broker", "broker's next key"])
def test_either_key_of_a_rollover_is_accepted(house, member, broker, signer):
    from sp_demo.broker import make_stack
    from sp_demo.front_door import open_envelope
    from sp_demo.stack import Accepted
    from sp_demo.system import LoginWish

    keys, new = member(house.system.id), member("broker's next key")
    face = idp_face(
        "https://saml.ch.sim.test",
        "http://localhost:8000/runtime/saml2/issue.idp",
        signing_keys=(broker.verification, new.verification),
        name_id_formats=(NAMEID_PERSISTENT,),
    )
    document = serialise(write_entity_descriptor(face))
    stack = make_stack(house.system, SystemKeys(keys.key_pem, keys.certificate_pem), broker_metadata=document)
    request_id = stack.begin(
        LoginWish(level=house.system.minimum_level),
        relay_state="x",
        fresh_id=FRESH_ID,
    ).request_id
    octets = replace(house.issuer, broker=member(signer)).answer(request_id)
    envelope = open_envelope(base64.b64encode(octets).decode())
    assert isinstance(stack.read(envelope, request_id=request_id), Accepted)
