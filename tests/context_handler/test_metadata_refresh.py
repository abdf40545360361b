"""A member's metadata by its address: newer copies that prove themselves are taken, anything else changes nothing and is told once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from context_handler.endings import endings
from context_handler.metadata_refresh import (
    LONGEST_INTERVAL,
    RETRY_INTERVAL,
    SHORTEST_INTERVAL,
    Refresher,
    interval_for,
)
from context_handler.requester import require_usable
from context_handler.store.sqlite_refreshes import SqliteRefreshes
from context_handler.store.sqlite_registrations import SqliteRegistrations
from federation.activation_period import ActivationPeriod
from federation.documents import Kind
from federation.model import MetadataSource
from oiosaml.errors import SamlError
from oiosaml.ids import DEFAULT_WORKSPACE, EntityId
from oiosaml.messages.element import serialise
from oiosaml.messages.metadata import EntityDescriptor, KeyDescriptor
from oiosaml.messages.metadata_reading import read_metadata
from oiosaml.messages.metadata_writing import write_entity_descriptor
from oiosaml.nsis import AssuranceLevel
from oiosaml.validity import parse_duration
from oiosaml.xml.sign import sign_enveloped
from tests.builders import NOW, SYSTEM
from tests.conftest import make_member
from tests.context_handler.federation_rig import FederationRig, a_system, a_world, make_federation_rig, system_metadata
from tests.context_handler.rig import Rig

pytestmark = pytest.mark.anyio

URL = "https://own.sim.test/metadata"


def published(
    *keys: str, signer: str | None = "system", ends: datetime | None = None, entity_id: EntityId = SYSTEM
) -> bytes:
    """The system's metadata with these keys for signing and encryption, signed by one of them."""
    entity = read_metadata(system_metadata(entity_id)).entity
    assert entity is not None and entity.sp is not None
    descriptors = tuple(
        KeyDescriptor(use, make_member(k).verification) for k in keys for use in ("signing", "encryption")
    )
    entity = replace(entity, sp=replace(entity.sp, keys=descriptors), valid_until=ends, id="_metadata")
    return written(entity, signer)


def written(entity: EntityDescriptor, signer: str | None) -> bytes:
    element = write_entity_descriptor(entity)
    if signer is not None:
        sign_enveloped(element, make_member(signer).signing)
    return serialise(element)


@dataclass(slots=True)
class Publisher:
    """A system that publishes its metadata, and the broker that fetches it."""

    federation: FederationRig
    refresher: Refresher
    says: bytes | SamlError
    events: list[tuple[str, str | None]] = field(default_factory=list)
    asked: int = 0

    async def fetch(self, url: str) -> bytes:
        assert url == URL
        self.asked += 1
        if isinstance(self.says, SamlError):
            raise self.says
        return self.says

    def record(self, _: object, events: tuple[object, ...]) -> None:
        self.events.extend((each.step, each.code) for each in events)  # type: ignore[attr-defined]

    async def due(self, at: datetime = NOW) -> None:
        await self.refresher.refresh_due(at)

    def fingerprints(self) -> list[str]:
        system = self.federation.registry().system(SYSTEM)
        assert system is not None
        return [key.fingerprint for key in system.keys]

    def source(self, **changes: object) -> None:
        system = self.federation.registry().system(SYSTEM)
        assert system is not None
        source = replace(MetadataSource(URL), **changes)  # type: ignore[arg-type]
        self.federation.registrar.amend(system.registration, lambda present: replace(present, metadata_source=source))


OLD = make_member("system").verification.fingerprint
NEW = make_member("new").verification.fingerprint


@pytest.fixture
def publisher(tmp_path: Path, rig: Rig) -> Publisher:
    federation = make_federation_rig(tmp_path)
    first = published("system")
    federation.registrar.open_world(
        a_world(systems=(a_system(metadata=first, metadata_source=MetadataSource(URL)),)), NOW
    )
    made = Publisher(federation, None, first)  # type: ignore[arg-type]  # set below
    ports = replace(rig.ports, store=made)  # type: ignore[arg-type]  # only `record` is asked
    states = SqliteRefreshes(federation.database)
    made.refresher = Refresher(ports, federation.registry, federation.registrar, states, made.fetch, lambda: 0.0)
    return made


