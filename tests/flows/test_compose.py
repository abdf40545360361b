"""docker-compose.yml without a container engine: each service's own command, environment and health check, as processes of this machine.

What is rewritten, and nothing else: container ports become free ports (in every environment value and health check), service names become
127.0.0.1, 0.0.0.0 becomes 127.0.0.1, volumes become directories below the test's own. Each service's process is confined as the file
confines its container: the image's user, no capabilities, a read-only root, a /tmp of its own, `:ro` volumes read-only.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsis_sim.api_client import Api
from nsis_sim.browser import Browser
from nsis_sim.headless_login import PERSONA_HEADER, resolve
from nsis_sim.headless_login import log_in as headless_login
from scripts.own_ports import own_port
from tests.confinement import UID, Volume, confined, namespace, place_of
from tests.processes import END_SECONDS, START_SECONDS, clean_environment, wait_until

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"
CERTS = "certs"


def services() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]


@dataclass
class Street:
    """Where the containers' ports, names and volumes are on this machine."""

    directory: Path
    ports: dict[str, str]
    names: tuple[str, ...]

    def rewrite(self, text: str) -> str:
        for name in self.names:
            text = text.replace(f"//{name}:", "//127.0.0.1:")
        text = text.replace("0.0.0.0", "127.0.0.1")
        return re.sub(r"\b\d{4,5}\b", lambda found: self.ports.get(found.group(), found.group()), text)

    def volumes(self, service: dict[str, Any]) -> dict[str, Volume]:
        made = {}
        for volume in service.get("volumes", ()):
            source, _, *options = volume.split(":")
            made[source] = Volume(self.directory / source, writable=options != ["ro"])
            made[source].source.mkdir(exist_ok=True)
        return made

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        values = {name: self.rewrite(str(value)) for name, value in service["environment"].items()}
        for volume in service.get("volumes", ()):
            source, target, *_ = volume.split(":")
            own = place_of(source, self.directory / source)
            values = {name: own if value == target else value for name, value in values.items()}
        return clean_environment(**values, NSIS_RSA_BITS="2048")

    def command(self, words: list[str]) -> list[str]:
        program, *arguments = words
        assert program == "nsis", "every service runs our own command"
        return [sys.executable, "-m", "nsis_sim", *(self.rewrite(word) for word in arguments)]


@pytest.fixture(scope="module")
def street(tmp_path_factory) -> Street:
    wanted = {
        service["environment"]["NSIS_PORT"] for service in services().values() if "NSIS_PORT" in service["environment"]
    }
    ports = {port: str(own_port()) for port in wanted}
    return Street(tmp_path_factory.mktemp("compose"), ports, tuple(services()))


