"""node-saml, with its logout in two forms, and samlify as systems: one process, one port, ended by its own pid."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsis_sim.browser import Page
from tests.conftest import Member
from tests.interop.peer import MISSING, Peer, Profile
from tests.processes import END_SECONDS, wait_until

FOLDER = Path(__file__).parent / "node"


@contextmanager
def node_peers(directory: Path, member: Member, broker_metadata: bytes) -> Iterator[dict[str, Peer]]:
    """Run both until the end of the block."""
    node = shutil.which("node")
    assert node, MISSING.format(what="node")
    assert (FOLDER / "node_modules" / "samlify").exists(), MISSING.format(what=str(FOLDER / "node_modules"))
    files = {"broker_metadata": broker_metadata, "key": member.key_pem, "certificate": member.certificate_pem}
    for name, octets in files.items():
        (directory / name).write_bytes(octets)
    ready, log = directory / "ready.json", directory / "log.txt"
    settings = {name: str(directory / name) for name in files} | {"ready_file": str(ready)}
    (directory / "settings.json").write_text(json.dumps(settings), "utf-8")
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [node, FOLDER / "peers.mjs", directory / "settings.json"],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={"PATH": os.environ["PATH"]},
        )
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, "the node systems")
        assert process.poll() is None, log.read_text("utf-8")
        base_url = json.loads(ready.read_text("utf-8"))["base_url"]
        yield {name: _peer(name, base_url, member) for name in ("node-saml", "node-saml-post", "samlify")}
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def _peer(name: str, base_url: str, member: Member) -> Peer:
    return Peer(
        name=name,
        entity_id=f"https://saml.{name}.interop.test",
        login_url=f"{base_url}/{name}/login",
        acs_url=f"{base_url}/{name}/acs",
        metadata_url=f"{base_url}/{name}/metadata",
        member=member,
        read=_read,
    )


def _read(page: Page) -> Profile:
    told = json.loads(page.text)
    return Profile(told["nameId"], told["attributes"])
