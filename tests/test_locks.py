"""The locks are whole: every version has its hashes, and nothing says where to download from."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock):
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock):
    assert len(pins(lock)) > 20
    for pin in pins(lock):
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", pin), pin
        assert "--hash=sha256:" in pin, pin


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_says_where_to_download_from(lock):
    text = (ROOT / lock).read_text("utf-8")
    for word in ("://", "--index-url", "--find-links", " @ "):
        assert word not in text


def test_the_development_lock_holds_the_same_versions():
    versions = [dict(pin.split()[0].split("==") for pin in pins(lock)) for lock in LOCKS]
    assert versions[0].items() <= versions[1].items()
