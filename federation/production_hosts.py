"""Names of the real federation, which the simulator never takes for itself (design D1)."""

from typing import Final
from urllib.parse import urlsplit

PRODUCTION_DOMAINS: Final = (
    "borger.dk",
    "data.gov.dk",
    "digst.dk",
    "kombit.dk",
    "mitid.dk",
    "nemlog-in.dk",
    "nemlogin.dk",
    "serviceplatformen.dk",
    "stoettesystemerne.dk",
    "sundhed.dk",
    "virk.dk",
)
"""Domains whose names the simulator never takes for itself, nor those of their environments, such as `eksterntest-` before the name."""


def refuse_production_host(url: str) -> None:
    """Refuse a URL or entityID in a domain of the real federation: a simulator must not pass for the real thing (design D1).

    Raises:
        ValueError: names the domain and what to write instead.
    """
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    for domain in PRODUCTION_DOMAINS:
        if host == domain or host.endswith(("." + domain, "-" + domain)):
            raise ValueError(
                f"got {url!r:.120}, which belongs to {domain}; the simulator answers only under its own names, such as https://saml.ch.sim.test"
            )
