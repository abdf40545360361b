import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from federation.activation_period import ActivationPeriod
from federation.documents import Kind, from_document, kind_of, to_document
from federation.load import export_world, load_world, read_parties
from federation.model import AttributeService, Authority, EncryptionChoice, HomeIdp, Profile, UserFacingSystem, World
from federation.problems import FederationError
from oiosaml.ids import Cvr, EntityId
from oiosaml.nist import NistLevel
from oiosaml.nsis import AssuranceLevel
from oiosaml.uris import (
    AES128_GCM,
    AES256_GCM,
    CONSTRAINT_KLE,
    CONSTRAINT_ORGANISATION_UNIT,
    DIGEST_SHA256,
    DIGEST_SHA512,
    MGF1_SHA256,
    RSA_OAEP,
)

SHIPPED = (Path(__file__).parents[2] / "federation.yaml").read_text("utf-8")
SYSTEM = "https://saml.byggesag.sim.test"
OWN_SYSTEM = """
systems:
  - id: eget
    name: Eget system
    entity_id: https://saml.eget.test
    cvr: "91000013"
    minimum_level: Low
"""


def _refusal(text: str) -> str:
    with pytest.raises(FederationError) as caught:
        load_world(text)
    return str(caught.value)


def _line_of(needle: str, text: str = SHIPPED) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_shipped_world_holds_the_parties_of_the_first_issue(shipped_world: World) -> None:
    assert {a.cvr for a in shipped_world.authorities} >= {"91000013", "92000017", "94000018", "95000013"}
    assert [(i.id, i.reach[0].spoken, i.knows_roles) for i in shipped_world.idps][:3] == [
        ("korsbaek", "Substantial", True),
        ("skovrup", "Substantial", False),
        ("ravnkaer", "Low", True),
    ]
    assert [s.id for s in shipped_world.systems][:3] == ["byggesag", "ydelser", "seb"]
    assert all(p.simulated for p in (*shipped_world.idps, *shipped_world.systems, *shipped_world.attribute_services))


def test_shipped_people_have_the_names_that_break_things(shipped_world: World) -> None:
    people = {person.id: person for person in shipped_world.people}

    assert {"ane-holm", "bo-lindgaard", "cilla-moeberg", "dan-oesteraa", "ib-noehr", "finn-ry"} <= set(people)
    assert people["finn-ry"].name == 'Finn "Komma, Jr." Ry'
    assert 200 in {len(person.name) for person in people.values()}
    assert any(set('<>&"') <= set(person.name) for person in people.values())
    assert [p.id for p in people.values() if not p.known_to_attribute_service] == ["lis-graa"]
    assert people["ole-naes"].job_function_roles == ()


def test_shipped_people_are_invented(shipped_world: World) -> None:
    for person in shipped_world.people:
        assert 61 <= int(person.cpr[:2]) <= 91
        assert (person.email or ".test").endswith(".test")
    for authority in shipped_world.authorities:
        weights = zip((2, 7, 6, 5, 4, 3, 2, 1), authority.cvr, strict=True)
        assert authority.cvr.startswith("9")
        assert sum(weight * int(digit) for weight, digit in weights) % 11, "the number could belong to somebody"


