"""The demo systems, on python3-saml and on pysaml2, by the very command a vendor would use. Their own tests stand in tests/sp_demo."""

import json

import pytest

from oiosaml.uris import STATUS_SUCCESS
from tests.interop.conftest import nsis
from tests.processes import Simulator


@pytest.mark.parametrize(
    ("system", "name_id"),
    [
        ("byggesag", "https://data.gov.dk/model/core/eid/professional/uuid/"),
        ("ydelser", "C=DK,O=91000013,CN=Ane Holm,Serial=3b0e6e4a-6a1f-4f7e-9d57-0c1f0a4f1d11"),
    ],
)
def test_a_person_logs_in(federation: Simulator, system: str, name_id: str) -> None:
    told = json.loads(
        nsis(federation, "login", "--system", system, "--idp", "korsbaek", "--persona", "ane-holm", "--json")
    )
    assert (told["outcome"], told["code"], told["status"]) == ("success", None, [STATUS_SUCCESS])
    assert told["level"] == "Substantial"
    assert told["name_id"].startswith(name_id)
    own = {name for group in told["privileges"] for name in group["privileges"]}
    assert own
    assert all(name.startswith(f"http://{system}.sim.test/") for name in own)
