"""Broker processes that are started, killed and started again, and what their store says in between."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from context_handler.audit import AuditReport, audit
from context_handler.store.database import Database
from context_handler.store.sqlite_record import SqliteRecord
from federation.dev_ca import KeyRing, ensure_keys, key_holders
from federation.load import load_world
from federation.urls import ContextHandlerUrls
from nsis_sim.settings import STORE_FILE, home
from oiosaml.ids import DEFAULT_WORKSPACE
from saml_web.clock import utc_now
from scripts.bench.attribute_stub import StubAttributeService
from scripts.bench.process_clock import cpu_seconds
from scripts.own_ports import own_port

READY_SECONDS: Final = 180.0
"""Generous: machines are slow, and shared. What a run promises of its own is measured, and asserted where it is promised."""

END_SECONDS: Final = 60.0

UNHURRIED: Final = 60.0
"""Seconds of patience for a run that shows something else than what happens when the time is up."""

_STEP: Final = 0.01
_BACKLOG: Final = 512


@dataclass(slots=True)
class Broker:
    """One broker process."""

    process: subprocess.Popen[bytes]
    port: int
    started_in: float
    """Seconds from the start of the process until it answered."""
    start_cpu: float
    """CPU seconds of the process until then: what it would have taken on a machine without other work, since a start waits for nothing."""
    log: Path

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.wait()

    def terminate(self) -> float:
        """Ask it to end, and give how many seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        self.wait()
        return time.monotonic() - began

    def wait(self, seconds: float = END_SECONDS) -> int:
        """Wait for its end, and give the exit status; negative for a signal."""
        return self.process.wait(seconds)

    @property
    def was_killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.process.poll() == -signal.SIGKILL


def patience_hook(seconds: float | None) -> list[str]:
    """Give the hook of `scripts.chaos.entry` by which a broker waits so long, or none."""
    return [] if seconds is None else ["--patience", str(seconds)]


