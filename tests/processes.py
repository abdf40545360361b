"""Simulators as processes of their own, for tests of starting, ending and dying. Waits are bounded and never sleep blindly."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from federation.dev_ca import ensure_keys, key_holders
from federation.load import load_world
from federation.urls import ContextHandlerUrls
from nsis_sim.cli import build
from nsis_sim.settings import STORE_FILE
from tests.empty_store import empty_store

FEDERATION = Path(__file__).parents[1] / "federation.yaml"
RSA_BITS = 2048

START_SECONDS = 180.0
"""Keys are made at first start, on machines that are slow, or busy with something else. What starts sooner ends the wait."""

END_SECONDS = 60.0
STEP_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = START_SECONDS) -> None:
    """Wait until `condition` holds, at most `seconds`."""
    never = threading.Event()
    for _ in range(int(seconds / STEP_SECONDS)):
        if condition():
            return
        never.wait(STEP_SECONDS)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def clean_environment(**settings: str) -> dict[str, str]:
    """Give what a process needs of this one's environment, and nothing that changes its behaviour."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "PYTHONWARNINGS": "error", **settings}


@contextmanager
def children_hear(number: signal.Signals) -> Iterator[None]:
    """What is started in the block hears this signal, even if we do not.

    A shell lets what it runs in the background ignore SIGINT, and a process that ignores a signal hands that on to its children.
    """
    before = signal.getsignal(number)
    signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def nsis(*arguments: str) -> list[str]:
    """Give the command line of `nsis` in this very interpreter."""
    return [sys.executable, "-m", "nsis_sim", *arguments]


def shipped_keys(directory: Path) -> Path:
    """Put the keys of everybody in federation.yaml into `directory`: made once by each process that tests, since that takes two seconds."""
    return Path(shutil.copytree(_keys_made_once(), directory, dirs_exist_ok=True))


@cache
def _keys_made_once() -> Path:
    made = Path(tempfile.mkdtemp(prefix="nsis-test-keys-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    urls = ContextHandlerUrls("http://localhost:8000")
    ensure_keys(made, key_holders(load_world(FEDERATION)), rsa_bits=RSA_BITS, at=datetime.now(UTC), urls=urls)
    return made


@dataclass
class Simulator:
    """A running simulator."""

    process: subprocess.Popen[bytes]
    base_url: str
    log: Path

    def interrupt(self) -> int:
        """Press Ctrl-C and give the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(END_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(END_SECONDS)


@contextmanager
def simulator(
    directory: Path,
    *,
    environment: Mapping[str, str],
    port: int = 0,
    command: Sequence[str] = ("demo",),
    first_start: bool = False,
) -> Iterator[Simulator]:
    """Run a simulator that keeps everything in `directory`, ready; it is ended afterwards if the test did not.

    It finds its keys and an empty store there, unless this is a test of the first start.
    """
    ready, log = directory / "ready.json", directory / "log.txt"
    ready.unlink(missing_ok=True)
    if not (first_start or "NSIS_CERTS_DIR" in environment or (directory / "certs").exists()):
        shipped_keys(directory / "certs")
    if not (first_start or "NSIS_DATA_DIR" in environment):
        empty_store(directory / "var" / STORE_FILE)
    arguments = nsis(*command, "--port", str(port), "--ready-file", str(ready))
    settings = {
        "NSIS_DATA_DIR": str(directory / "var"),
        "NSIS_CERTS_DIR": str(directory / "certs"),
        "NSIS_RSA_BITS": str(RSA_BITS),
    }
    with log.open("ab") as sink:
        process = subprocess.Popen(
            arguments, env={**settings, **environment}, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, "the ready file")
        assert process.poll() is None, log.read_text("utf-8")
        told = json.loads(ready.read_text("utf-8"))
        assert told["pid"] == process.pid
        yield Simulator(process, told["base_url"], log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def run_nsis(*arguments: str, environment: Mapping[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of `nsis` to its end."""
    return subprocess.run(
        nsis(*arguments),
        env=environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=START_SECONDS,
        check=False,
    )


def run_here(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command of `nsis` in this process: what it says and how it ends, without a Python that has to start first."""
    done = CliRunner().invoke(build(), list(arguments), input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)
