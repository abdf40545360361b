"""API keys of role catalogues: in a file for somebody's own, derived from the installation's secret for those the simulator plays."""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from federation.dev_ca import KeyRing
from federation.model import AttributeService


def simulated_api_key(keys: KeyRing, party_id: str) -> str:
    """Give the key that a simulated role catalogue asks for: the same in every process that shares the certificate directory."""
    return hmac.new(keys.pairwise_secret, f"role-catalogue:{party_id}".encode(), hashlib.sha256).hexdigest()


def api_keys(certs: Path, keys: KeyRing) -> Callable[[AttributeService], str | None]:
    """Give what finds a catalogue's key: `role-catalogue-<id>.key` in `certs`, read at each use so that it can be changed."""

    def key_for(service: AttributeService) -> str | None:
        try:
            return (certs / f"role-catalogue-{service.id}.key").read_text("utf-8").strip()
        except OSError:
            return simulated_api_key(keys, service.id) if service.simulated else None

    return key_for
