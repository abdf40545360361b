"""Where the broker takes logout messages, read from its metadata: neither stack knows ResponseLocation."""

from dataclasses import dataclass

from lxml import etree

from oiosaml.uris import NS_MD
from sp_demo.front_door import refuse


@dataclass(frozen=True, slots=True)
class BrokerLogout:
    """The broker's SingleLogoutService of one binding."""

    location: str
    response_location: str


def broker_logout(metadata: bytes, binding: str) -> BrokerLogout:
    """Give the broker's endpoint of that binding.

    Raises:
        SamlError: `md.endpoint` if it has none.
    """
    # our own broker's document, handed over by its own house: trusted as it stands, like the keys in it
    root = etree.fromstring(metadata, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    services = root.findall(f"{{{NS_MD}}}IDPSSODescriptor/{{{NS_MD}}}SingleLogoutService")
    for service in services:
        if service.get("Binding") == binding:
            location = service.get("Location", "")
            return BrokerLogout(location, service.get("ResponseLocation", location))
    raise refuse("md.endpoint", f"got no SingleLogoutService of the Context Handler with {binding}, expected one")