def test_ane_holms_role_is_the_worked_example_of_the_profile(shipped_world: World) -> None:
    role = next(r for r in shipped_world.job_function_roles if "korsbaek" in r.entity_id and "byggesag" in r.entity_id)

    case_worker, reader, *_ = role.assignments

    assert case_worker.system_role == "http://byggesag.sim.test/roles/usersystemrole/sagsbehandler/1"
    assert [(v.constraint_type, v.value) for v in case_worker.values] == [
        (CONSTRAINT_KLE, "02.34.02"),
        (CONSTRAINT_ORGANISATION_UNIT, "5f0c9b0e-4a7e-4d1c-9b3e-2f6f8d1a7c10"),
    ]
    assert reader.system_role == "http://byggesag.sim.test/roles/usersystemrole/laeseadgang/1"


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("02", True),
        ("02.*", True),
        ("02.34", True),
        ("02.34.*", True),
        ("02.34.02", True),
        ("02.34.02,32.*", True),
        ("02.34.02.*", False),
        ("2", False),
        ("02.34.02\n", False),
        ("02, 03", False),
        ("*", False),
    ],
)
def test_kle_pattern(shipped_world: World, value: str, *, fits: bool) -> None:
    kle = next(t for t in shipped_world.constraint_types if t.entity_id == CONSTRAINT_KLE)
    assert kle.pattern is not None
    assert (re.fullmatch(kle.pattern, value) is not None) == fits


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("knows_roles: false", "know_roles: false", "did you mean 'knows_roles'?"),
        ("maximum_level: Low", "maximum_level: Lav", "got 'Lav', expected 'Low', 'Substantial' or 'High'"),
        ('cvrs: ["94000018"]\n    maximum', 'cvrs: ["94000019"]\n    maximum', "no authority has the CVR number 94000019"),
        ("  - id: skovrup\n    name: Skovrup Kommune\n    cvr", "  - id: korsbaek\n    name: S\n    cvr", "'korsbaek' is already taken"),
        ("knows_roles: false", "knows_roles: maybe", "got 'maybe', expected true or false"),
        ("cpr: \"6101018884\"", "cpr: \"0101018884\"", "no real CPR number belongs here"),
        ("uuid: 3b0e6e4a", "uuid: xb0e6e4a", "expected a UUID"),
        ("entity_id: https://saml.idp.skovrup.test", "entity_id: saml skovrup", "expected an absolute URI"),
        (
            "entity_id: https://saml.idp.skovrup.test",
            f"entity_id: https://{'x' * 1100}",
            "got 1108 characters, expected at most 1024",
        ),
        ("entity_id: https://saml.idp.skovrup.test", "entity_id: https://saml.idp.korsbaek.test", "already taken"),
        ("entity_id: https://saml.idp.skovrup.test", "entity_id: https://x.kombit.dk", "answers only under its own names"),
        ("value: \"02.34\"", "value: \"2.34\"", "expected a value that fits KLE"),
        ("required: true\n      - constraint_type", "required: true\n      - type", "'type' is not known here"),
        ("on_attribute_failure: refuse", "on_attribute_failure: *x", "write the value out"),
        ("on_attribute_failure: refuse", "on_attribute_failure: a: b", "not YAML"),
        ("knows_roles: false", "knows_roles: false\n    knows_roles: true", "stands here for the second time"),
    ],
)  # fmt: skip
def test_says_line_and_mend(old: str, new: str, sentence: str) -> None:
    assert old in SHIPPED

    refusal = _refusal(SHIPPED.replace(old, new, 1))

    assert sentence in refusal
    changed = _line_of(old) + (new.count("\n") if "second" in sentence else 0)
    lines = {int(n) for n in re.findall(r"^federation:(\d+):", refusal, re.MULTILINE)}
    assert lines & {changed, changed + 1}, refusal


BYGGESAG_ROLES = "http://byggesag.sim.test/roles/usersystemrole"
SKOVRUPS_ROLE = "job_function_roles:\n      - http://roller.skovrup.test"
DELEGATION = '    delegated_to:\n      - cvr: "91000013"\n        active:\n          start: "2026-01-01T00:00:00Z"\n'
KLE_VALUE = f'          - constraint_type: {CONSTRAINT_KLE}\n            value: "02.34.02"\n'


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            f"{BYGGESAG_ROLES}/laeseadgang/1\n    delegated_to",
            "http://x.test/r\n    delegated_to",
            "there is no system role http://x.test/r",
        ),
        (SKOVRUPS_ROLE, SKOVRUPS_ROLE.replace("skovrup", "skovrap"), "there is no job function role"),
        (SKOVRUPS_ROLE, SKOVRUPS_ROLE.replace("skovrup", "korsbaek"), "belongs to 91000013, the person to 94000018"),
        (DELEGATION, "", "belongs to 92000017, the person to 91000013"),
        (KLE_VALUE, "", f"requires the constraint {CONSTRAINT_KLE}"),
        (f"system: {SYSTEM}", "system: https://saml.nobody.test", "no system has the entityID"),
        ("minimum_level: Substantial", "minimum_level: Low\n    idps: [https://x.test]", "no IdP has the entityID"),
        ("id-12-7-2/1/parametric\n        value", "other/parametric\n        value", "none of the person's roles uses"),
        ("    pattern: '[0-9]{2}", "    pattern: '([0-9]{2}", "expected a regular expression"),
    ],
)
def test_names_must_point_to_something(old: str, new: str, sentence: str) -> None:
    assert old in SHIPPED

    assert sentence in _refusal(SHIPPED.replace(old, new, 1))