@dataclass
class Site:
    """One directory with keys and a store, the port that the base URL names, and everybody's keys."""

    directory: Path
    attribute_service_url: str | None = None
    port: int = field(default_factory=own_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    patience: float | None = None
    """How many seconds brokers wait for the attribute service, each other's writes and a last request, if not as long as in earnest.

    What they refuse in earnest on a machine that is too busy is not what most runs are about.
    """
    keys: KeyRing = field(init=False)

    def __post_init__(self) -> None:
        """Make or read the keys."""
        self.read_keys()

    @property
    def base_url(self) -> str:
        """The broker's own."""
        return f"http://localhost:{self.port}"

    @property
    def store(self) -> Path:
        """Where the store lies."""
        return self.directory / "var" / STORE_FILE

    def read_keys(self) -> None:
        """Read the keys anew, as a peer that fetches metadata again."""
        world = load_world(home() / "federation.yaml")
        urls = ContextHandlerUrls(self.base_url)
        self.keys = ensure_keys(self.directory / "certs", key_holders(world), rsa_bits=2048, at=utc_now(), urls=urls)

    def settings(self) -> dict[str, str]:
        """Give a process's environment: what it needs of ours, and nothing else that changes its behaviour."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        own = {
            "NSIS_DATA_DIR": str(self.directory / "var"),
            "NSIS_CERTS_DIR": str(self.directory / "certs"),
            "NSIS_RSA_BITS": "2048",
            "NSIS_BASE_URL": self.base_url,
            "PYTHONWARNINGS": "error",
        }
        if self.attribute_service_url is not None:
            own["NSIS_BASE_URLS"] = f"attribute_service:skovrup={self.attribute_service_url}"
        return {**kept, **own, **self.environment}

    def start(
        self,
        *,
        kill: str | None = None,
        port: int | None = None,
        listening: socket.socket | None = None,
        open_seconds: float | None = None,
        wrapper: Sequence[str] = (),
    ) -> Broker:
        """Start a broker and wait until it answers.

        Args:
            kill: `POINT:PASSES`, where it dies.
            port: where it listens, if not where the base URL says.
            listening: a socket that it shares with others.
            open_seconds: how long breakers stay open, if not as long as in earnest.
            wrapper: a command that runs it, such as faketime.

        Raises:
            RuntimeError: if it ends instead.
        """
        port = port or self.port
        ready = self.directory / f"ready-{port}-{time.monotonic_ns()}.json"
        log = self.directory / "broker.log"
        hooks = ["--kill", kill] if kill else []
        hooks += ["--socket", str(listening.fileno())] if listening else []
        hooks += ["--open-seconds", str(open_seconds)] if open_seconds is not None else []
        hooks += patience_hook(self.patience)
        nsis = ["serve", "--only", "context_handler", "--port", str(port), "--ready-file", str(ready)]
        began = time.monotonic()
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [*wrapper, sys.executable, "-m", "scripts.chaos.entry", *hooks, "--", *nsis],
                env=self.settings(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=(listening.fileno(),) if listening else (),
            )
        _wait_until_ready(process, ready, log)
        took = time.monotonic() - began
        ready.unlink()
        return Broker(process, port, took, cpu_seconds(process.pid), log)

    def nsis(self, *arguments: str, kill: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of nsis to its end."""
        hooks = ["--kill", kill] if kill else []
        return subprocess.run(
            [sys.executable, "-m", "scripts.chaos.entry", *hooks, "--", *arguments],
            env=self.settings(),
            capture_output=True,
            encoding="utf-8",
            timeout=READY_SECONDS,
            check=False,
        )

    def audit(self) -> AuditReport:
        """Compare both records of every flow."""
        database = Database(self.store)
        try:
            return audit(SqliteRecord(database), DEFAULT_WORKSPACE, utc_now())
        finally:
            database.close()

    def accepted(self) -> frozenset[str]:
        """Give the IDs of the broker's own requests whose answer was accepted.

        Read from a copy while no broker runs: a look must not recover what the next start is to recover.
        """
        query = "SELECT idp_request_id FROM logins WHERE flow IN (SELECT flow FROM accepted_assertions)"
        with self._copy() as copy, closing(sqlite3.connect(copy)) as connection:
            return frozenset(row[0] for row in connection.execute(query))

    @contextmanager
    def _copy(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as name:
            for suffix in ("", "-wal"):
                original = Path(f"{self.store}{suffix}")
                if original.exists():
                    shutil.copy(original, Path(name) / f"copy{suffix}")
            yield Path(name) / "copy"


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            process.wait()
            raise RuntimeError(f"the broker did not start:\n{log.read_text('utf-8')[-2000:]}")
        time.sleep(_STEP)


@contextmanager
def open_site(directory: Path, *, patience: float | None = None, **environment: str) -> Iterator[Site]:
    """Give a site whose second municipality has an attribute service of ours."""
    directory.mkdir(parents=True, exist_ok=True)
    site = Site(directory, environment=environment, patience=patience)
    with StubAttributeService(site.keys) as service:
        site.attribute_service_url = service.base_url
        yield site


@contextmanager
def workers(site: Site, number: int) -> Iterator[tuple[Broker, ...]]:
    """Run several brokers on one store, each at a port of its own; the first where the base URL says."""
    with ThreadPoolExecutor(number) as pool:
        first = site.start()  # makes the store
        others = pool.map(lambda _: site.start(port=own_port()), range(number - 1))
        brokers = (first, *others)
    with ended(*brokers):
        yield brokers


@contextmanager
def shared_socket(port: int) -> Iterator[socket.socket]:
    """Give a listening socket for several workers to inherit."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)
        yield listening


@contextmanager
def ended(*brokers: Broker) -> Iterator[None]:
    """Whatever happens, none of these outlives the block."""
    try:
        yield
    finally:
        for broker in brokers:
            if broker.process.poll() is None:
                broker.process.kill()
                broker.process.wait()