async def test_the_same_copy_changes_nothing(publisher: Publisher) -> None:
    revision = publisher.federation.registry().revision
    await publisher.due()
    assert (publisher.asked, publisher.events) == (1, [])
    assert publisher.federation.registry().revision == revision


async def test_a_newer_copy_signed_by_a_known_key_brings_new_keys(publisher: Publisher) -> None:
    publisher.says = published("system", "new")
    await publisher.due()
    assert publisher.fingerprints() == [OLD, NEW]
    publisher.says = published("new", signer="new")
    await publisher.due(NOW + LONGEST_INTERVAL)
    assert publisher.fingerprints() == [NEW], "the old key is gone"
    assert publisher.events == [("refresh_metadata", None)] * 2


async def test_nobody_is_asked_before_it_is_due(publisher: Publisher) -> None:
    await publisher.due()
    await publisher.due(NOW + LONGEST_INTERVAL - timedelta(seconds=1))
    assert publisher.asked == 1
    await publisher.due(NOW + LONGEST_INTERVAL)
    assert publisher.asked == 2


Says = Callable[[], bytes | SamlError]
FAULTS: dict[str, tuple[str, Says]] = {
    "404": ("md.source", lambda: SamlError("md.source", "got HTTP 404, expected 200")),
    "slow": ("md.source", lambda: SamlError("md.source", "got TimeoutError")),
    "huge-md-04": ("size", lambda: SamlError("size", "got more")),
    "unsigned-md-01": ("md.signature", lambda: published("system", "new", signer=None)),
    "another-key-md-01": ("md.signature", lambda: published("new", signer="new")),
    "broken-md-01": ("md.signature", lambda: published("system").replace(b"own.sim.test/acs", b"evil.test/acs")),
    "garbage": ("xml.malformed", lambda: b"\x00 garbage"),
    "cut": ("xml.malformed", lambda: published("system", "new")[:-40]),
    "wrong-type": ("md.signature", lambda: b"<html><body>not found</body></html>"),
    "dtd-md-05": ("xml.dtd", lambda: b"<!DOCTYPE x>" + published("system", "new")),
    "expired-md-02": ("md.expired", lambda: published("system", ends=NOW - timedelta(days=1))),
    "another-entity": ("md.rule", lambda: published("system", entity_id=EntityId("https://saml.other.test"))),
}


@pytest.mark.parametrize(("code", "says"), FAULTS.values(), ids=FAULTS.keys())
async def test_md_01_a_broken_refresh_keeps_the_last_good_copy_and_is_told_once(
    publisher: Publisher, code: str, says: Says
) -> None:
    good = publisher.says
    publisher.says = says()
    for tries in range(20):
        await publisher.due(NOW + tries * RETRY_INTERVAL)
    assert publisher.asked == 20
    assert publisher.fingerprints() == [OLD]
    assert publisher.events == [("refresh_metadata", code)]
    state = publisher.refresher.states.all(DEFAULT_WORKSPACE)[SYSTEM]
    assert state.fault == code and state.detail
    publisher.says = good
    await publisher.due(NOW + timedelta(days=2))
    assert publisher.events == [("refresh_metadata", code), ("refresh_metadata", None)]


async def test_an_older_copy_takes_nobodys_place(publisher: Publisher) -> None:
    publisher.says = published("system", ends=NOW + timedelta(days=9))
    await publisher.due()
    publisher.says = published("system", "new", ends=NOW + timedelta(days=8))
    await publisher.due(NOW + LONGEST_INTERVAL)
    assert publisher.events[-1] == ("refresh_metadata", "md.older")
    assert publisher.fingerprints() == [OLD]


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(days=9)], ids=["in time", "after the end"])
async def test_a_copy_without_an_end_takes_not_the_place_of_one_with(publisher: Publisher, later: timedelta) -> None:
    """What was published before the member began to state an end is signed by its key, too: played back, it takes the new key away."""
    earlier = publisher.says
    publisher.says = published("system", "new", ends=NOW + timedelta(days=1))
    await publisher.due()
    publisher.says = earlier
    await publisher.due(NOW + LONGEST_INTERVAL + later)
    assert publisher.events == [("refresh_metadata", None), ("refresh_metadata", "md.older")]
    assert publisher.fingerprints() == [OLD, NEW]
    told = publisher.refresher.states.all(DEFAULT_WORKSPACE)[SYSTEM].detail
    assert "without a validUntil that can be read" in told


