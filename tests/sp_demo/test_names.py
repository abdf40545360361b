from federation.model import Authority, World
from federation.roles import ConstraintKind, ConstraintType, SystemRole
from oiosaml.ids import Cvr, EntityId
from sp_demo.names import names_of, no_names

WORLD = World(
    authorities=(Authority("korsbaek", "Korsbæk Kommune", Cvr("91000013")),),
    system_roles=(
        SystemRole(
            "http://a/1",
            "Sagsbehandler",
            EntityId("https://s"),
            description="behandler sager",
            name_en="Case worker",
            description_en="handles cases",
        ),
        SystemRole("http://a/2", "Læseadgang", EntityId("https://s")),
    ),
    constraint_types=(ConstraintType("http://sts.kombit.dk/constraints/KLE/1", "KLE", ConstraintKind.MULTI),),
)


def test_names_what_the_world_knows():
    name_of = names_of(WORLD)
    assert name_of("http://a/1", "en") == "Case worker – handles cases"
    assert name_of("http://a/2", "en") == "Læseadgang"
    assert name_of("http://a/1", "da") == "Sagsbehandler – behandler sager"
    assert name_of("http://a/2", "da") == "Læseadgang"
    assert name_of("http://sts.kombit.dk/constraints/KLE/1", "da") == "KLE"
    assert name_of("urn:dk:gov:saml:cvrNumberIdentifier:91000013", "da") == "Korsbæk Kommune (CVR 91000013)"
    assert name_of("http://a/3", "da") is None


def test_a_system_can_do_without_a_world():
    assert no_names("http://a/1", "en") is None
