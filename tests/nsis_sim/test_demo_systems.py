"""The demo systems as they are played: what their metadata announces is what their stack can do."""

from federation.load import load_world
from federation.played import is_nemlogin
from federation.single_logout import of_system
from federation.topology import default_topology
from nsis_sim.demo_systems import demo_system
from nsis_sim.settings import home
from oiosaml.uris import BINDING_POST, BINDING_REDIRECT, BINDING_SOAP
from sp_demo.system import StackName

BINDINGS = {
    StackName.PYTHON3_SAML: [BINDING_REDIRECT],
    StackName.PYSAML2: [BINDING_REDIRECT, BINDING_POST, BINDING_SOAP],
}


def test_each_system_announces_the_logout_bindings_of_its_stack() -> None:
    world = load_world(home() / "federation.yaml")
    topology = default_topology("http://localhost:8000", world)
    played = [each for each in world.systems if each.simulated and not is_nemlogin(each, world)]
    assert {"byggesag", "ydelser", "arkiv"} <= {each.id for each in played}
    for system in played:
        announced = [each.binding for each in of_system(topology.system(system.id), system.id)]
        assert announced == BINDINGS[demo_system(system, topology).stack], system.id