ENDS = NOW + timedelta(days=9)


@pytest.mark.parametrize(
    ("present", "newer"),
    [(None, ENDS), (ENDS, ENDS), (ENDS, ENDS + timedelta(seconds=1)), (None, None)],
    ids=["begins to state one", "the same", "later", "states none"],
)
async def test_a_copy_that_ends_no_sooner_is_taken(
    publisher: Publisher, present: datetime | None, newer: datetime | None
) -> None:
    """Of two copies without an end, or with the same, nothing says which is the older (docs/members.md)."""
    publisher.says = published("system", ends=present)
    await publisher.due()
    publisher.says = published("system", "new", ends=newer)
    await publisher.due(NOW + LONGEST_INTERVAL)
    assert publisher.fingerprints() == [OLD, NEW]


async def test_md_02_the_last_good_copy_serves_until_it_ends_and_then_that_member_alone_is_refused(
    publisher: Publisher,
) -> None:
    ends = NOW + timedelta(days=1)
    publisher.says = published("system", ends=ends)
    await publisher.due()
    publisher.says = SamlError("md.source", "got HTTP 500")
    await publisher.due(ends)
    registry = publisher.federation.registry()
    system, (idp,) = registry.system(SYSTEM), registry.idps()
    assert system is not None
    require_usable(system, ends - timedelta(seconds=1))
    with pytest.raises(SamlError) as refused:
        require_usable(system, ends)
    assert refused.value.code == "md.expired"
    require_usable(idp, ends)


async def test_unsigned_where_the_registration_allows_it(publisher: Publisher) -> None:
    publisher.source(allow_unsigned=True)
    publisher.says = published("system", "new", signer=None)
    await publisher.due()
    assert publisher.fingerprints() == [OLD, NEW]
    publisher.says = published("new", signer="stranger")
    await publisher.due(NOW + LONGEST_INTERVAL)
    assert publisher.events[-1] == ("refresh_metadata", "md.signature"), "a broken signature never counts"


async def test_signed_by_the_registered_certificate_and_by_no_other(publisher: Publisher) -> None:
    import base64

    certificate = base64.b64encode(make_member("publisher").signing.certificate_der).decode()
    publisher.source(certificate=certificate)
    publisher.says = published("system", "new")
    await publisher.due()
    assert publisher.events == [("refresh_metadata", "md.signature")]
    publisher.says = published("system", "new", signer="publisher")
    await publisher.due(NOW + RETRY_INTERVAL)
    assert publisher.fingerprints() == [OLD, NEW]


async def test_a_withdrawn_key_vouches_for_no_new_ones(publisher: Publisher) -> None:
    system = publisher.federation.registry().system(SYSTEM)
    assert system is not None
    publisher.federation.registrar.amend(system.registration, lambda present: replace(present, withdrawn_keys=(OLD,)))
    publisher.says = published("system", "new")
    await publisher.due()
    assert publisher.events == [("refresh_metadata", "key.withdrawn")]
    assert publisher.fingerprints() == [OLD]


# --- what changes while a copy is being fetched


def meanwhile(publisher: Publisher, change: Callable[[FederationRig], None]) -> bytes:
    """A newer copy with a new key is on its way while `change` happens."""
    newer = published("system", "new")

    async def fetch(_: str) -> bytes:
        change(publisher.federation)
        return newer

    publisher.refresher = replace(publisher.refresher, fetch=fetch)
    return newer


def amended(**changes: Any) -> Callable[[FederationRig], None]:
    def change(federation: FederationRig) -> None:
        system = federation.registry().system(SYSTEM)
        assert system is not None
        federation.registrar.amend(system.registration, lambda present: replace(present, **changes))

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"enabled": False},
        {"minimum_level": AssuranceLevel.HIGH},
        {"withdrawn": True},
        {"active": ActivationPeriod(end=NOW)},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_fed_08_a_refresh_undoes_no_change_made_meanwhile(publisher: Publisher, changes: dict[str, Any]) -> None:
    newer = meanwhile(publisher, amended(**changes))
    before = publisher.federation.registry().system(SYSTEM)
    await publisher.due()
    after = publisher.federation.registry().system(SYSTEM)
    assert before is not None and after is not None
    assert after.registration == replace(before.registration, metadata=newer, **changes)


