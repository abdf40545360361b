"""`make bench`: the broker alone in a process of its own, driven from this one; memory and cold start of the whole demo besides.

Logins are measured in rounds, with the RSA operation timed before, between and after each. Neighbours on the machine only ever add to
either, so that what is printed first is the least of all rounds, in multiples of the least that the RSA operation took; the median of the
rounds, each in multiples of the RSA of its own second, stands beside it. Why it is measured so: docs/adr/0033.

Compare two versions by runs in turns on one machine, and believe no difference below a twentieth.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.load import load_world
from federation.urls import ContextHandlerUrls
from nsis_sim.settings import home
from saml_web.clock import utc_now
from scripts.bench.attribute_stub import StubAttributeService
from scripts.bench.peers import KORSBAEK, SKOVRUP, Driver, Municipality
from scripts.bench.process_clock import cpu_seconds
from scripts.bench.steps import step_table

Given = TypeVar("Given")
Got = TypeVar("Got")

ROUNDS = 12
LOGINS = 120
"""In each round: so many that every round moves the store's log into its file at least once, as every hundredth login has to."""
PEOPLE = 2
"""How many log in at a time."""
WARM_UP = 30
RSA_OPERATIONS = 100
READY_SECONDS = 180
END_SECONDS = 60


def rsa_microseconds(key: RSAPrivateKey) -> float:
    """Give the CPU time of one private operation, in microseconds."""
    for _ in range(20):
        key.sign(b"warm", PKCS1v15(), SHA256())
    started = time.process_time()
    for _ in range(RSA_OPERATIONS):
        key.sign(b"one private operation", PKCS1v15(), SHA256())
    return (time.process_time() - started) / RSA_OPERATIONS * 1e6


def memory_megabytes(pid: int) -> float:
    """Give a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS: this benchmark needs Linux")


@contextmanager
def running(
    directory: Path, *arguments: str, hooks: Sequence[str] = (), **environment: str
) -> Iterator[tuple[int, str, float]]:
    """Run `nsis` with these arguments, and with these hooks of a test; gives pid, base URL and the seconds until it was ready."""
    ready = directory / "ready.json"
    ready.unlink(missing_ok=True)
    entry = ("scripts.chaos.entry", *hooks, "--") if hooks else ("nsis_sim",)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NSIS_")}
    settings = {"NSIS_DATA_DIR": str(directory / "var"), "NSIS_CERTS_DIR": str(directory / "certs")}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", *entry, *arguments, "--port", "0", "--ready-file", str(ready)],
        env={**kept, **settings, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        while not ready.exists():
            if process.poll() is not None or time.monotonic() - started > READY_SECONDS:
                raise RuntimeError("the broker did not start; try `nsis demo` by hand")
            time.sleep(0.01)
        took = time.monotonic() - started
        yield process.pid, json.loads(ready.read_text())["base_url"], took
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def keys_in(directory: Path, bits: int) -> KeyRing:
    """Make or read the keys that the broker will find."""
    world = load_world(home() / "federation.yaml")
    urls = ContextHandlerUrls("http://localhost:8000")
    return ensure_keys(directory / "certs", key_holders(world), rsa_bits=bits, at=utc_now(), urls=urls)


@dataclass(frozen=True, slots=True)
class Cost:
    """The broker's CPU time for one login."""

    microseconds: float
    unit: float
    """One RSA-2048 operation in the same minute, in microseconds."""

    @property
    def multiple(self) -> float:
        """The cost in RSA operations."""
        return self.microseconds / self.unit


@dataclass(frozen=True, slots=True)
class Costs:
    """What the rounds came to."""

    undisturbed: Cost
    median: float
    """The cost of the median round, in RSA operations of its own second."""


def login_costs(people: Sequence[Driver], pid: int, municipality: Municipality, key: RSAPrivateKey) -> Costs:
    """Measure all rounds.

    Raises:
        RuntimeError: if the logins are not the ones to be measured.
    """
    for _ in range(WARM_UP):
        token = people[0].login(municipality)
    if not token.values_of("https://data.gov.dk/model/core/eid/privilegesIntermediate"):
        raise RuntimeError("the token has no privileges: this would measure another login")
    rounds = [one_round(people, pid, municipality, key) for _ in range(ROUNDS)]
    least = Cost(min(cost.microseconds for cost in rounds), min(cost.unit for cost in rounds))
    return Costs(least, median(cost.multiple for cost in rounds))


