"""What `nsis doctor` looks at: one function for each thing that stops a simulator on somebody's machine, each with the way out."""

import importlib
import json
import os
import platform
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography import x509

from nsis_sim.settings import STORE_FILE, Settings

if TYPE_CHECKING:
    from context_handler.registry import RegistrySnapshot
    from context_handler.revocation import Revocations

OLDEST_PYTHON: Final = (3, 11)
SOON: Final = timedelta(days=30)
"""Certificates that expire within it are worth a word."""

_SOFTWARE_IS_OF: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock that shows an earlier time is wrong: this software did not exist."""


class Health(StrEnum):
    """How a thing is."""

    GOOD = "ok"
    WORTH_KNOWING = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at."""

    what: str
    health: Health
    sentence: str


def diagnose(settings: Settings, at: datetime) -> Iterator[Diagnosis]:
    """Look at everything, and give what was found as it is found; nothing is changed."""
    yield python_version(sys.version_info[:2])
    libraries = xml_libraries(importlib.import_module)
    yield libraries
    yield clock(at)
    yield listening(settings)
    yield writable("data directory", settings.data_dir)
    yield writable("certificate directory", settings.certs_dir)
    yield federation_file(settings.federation)
    yield from certificates(settings.certs_dir, at)
    yield from stores(settings.data_dir)
    if libraries.health is Health.GOOD:
        yield from members(settings.data_dir / STORE_FILE, settings.certs_dir, at)
    yield proxies(dict(os.environ))


def python_version(version: tuple[int, int]) -> Diagnosis:
    """Python is new enough."""
    health = Health.GOOD if version >= OLDEST_PYTHON else Health.BAD
    return Diagnosis("python", health, f"{platform.python_version()}; 3.11 or newer is needed")


def xml_libraries(load: Callable[[str], object]) -> Diagnosis:
    """Two packages that carry a libxml2 of their own agree about its version."""
    try:
        load("lxml.etree")
        load("xmlsec")
    except Exception as error:  # noqa: BLE001 - whatever an extension module raises while loading is what we report
        return Diagnosis(
            "lxml and xmlsec",
            Health.BAD,
            f"they cannot be loaded together ({error}). Both carry libxml2, and the versions must fit: "
            "remove .venv and run make again, so that both come from requirements.lock",
        )
    return Diagnosis("lxml and xmlsec", Health.GOOD, "they load together")


def clock(at: datetime) -> Diagnosis:
    """The clock shows a time at which this software exists."""
    if at < _SOFTWARE_IS_OF:
        return Diagnosis(
            "clock",
            Health.BAD,
            f"it shows {at:%Y-%m-%d %H:%M} UTC; set it, or every message and certificate is refused",
        )
    return Diagnosis("clock", Health.GOOD, f"{at:%Y-%m-%d %H:%M:%S} UTC")


def listening(settings: Settings) -> Diagnosis:
    """The port is free, or a simulator of ours has it."""
    busy = [address for address in settings.listen if settings.port and _answers(address, settings.port)]
    if busy:
        return Diagnosis(
            "port",
            Health.WORTH_KNOWING,
            f"{settings.port} is in use at {', '.join(busy)}: a simulator that runs, or another program; NSIS_PORT takes another",
        )
    return Diagnosis("port", Health.GOOD, f"{settings.port or 'any'} is free at {', '.join(settings.listen)}")