@contextmanager
def running(street: Street, name: str, service: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    with (street.directory / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            confined(street.command(service["command"]), street.volumes(service)),
            env=street.environment(service),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(END_SECONDS) == 0, (street.directory / f"{name}.log").read_text("utf-8")


def healthy(street: Street, service: dict[str, Any]) -> bool:
    kind, *words = service["healthcheck"]["test"]
    assert kind == "CMD"
    check = subprocess.run(
        street.command(words), env=street.environment(service), capture_output=True, check=False, timeout=START_SECONDS
    )
    return check.returncode == 0


def listens(street: Street, service: dict[str, Any]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(street.environment(service)["NSIS_PORT"]))) == 0


@pytest.fixture(scope="module")
def base_url(street) -> Iterator[str]:
    """Starts the whole street in the order the file asks for, and gives the broker's base URL."""
    made = subprocess.run(
        confined(street.command(services()[CERTS]["command"]), street.volumes(services()[CERTS])),
        env=street.environment(services()[CERTS]),
        capture_output=True,
        encoding="utf-8",
        timeout=START_SECONDS,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with ExitStack() as stack:
        houses = {name: service for name, service in services().items() if name != CERTS}
        for name, service in houses.items():
            process = stack.enter_context(running(street, name, service))
            # Not in turn: they start together, as containers do.
            houses[name] = {**service, "process": process}
        for name, service in houses.items():
            # its health check is a Python of its own, so it is asked once somebody listens
            wait_until(lambda s=service: s["process"].poll() is not None or listens(street, s), f"the port of {name}")
            wait_until(lambda s=service: s["process"].poll() is not None or healthy(street, s), f"the health of {name}")
            assert service["process"].poll() is None, (street.directory / f"{name}.log").read_text("utf-8")
        yield street.rewrite(services()["context_handler"]["environment"]["NSIS_BASE_URL"])


def log_in(base_url: str, system: str, idp: str, persona: str) -> dict[str, Any]:
    """What `nsis login --json` says, without the half second that a Python of its own takes to start."""
    with Api(base_url) as api:
        wish = resolve(api, system=system, idp=idp, persona=persona, level=None, start=None)
        return headless_login(wish, api=api, base_url=base_url).to_json()


@pytest.mark.parametrize(
    ("system", "idp", "persona"),
    [
        ("byggesag", "korsbaek", "ane-holm"),
        ("ydelser", "korsbaek", "ane-holm"),
        ("byggesag", "skovrup", "ib-noehr"),
        ("seb", "korsbaek", "cilla-moeberg"),
        ("byggesag", "nemlogin", "sif-oernhoej"),
    ],
)
def test_a_login_across_the_containers(base_url, system, idp, persona):
    report = log_in(base_url, system, idp, persona)
    assert (report["outcome"], report["level"]) == ("success", "Substantial")
    assert report["privileges"]


def test_a_login_in_the_old_profile_across_the_containers(base_url):
    report = log_in(base_url, "arkiv", "maagevig", "eva-aalund")
    assert (report["outcome"], report["level"], report["assurance_level"]) == ("success", None, "3")
    assert report["privileges"]


def test_a_system_asks_the_broker_for_rights_from_the_brokers_own_network(base_url, street):
    opslag = f"http://localhost:{street.ports['8035']}"
    with Browser(headers={PERSONA_HEADER: "ane-holm"}) as browser:
        page = browser.visit(f"{opslag}/login?idp=https://saml.idp.korsbaek.test")
    assert page.status == 200
    assert "http://opslag.sim.test/roles/usersystemrole/laeser/1" in page.text


def test_a_refusal_across_the_containers(base_url):
    report = log_in(base_url, "byggesag", "korsbaek", "bo-lindgaard")
    assert (report["outcome"], report["code"]) == ("refused", "fed.loa")


def test_every_service_is_confined_and_checked():
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["user"] == f"{UID}:{UID}", name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["tmpfs"] == ["/tmp"], name
        assert service["cap_drop"] == ["ALL"], name
        assert name == CERTS or service["healthcheck"]["test"], name


def test_the_image_s_user_is_nobody_and_owns_nothing_but_the_volumes():
    lines = (COMPOSE.parent / "Dockerfile").read_text("utf-8").splitlines()
    assert f"USER {UID}:{UID}" in lines
    assert [line for line in lines if "chown" in line] == [
        f"RUN mkdir /app /data /certs && chown {UID}:{UID} /data /certs && chmod 700 /data"
    ]


PROBE = """
import json, os, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
def writes(place):
    try:
        with open(os.path.join(place, "probe"), "w"):
            return True
    except OSError:
        return False
places = {place: writes(place) for place in sys.argv[1:]}
print(json.dumps({"uid": os.getuid(), **{n: status[n].strip() for n in ("NoNewPrivs", "CapEff", "CapBnd")}, "writes": places}))
"""


def test_what_confines_the_processes_of_this_test_does(tmp_path):
    """Without this a broken confinement would confine nothing, and every test here would pass."""
    (tmp_path / "data").mkdir()
    (tmp_path / "certs").mkdir()
    volumes = {"data": Volume(tmp_path / "data", writable=True), "certs": Volume(tmp_path / "certs", writable=False)}
    data, certs = (place_of(name, volume.source) for name, volume in volumes.items())
    elsewhere = [str(COMPOSE.parent), str(Path(sys.executable).parent), "/", "/var/tmp", "/mnt"]
    command = confined([sys.executable, "-c", PROBE, data, "/tmp", certs, *elsewhere], volumes)
    told = json.loads(subprocess.run(command, capture_output=True, check=True, env=clean_environment()).stdout)
    if namespace() is not None:
        assert told["uid"] != 0 or os.geteuid() != 0
        assert (told["NoNewPrivs"], int(told["CapEff"], 16), int(told["CapBnd"], 16)) == ("1", 0, 0)
        assert [place for place, could in told["writes"].items() if could] == [data, "/tmp"]


def test_published_ports_are_those_that_are_listened_on_and_on_loopback_only():
    for name, service in services().items():
        listening = {each["environment"].get("NSIS_PORT") for each in in_network_of(name)}
        for published in service.get("ports", ()):
            address, outer, inner = published.split(":")
            assert (address, outer) == ("127.0.0.1", inner), name
            assert inner in listening, name


def test_every_address_for_browsers_is_published():
    said = services()["context_handler"]["environment"]["NSIS_BASE_URLS"]
    published = {port.split(":")[1] for service in services().values() for port in service.get("ports", ())}
    assert set(re.findall(r"//localhost:(\d+)", said)) <= published


def in_network_of(name: str) -> list[dict[str, Any]]:
    """The service and those that share its network namespace."""
    return [each for key, each in services().items() if key == name or each.get("network_mode") == f"service:{name}"]


def test_only_the_init_service_writes_keys():
    for name, service in services().items():
        assert ("certs:/certs" in service["volumes"]) == (name == CERTS), name