def test_all_problems_are_said_at_once_in_order_of_lines() -> None:
    text = SHIPPED.replace("knows_roles: false", "knows_roles: x", 1).replace("level: High", "level: Høj", 1)

    with pytest.raises(FederationError) as caught:
        load_world(text)

    lines = [problem.line for problem in caught.value.problems]
    assert lines == sorted([_line_of("knows_roles: false"), _line_of("level: High")])


def test_unquoted_numbers_keep_their_leading_zero() -> None:
    world = load_world("authorities:\n  - id: a\n    name: No\n    cvr: 01234567\n")
    assert world.authorities == (Authority("a", "No", Cvr("01234567")),)


def test_an_empty_file_is_an_empty_world() -> None:
    assert load_world("") == World()


@pytest.mark.parametrize(
    "text", ["- a", "text", "idps: 3", "idps:\n  - 3", "a: &x [1]\nb: *x", "\t", "? [a]\n: b", "\x00"]
)
def test_what_is_no_world_is_refused_not_crashed_on(text: str) -> None:
    assert _refusal(text).startswith("federation:")


def test_metadata_file_lies_beside_the_yaml(tmp_path: Path) -> None:
    (tmp_path / "eget.xml").write_text("<æ/>\n", "utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(OWN_SYSTEM + "    metadata_file: eget.xml\n", "utf-8")

    (system,) = read_parties(file).world.systems

    assert system.metadata == "<æ/>\n".encode()
    assert not system.simulated


@pytest.mark.parametrize(
    ("written", "line", "place"),
    [
        ("    metadata_file: eget.xml\n", 2, "{beside}:2"),
        ("    metadata_file: eget.xml\n", None, "{beside}"),
        ("    metadata: |\n      <m>\n        <n/>\n      </m>\n", 2, "mine.yaml:10"),
        ("    'metadata': |2- # own\n      <m>\n      </m>\n", 1, "mine.yaml:9"),
        ("    metadata: |\n      <m/>\n", None, "mine.yaml:8"),
        ('    metadata: "<m>\\n</m>"\n', 2, "mine.yaml:8: line 2 of the metadata"),
        ("    metadata: >\n      <m>\n\n      </m>\n", 2, "mine.yaml:8: line 2 of the metadata"),
    ],
)
def test_a_line_of_metadata_is_found_where_it_was_written(
    tmp_path: Path, written: str, line: int | None, place: str
) -> None:
    beside = tmp_path / "eget.xml"
    beside.write_text("<m>\n</m>\n", "utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(OWN_SYSTEM + written, "utf-8")
    found = read_parties(file).places.place_of("https://saml.eget.test", line, name="mine.yaml")
    assert found == place.format(beside=beside)


def test_who_brings_no_metadata_has_no_place_for_it() -> None:
    places = read_parties(OWN_SYSTEM, lambda: ["https://saml.eget.test"]).places
    assert [places.place_of(each, 1, name="x") for each in ("https://saml.eget.test", "https://other.test")] == [
        None,
        None,
    ]


def test_a_metadata_file_that_is_not_there_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(OWN_SYSTEM + "    metadata_file: gone.xml\n", "utf-8")

    with pytest.raises(FederationError, match=r"mine.yaml:8: systems\[0\].metadata_file: cannot read 'gone.xml'"):
        read_parties(file)


def test_a_party_to_be_added_must_bring_metadata() -> None:
    with pytest.raises(FederationError, match="federation:3: systems\\[0\\]: the metadata is missing"):
        read_parties(OWN_SYSTEM)


def test_a_party_that_the_federation_plays_brings_none_and_nobody_else_is_let_off() -> None:
    (system,) = read_parties(OWN_SYSTEM, lambda: ["https://saml.eget.test"]).world.systems
    assert system.simulated and system.metadata == b""
    with pytest.raises(FederationError, match="federation:3: systems\\[0\\]: the metadata is missing"):
        read_parties(OWN_SYSTEM, lambda: ["https://another.test"])


@pytest.mark.parametrize("played", [True, False])
def test_a_party_is_either_played_or_brings_metadata(*, played: bool) -> None:
    """Else metadata of one's own would be in use under the simulator's flag, which an export leaves out."""
    text = OWN_SYSTEM + "    simulated: true\n    metadata: <m/>\n"
    with pytest.raises(FederationError, match=r"systems\[0\]\.simulated: 'simulated' stands beside metadata"):
        read_parties(text, lambda: ["https://saml.eget.test"] if played else [])


def test_an_api_document_must_bring_metadata_and_may_not_name_files() -> None:
    document = {"id": "eget", "name": "E", "entity_id": "https://e.test", "cvr": "91000013", "minimum_level": "Low"}

    with pytest.raises(FederationError, match="metadata is missing"):
        from_document(Kind.SYSTEM, document)
    with pytest.raises(FederationError, match="only works in a YAML file"):
        from_document(Kind.SYSTEM, document | {"metadata_file": "/etc/passwd"})
    with pytest.raises(FederationError, match="cvr: got 91000013, expected text; put it in quotes"):
        from_document(Kind.SYSTEM, document | {"cvr": 91000013})


def test_every_shipped_registration_survives_its_document(shipped_world: World) -> None:
    for kind in Kind:
        for registration in getattr(shipped_world, kind.value):
            is_party = kind in {Kind.IDP, Kind.SYSTEM, Kind.ATTRIBUTE_SERVICE}
            filled = replace(registration, metadata=b"<m/>") if is_party else registration
            assert kind_of(filled) is kind
            assert from_document(kind, to_document(filled)) == filled


def test_shipped_world_survives_export(shipped_world: World) -> None:
    assert load_world(export_world(shipped_world)) == shipped_world


def test_every_setting_of_the_broker_survives_export(shipped_world: World) -> None:
    own = replace(shipped_world.context_handler, session_idle_minutes=7, session_hours=3)
    world = replace(shipped_world, context_handler=own)
    assert load_world(export_world(world)).context_handler == own


def test_metadata_that_the_simulator_wrote_is_not_exported(shipped_world: World) -> None:
    filled = replace(shipped_world, idps=tuple(replace(i, metadata=b"<m/>") for i in shipped_world.idps))

    assert load_world(export_world(filled)) == shipped_world


SEEN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
NAMES = st.text(SEEN, min_size=1, max_size=40).filter(str.strip)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)
INSTANTS = st.datetimes(timezones=st.just(UTC))
PERIODS = st.builds(ActivationPeriod, st.none() | INSTANTS, st.none() | INSTANTS)
BLOCKS = st.sampled_from((AES128_GCM, AES256_GCM))
DIGESTS = st.sampled_from((DIGEST_SHA256, DIGEST_SHA512))
URIS = st.from_regex(r"[a-z]{1,5}://[a-zA-Z0-9/#?%.~-]{1,40}", fullmatch=True).map(EntityId)
AUTHORITY = Authority("a", "A", Cvr("91000013"))
SYSTEMS = st.builds(
    UserFacingSystem,
    entity_id=st.just(EntityId("https://s.test")),
    id=st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9})?", fullmatch=True),
    name=NAMES,
    cvr=st.just(AUTHORITY.cvr),
    minimum_level=st.sampled_from(AssuranceLevel),
    metadata=TEXTS.map(str.encode),
    profile=st.sampled_from((Profile.OIOSAML3, Profile.OIOSAML2)),
    minimum_assurance_level=st.sampled_from(NistLevel),
    encryption=st.none() | st.builds(EncryptionChoice, BLOCKS, st.just(RSA_OAEP), DIGESTS, st.just(MGF1_SHA256)),
    active=PERIODS,
    name_id_format=st.none(),
    idps=st.just(()),
    simulated=st.just(False),
)
SERVICES = st.builds(
    AttributeService,
    entity_id=st.just(EntityId("https://a.test")),
    id=st.just("a"),
    name=NAMES,
    cvrs=st.just((AUTHORITY.cvr,)),
    metadata=TEXTS.map(str.encode),
    active=PERIODS,
    simulated=st.just(False),
)


