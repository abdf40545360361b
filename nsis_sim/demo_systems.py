"""The demo systems as sp_demo plays them."""

from typing import Final

from federation.dev_ca import KeyRing
from federation.model import GetsRights, Profile, UserFacingSystem
from federation.nemlogin import NemLogInClient
from federation.parties import name_id_format_of
from federation.topology import Topology
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel
from sp_demo.system import BrokerName, DemoSystem, StackName, SystemKeys

_STACKS: Final = {"byggesag": StackName.PYTHON3_SAML, "arkiv": StackName.PYTHON3_SAML, "ydelser": StackName.PYSAML2}
"""The foreign stack each demo system runs on; one that is added to the world runs on pysaml2."""


SEB: Final = "seb"
"""The demo system that is SEB: it has a front door of its own and looks people up."""


def demo_system(system: UserFacingSystem, topology: Topology) -> DemoSystem:
    """Give a system as sp_demo plays it."""
    is_old = system.profile is Profile.OIOSAML2
    return DemoSystem(
        id=system.id,
        name=system.name,
        entity_id=system.entity_id,
        urls=topology.system(system.id),
        minimum_level=system.minimum_assurance_level or NistLevel.THREE if is_old else system.minimum_level,
        profile=system.profile,
        stack=_STACKS.get(system.id, StackName.PYSAML2),
        queries_rights=system.gets_rights is GetsRights.QUERY,
        name_id_format=name_id_format_of(system),
        other_logins_url=topology.context_handler.logout_url,
    )


def service_behind_nemlogin(client: NemLogInClient, topology: Topology) -> DemoSystem:
    """Give a client of NemLog-in as sp_demo plays it: to its stack NemLog-in is a broker like any other."""
    return DemoSystem(
        id=client.id,
        name=client.name,
        entity_id=client.entity_id,
        urls=topology.system(client.id),
        minimum_level=AssuranceLevel.SUBSTANTIAL,
        stack=StackName.PYSAML2,
        other_logins_url=topology.nemlogin.home_url,
        broker=BrokerName.NEMLOGIN,
    )


def system_keys(system_id: str, keys: KeyRing) -> SystemKeys:
    """Give a system's keys as the foreign stacks take them."""
    key_set = keys.system(system_id)
    return SystemKeys(key_set.private_key_pem, key_set.certificate_pem)