def _answers(address: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared, not listened on
    try:
        with socket.create_connection((reachable, port), timeout=1):
            return True
    except OSError:
        return False


def writable(what: str, directory: Path) -> Diagnosis:
    """A directory is there or can be made, and can be written."""
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    if not nearest.is_dir():
        return Diagnosis(what, Health.BAD, f"{nearest} is no directory")
    if not os.access(nearest, os.W_OK | os.X_OK):
        return Diagnosis(what, Health.BAD, f"{nearest} cannot be written by this user")
    return Diagnosis(what, Health.GOOD, f"{directory}" + ("" if directory.exists() else " (will be made)"))


def federation_file(path: Path) -> Diagnosis:
    """The world can be read."""
    from federation.load import load_world
    from federation.problems import FederationError

    try:
        world = load_world(path)
    except (OSError, FederationError) as error:
        return Diagnosis("federation", Health.BAD, f"{path} cannot be used: {error}")
    return Diagnosis(
        "federation",
        Health.GOOD,
        f"{path}: {len(world.idps)} IdPs, {len(world.systems)} systems, {len(world.people)} people",
    )


def certificates(directory: Path, at: datetime) -> Iterator[Diagnosis]:
    """Every certificate is valid now, and for a while."""
    paths = sorted(directory.glob("*.crt.pem"))
    if not paths:
        yield Diagnosis("certificates", Health.WORTH_KNOWING, "none yet; they are made at first start")
        return
    for path in paths:
        try:
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            yield Diagnosis("certificates", Health.BAD, f"{path.name} cannot be read: {error}")
            continue
        if at < certificate.not_valid_before_utc or at >= certificate.not_valid_after_utc:
            yield Diagnosis(
                "certificates", Health.BAD, f"{path.name} is not valid now; remove {directory} to have new ones made"
            )
        elif at + SOON >= certificate.not_valid_after_utc:
            yield Diagnosis(
                "certificates", Health.WORTH_KNOWING, f"{path.name} expires {certificate.not_valid_after_utc:%Y-%m-%d}"
            )
    yield Diagnosis("certificates", Health.GOOD, f"{len(paths)} looked at")


def stores(directory: Path) -> Iterator[Diagnosis]:
    """Every store file is whole."""
    paths = sorted(directory.glob("*.sqlite3"))
    if not paths:
        yield Diagnosis("store", Health.WORTH_KNOWING, "none yet; it is made at first start")
    for path in paths:
        try:
            connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            try:
                verdict = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
            finally:
                connection.close()
        except sqlite3.Error as error:
            verdict = str(error)
        whole = verdict == "ok"
        sentence = (
            f"{path.name} is whole" if whole else f"{path} is damaged ({verdict:.200}); move it away and start anew"
        )
        yield Diagnosis("store", Health.GOOD if whole else Health.BAD, sentence)


def members(store: Path, certs_dir: Path, at: datetime) -> Iterator[Diagnosis]:
    """Every registered party takes part, and nothing of it ends soon. A store that cannot be read has its own line."""
    from context_handler.endings import endings, every_member
    from context_handler.standing import Standing, standing_of

    try:
        registry = _registered(store, _revocations(certs_dir, at))
    except (sqlite3.Error, ValueError):
        return
    for party in every_member(registry):
        standing = standing_of(party, at)
        if standing is not Standing.ACTIVE:
            yield Diagnosis("members", Health.WORTH_KNOWING, f"{party.registration.entity_id} is {standing}")
    for each in endings(registry, at):
        when = f"ends {each.ends_at:%Y-%m-%d}" if each.within else f"ended {each.ends_at:%Y-%m-%d}"
        how_soon = f", within {each.within.days} day{'s' if each.within.days > 1 else ''}" if each.within else ""
        yield Diagnosis("members", Health.WORTH_KNOWING, f"{each.what} of {each.entity_id} {when}{how_soon}")


def _revocations(certs_dir: Path, at: datetime) -> "Revocations | None":
    """Give what a broker over these keys would know; None while there is no CA."""
    from context_handler.revocation import Revocations
    from federation.dev_ca import CRL_FILE, certificate_authority_der

    der = certificate_authority_der(certs_dir)
    if der is None:
        return None
    revocations = Revocations((certs_dir / CRL_FILE).read_bytes, der)
    revocations.refresh(at)
    return revocations


def _registered(store: Path, revocations: "Revocations | None") -> "RegistrySnapshot":
    from context_handler.registry import RegistrySnapshot, entry_of
    from federation.documents import Kind, from_stored
    from oiosaml.ids import DEFAULT_WORKSPACE

    rows: list[tuple[str, str]] = []
    if store.is_file():
        connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
        try:
            query = "SELECT kind, document FROM registrations WHERE workspace = ? ORDER BY id"
            rows = connection.execute(query, (DEFAULT_WORKSPACE,)).fetchall()
        finally:
            connection.close()
    return RegistrySnapshot(
        0, [entry_of(from_stored(Kind(kind), json.loads(text)), revocations) for kind, text in rows]
    )


def proxies(environment: dict[str, str]) -> Diagnosis:
    """Proxy variables are no trouble here, but they are to other programs."""
    named = sorted(name for name in environment if name.lower() in {"http_proxy", "https_proxy", "all_proxy"})
    exempt = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    if named and not {"localhost", "*"} & {part.strip() for part in exempt.split(",")}:
        hosts = ", ".join(f"{name}={urlsplit(environment[name]).hostname}" for name in named)
        return Diagnosis(
            "proxy",
            Health.WORTH_KNOWING,
            f"{hosts}: this simulator does not use it, your own system might; NO_PROXY=localhost helps",
        )
    return Diagnosis("proxy", Health.GOOD, "none in the way")