async def test_a_party_taken_out_meanwhile_stays_out(publisher: Publisher) -> None:
    meanwhile(publisher, lambda federation: federation.registrar.remove(Kind.SYSTEM, SYSTEM))
    await publisher.due()
    assert publisher.federation.registry().system(SYSTEM) is None
    assert (publisher.events, dict(publisher.refresher.states.all(DEFAULT_WORKSPACE))) == ([], {})


async def test_a_key_withdrawn_meanwhile_vouches_for_no_new_ones(publisher: Publisher) -> None:
    """Whoever stole the key answers slowly; the key is withdrawn before the answer is there."""
    meanwhile(publisher, amended(withdrawn_keys=(OLD,)))
    await publisher.due()
    assert publisher.events == [("refresh_metadata", "key.withdrawn")]
    assert publisher.fingerprints() == [OLD]


async def test_a_copy_from_an_address_that_is_no_longer_the_partys_is_not_taken(publisher: Publisher) -> None:
    meanwhile(publisher, amended(metadata_source=MetadataSource("https://moved.sim.test/metadata")))
    await publisher.due()
    assert publisher.fingerprints() == [OLD]
    assert (publisher.events, dict(publisher.refresher.states.all(DEFAULT_WORKSPACE))) == ([], {})


async def test_a_copy_that_meets_another_workers_change_is_looked_at_again(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes between the look at the registration and the write."""
    publisher.says = published("system", "new")
    change, changed = SqliteRegistrations.change, []

    def crossed(*arguments: Any, **named: Any) -> int:
        if not changed:
            changed.append(True)
            amended(enabled=False)(publisher.federation)
        return change(*arguments, **named)

    monkeypatch.setattr(SqliteRegistrations, "change", crossed)
    await publisher.due()
    assert changed
    system = publisher.federation.registry().system(SYSTEM)
    assert system is not None
    assert (system.registration.enabled, publisher.fingerprints()) == (False, [OLD, NEW])


async def test_a_withdrawn_key_vouches_for_nothing_as_the_registered_certificate_either(publisher: Publisher) -> None:
    import base64

    own = base64.b64encode(make_member("system").signing.certificate_der).decode()
    publisher.source(certificate=own)
    system = publisher.federation.registry().system(SYSTEM)
    assert system is not None
    publisher.federation.registrar.amend(system.registration, lambda present: replace(present, withdrawn_keys=(OLD,)))
    publisher.says = published("new", signer="system")
    await publisher.due()
    assert publisher.events == [("refresh_metadata", "key.withdrawn")]
    assert publisher.fingerprints() == [OLD]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, LONGEST_INTERVAL),
        ({"cacheDuration": "PT1H"}, timedelta(hours=1)),
        ({"cacheDuration": "PT1S"}, SHORTEST_INTERVAL),
        ({"cacheDuration": "P30D"}, LONGEST_INTERVAL),
        ({"cacheDuration": "P1M"}, LONGEST_INTERVAL),
        ({"validUntil": "2025-03-04T10:15:30Z"}, timedelta(hours=1)),
        ({"validUntil": "2020-03-04T10:15:30Z"}, SHORTEST_INTERVAL),
    ],
)
def test_how_soon_a_copy_is_fetched_again(attributes: dict[str, str], expected: timedelta) -> None:
    root = etree.fromstring(system_metadata())
    for name, value in attributes.items():
        root.set(name, value)
    assert interval_for(etree.tostring(root), NOW) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT5M", 300), ("P1DT2H3M4.5S", 93784), ("P", None), ("PT", None), ("P1Y", None), ("-PT5M", None), ("", None)],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert parse_duration(text) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(("days", "within"), [(40, None), (29, 30), (6, 7), (0.5, 1), (-1, "ended")])
def test_what_ends_soon(tmp_path: Path, days: float, within: int | str | None) -> None:
    federation = make_federation_rig(tmp_path)
    ends = NOW + timedelta(days=days)
    federation.registrar.open_world(a_world(systems=(a_system(active=ActivationPeriod(end=ends)),)), NOW)
    told = endings(federation.registry(), NOW)
    if within is None:
        assert told == ()
    else:
        (one,) = told
        assert (one.entity_id, one.what, one.within.days if one.within else "ended") == (SYSTEM, "activation", within)