def one_round(people: Sequence[Driver], pid: int, municipality: Municipality, key: RSAPrivateKey) -> Cost:
    """Measure one round.

    Requests and the home IdP's answers are made beforehand, and `people` send them side by side, so that the broker is busy throughout: a
    core that falls idle between two messages, or while an attribute service answers, clocks down and forgets, and the same work then takes
    more of its time than the RSA operation it is compared with.
    """
    first = people[0]
    queries = [first.query(municipality) for _ in range(LOGINS)]
    units = [rsa_microseconds(key)]
    started = cpu_seconds(pid)
    begun = _side_by_side(people, Driver.begin, queries)
    took = cpu_seconds(pid) - started
    answers = [first.answer(each, municipality) for each in begun]
    units.append(rsa_microseconds(key))
    started = cpu_seconds(pid)
    pages = _side_by_side(people, Driver.finish, answers)
    took += cpu_seconds(pid) - started
    units.append(rsa_microseconds(key))
    for page in pages:
        first.read(page)
    return Cost(took / LOGINS * 1e6, fmean(units))


def _side_by_side(people: Sequence[Driver], send: Callable[[Driver, Given], Got], given: Sequence[Given]) -> list[Got]:
    """Share out what is to be sent; each person sends one after the other. Gives what came back, in no particular order."""

    def one_person(number: int) -> list[Got]:
        return [send(people[number], each) for each in given[number :: len(people)]]

    with ThreadPoolExecutor(len(people)) as threads:
        return [each for got in threads.map(one_person, range(len(people))) for each in got]


def brokered_logins(bits: int, key: RSAPrivateKey) -> None:
    """Measure both kinds of login with keys of that size and print their rows."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        keys = keys_in(directory, bits)
        with StubAttributeService(keys) as service:
            urls = f"attribute_service:skovrup={service.base_url}"
            settings = {"NSIS_RSA_BITS": str(bits), "NSIS_BASE_URLS": urls}
            with running(directory, "serve", "--only", "context_handler", **settings) as (pid, base_url, _):
                people = [Driver(base_url, keys) for _ in range(PEOPLE)]
                for label, municipality in (("roles in the token", KORSBAEK), ("with AttributeQuery", SKOVRUP)):
                    costs = login_costs(people, pid, municipality, key)
                    print(
                        f"| brokered login, {label}, RSA-{bits} | {costs.undisturbed.microseconds:,.0f} µs "
                        f"| {costs.undisturbed.multiple:.1f} x rsa (median of the rounds {costs.median:.1f}) |"
                    )
                logins = 2 * (ROUNDS * LOGINS + WARM_UP)
                print(f"| memory of the broker alone after {logins} logins | {memory_megabytes(pid):.0f} MB | |")


def whole_demo() -> None:
    """Measure memory and start of the default demo and print their rows."""
    with tempfile.TemporaryDirectory() as name:
        for label in ("first start, keys made", "second start"):
            with running(Path(name), "demo") as (pid, base_url, took):
                started = time.monotonic()
                for system, idp, persona in (
                    ("byggesag", "korsbaek", "ane-holm"),
                    ("ydelser", "korsbaek", "ane-holm"),
                    ("byggesag", "skovrup", "ib-noehr"),
                ):
                    arguments = [
                        "login",
                        "--base-url",
                        base_url,
                        "--system",
                        system,
                        "--idp",
                        idp,
                        "--persona",
                        persona,
                    ]
                    subprocess.run(
                        [sys.executable, "-m", "nsis_sim", *arguments], check=True, stdout=subprocess.DEVNULL
                    )
                first = time.monotonic() - started
                print(f"| {label}: until ready | {took:.2f} s | |")
                print(f"| three logins by command line after it | {first:.2f} s | |")
                print(f"| memory of the whole demo then | {memory_megabytes(pid):.0f} MB | |")


def main() -> None:
    """Print the tables."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    unit = rsa_microseconds(key)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, {ROUNDS} rounds of {LOGINS} logins, {PEOPLE} at a time\n")
    print("| what | CPU or size | in multiples of RSA-2048 |\n| --- | --- | --- |")
    print(f"| one RSA-2048 private operation | {unit:,.0f} µs | 1 |")
    brokered_logins(2048, key)
    brokered_logins(3072, key)
    whole_demo()
    print("\nWhere a login's time goes (in one process, RSA-2048, steps of the story, without HTTP):\n")
    print(step_table(rsa_microseconds(key)))


if __name__ == "__main__":
    main()