PLAIN_SYSTEM = UserFacingSystem(EntityId("https://s.test"), "s", "S", AUTHORITY.cvr, AssuranceLevel.LOW, b"")
PLAIN_SERVICE = AttributeService(EntityId("https://a.test"), "a", "A", (AUTHORITY.cvr,), b"")


@given(system=SYSTEMS, service=SERVICES)
@example(system=replace(PLAIN_SYSTEM, metadata="<a>\x85</a>\n\u2028".encode()), service=PLAIN_SERVICE)
def test_import_of_an_export_gives_the_same_values(system: UserFacingSystem, service: AttributeService) -> None:
    world = World(authorities=(AUTHORITY,), systems=(system,), attribute_services=(service,))

    assert load_world(export_world(world)) == world
    assert from_document(Kind.SYSTEM, to_document(system)) == system
    assert from_document(Kind.ATTRIBUTE_SERVICE, to_document(service)) == service


@pytest.mark.parametrize("profile", [each for each in Profile if each is not Profile.LOCAL_IDP])
def test_an_idp_keeps_its_profile_over_an_export(profile: Profile) -> None:
    owner = (AUTHORITY.cvr,)
    entity_id = EntityId("https://i.test")
    level = None if profile is Profile.OIOSAML2 else AssuranceLevel.LOW
    valid = HomeIdp(entity_id, "i", "I", owner, level, knows_roles=True, metadata=b"<m/>", profile=profile)
    idp = replace(valid, maximum_assurance_level=NistLevel.THREE)
    world = World(authorities=(AUTHORITY,), idps=(idp,))

    assert load_world(export_world(world)) == world
    assert from_document(Kind.IDP, to_document(idp)) == idp
    assert ("profile" in to_document(idp)) is (profile is not Profile.OIOSAML3)


def test_a_party_without_a_word_on_it_speaks_oiosaml_3() -> None:
    read = from_document(Kind.SYSTEM, to_document(PLAIN_SYSTEM))
    assert isinstance(read, UserFacingSystem) and read.profile is Profile.OIOSAML3


def test_refuses_an_idp_that_answers_as_one_answers_nemlog_in(shipped_world: World) -> None:
    document = to_document(shipped_world.idps[0]) | {"profile": "LOCAL_IDP", "metadata": "<m/>"}
    with pytest.raises(FederationError, match="profile: got LOCAL_IDP, expected OIOSAML3, OIOSAML2 or NEMLOGIN3"):
        from_document(Kind.IDP, document)


def test_refuses_a_system_that_speaks_as_nemlog_in() -> None:
    document = to_document(PLAIN_SYSTEM) | {"profile": "NEMLOGIN3"}
    with pytest.raises(FederationError, match="profile: got NEMLOGIN3, expected OIOSAML3 or OIOSAML2"):
        from_document(Kind.SYSTEM, document)


IDP_OF_GENERATION_1 = """
idps:
  - id: gammel
    name: Gammel
    entity_id: https://saml.gammel.test
    cvrs: ["91000013"]
    knows_roles: true
    profile: OIOSAML2
    maximum_assurance_level: "3"
    encryption_optional: true
"""


def _with_idp(text: str) -> str:
    return SHIPPED.replace("\nidps:\n", text, 1)


def test_an_idp_without_nsis_has_no_nsis_level() -> None:
    idp = next(each for each in load_world(_with_idp(IDP_OF_GENERATION_1)).idps if each.id == "gammel")

    assert (idp.maximum_level, idp.nsis_reach, idp.reach) == (None, None, (NistLevel.THREE,))


@pytest.mark.parametrize(
    ("wrong", "right", "sentence"),
    [
        ('    maximum_assurance_level: "3"\n', "", "an IdP that speaks OIOSAML 2 states NIST levels"),
        ("OIOSAML2", "OIOSAML3", "say up to which NSIS level the IdP is registered"),
        ("OIOSAML2", "OIOSAML3", "assertions of an IdP with OIOSAML3 are always encrypted"),
        ('"3"', '"5"', "maximum_assurance_level"),
    ],
)
def test_refuses_an_idp_whose_levels_do_not_fit_its_profile(wrong: str, right: str, sentence: str) -> None:
    assert sentence in _refusal(_with_idp(IDP_OF_GENERATION_1.replace(wrong, right)))


def test_an_nsis_level_of_an_idp_that_speaks_oiosaml_2_does_not_count() -> None:
    text = IDP_OF_GENERATION_1.replace("    profile", "    maximum_level: High\n    profile")
    idp = next(each for each in load_world(_with_idp(text)).idps if each.id == "gammel")

    assert (idp.maximum_level, idp.nsis_reach) == (AssuranceLevel.HIGH, None)


def test_a_system_that_reads_oiosaml_2_says_which_nist_level_it_needs() -> None:
    text = SHIPPED.replace("\nsystems:\n", OWN_SYSTEM + "    profile: OIOSAML2\n", 1)

    assert "a system that reads OIOSAML 2 is told NIST levels" in _refusal(text)


def test_a_person_has_a_level_of_some_kind() -> None:
    assert "got neither level nor assurance_level" in _refusal(
        SHIPPED.replace('"6101018884"\n    level: Substantial\n', '"6101018884"\n', 1)
    )


def test_a_persons_nist_level_is_the_counterpart_unless_it_is_given() -> None:
    ane = next(person for person in load_world(SHIPPED).people if person.id == "ane-holm")

    assert (ane.nist_level, ane.stated_level) == (NistLevel.THREE, AssuranceLevel.SUBSTANTIAL)
    without = replace(ane, level=None, assurance_level=NistLevel.TWO)
    assert (without.nist_level, without.stated_level) == (NistLevel.TWO, NistLevel.TWO)
    with pytest.raises(ValueError, match="neither an NSIS level nor a NIST level"):
        replace(ane, level=None)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: Skovrup Kommune", 'name: "Skovrup\\u202eenummok"', "with U+202E"),
        ("name: Skovrup Kommune", f"name: {'a' * 201}", "got 201 characters, expected at most 200"),
        ("description: Slår op i arkivet.", 'description: "Slår\\u0007"', "with U+0007"),
        ("description: Slår op i arkivet.", f"description: {'a' * 1001}", "expected at most 1000"),
        ("email: ane.holm@korsbaek.test", 'email: "ane\\u202e@korsbaek.test"', "expected an e-mail address"),
        ("email: ane.holm@korsbaek.test", f"email: {'a' * 250}@korsbaek.test", "expected an e-mail address"),
        ("entity_id: https://saml.idp.skovrup.test", 'entity_id: "https://saml.idp.\\u202etest"', "absolute URI"),
    ],
)
def test_what_people_read_shows_what_it_is(old: str, new: str, sentence: str) -> None:
    assert old in SHIPPED
    assert sentence in _refusal(SHIPPED.replace(old, new, 1))


def test_a_description_may_have_lines() -> None:
    world = load_world(SHIPPED.replace("description: Slår op i arkivet.", 'description: "Slår op\\ni arkivet."', 1))
    assert "Slår op\ni arkivet." in {role.description for role in world.job_function_roles}
