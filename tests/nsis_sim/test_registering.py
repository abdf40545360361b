"""A vendor's system and IdP join a running simulator by the command line; what is wrong with them is said in plain words."""

import gzip
import re
from pathlib import Path

import httpx
import pytest
import yaml

from oiosaml.ids import EntityId
from tests.context_handler.federation_rig import idp_metadata, system_metadata
from tests.processes import FEDERATION, clean_environment, run_here, simulator


@pytest.fixture(scope="module")
def base_url(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("registering"), environment=clean_environment()) as running:
        yield running.base_url


def run(base_url, *arguments, stdin=""):
    return run_here(*arguments, "--base-url", base_url, stdin=stdin)


def test_broken_metadata_gets_findings_with_line_rule_and_mend_and_status_1(base_url, tmp_path):
    file = tmp_path / "broken.xml"
    file.write_text(
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://x.test">\n</md:EntityDescriptor>'
    )
    done = run(base_url, "sp", "add", "--metadata", str(file), "--cvr", "91000013")
    assert done.returncode == 1
    assert re.search(rf"{re.escape(str(file))}:\d+: MUST [A-Z]+-\d+: ", done.stderr), done.stderr
    assert "Mend: " in done.stderr
    assert "Nothing was registered." in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_xml_at_all_is_a_finding_too(base_url, tmp_path):
    file = tmp_path / "page.html"
    file.write_text("<html><p>Log in first</html>")
    done = run(
        base_url,
        "idp",
        "add",
        "--metadata",
        str(file),
        "--cvr",
        "91000013",
        "--name",
        "X",
        "--max-loa",
        "Low",
        "--knows-roles",
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "Mend: This is a web page" in done.stderr


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        # No time in it: a test's name is made of these octets, and all workers must give it the same one.
        (gzip.compress(b"<a/>", mtime=0), "This is a compressed file"),
        ("<a/>".encode("utf-16"), "UTF-16"),
        (b"<a>\xe6", "Save it so"),
    ],
    ids=["gzip", "utf-16", "latin-1"],
)
def test_a_file_that_is_no_text_is_status_2_and_says_what_it_looks_like(base_url, tmp_path, octets, says):
    file = tmp_path / "metadata.xml"
    file.write_bytes(octets)
    done = run(base_url, "sp", "add", "--metadata", str(file), "--cvr", "91000013")
    assert (done.returncode, f"{file} is not UTF-8." in done.stderr, says in done.stderr) == (2, True, True), (
        done.stderr
    )


def test_a_file_that_is_not_there_is_status_2(base_url):
    done = run(base_url, "sp", "add", "--metadata", "/nowhere/x.xml", "--cvr", "91000013")
    assert (done.returncode, "/nowhere/x.xml cannot be read" in done.stderr) == (2, True)


@pytest.mark.parametrize("said", [(), ("--knows-roles", "--attribute-service", "x")])
def test_an_idp_must_say_once_where_rights_come_from(base_url, said):
    own = ("--metadata", "x", "--cvr", "91000013", "--name", "X", "--max-loa", "Low")
    done = run(base_url, "idp", "add", *own, *said)
    assert (done.returncode, done.stderr.startswith("Choose exactly one of --knows-roles, ")) == (2, True), done.stderr


@pytest.fixture
def own_system(tmp_path):
    file = tmp_path / "own.xml"
    file.write_bytes(system_metadata(EntityId("https://saml.options.test"), key="own-options"))
    return ("sp", "add", "--metadata", str(file))


@pytest.mark.parametrize(
    ("option", "value", "known"),
    [
        ("--min-loa", "Betydelig", "substantial"),
        ("--profile", "SAML1", "oiosaml3"),
        ("--min-assurance-level", "5", "'3'"),
        ("--on-no-roles", "never", "omit"),
        ("--gets-rights", "mail", "query"),
        ("--attribute-profile", "ALL", "kombit"),
    ],
)
def test_an_option_of_a_few_words_tells_them(base_url, own_system, option, value, known):
    done = run(base_url, *own_system, "--cvr", "91000013", option, value)
    told = done.stderr.lower()
    assert (done.returncode, f"'{option}'" in told, known in told) == (2, True, True), done.stderr


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--cvr", "95 00 00 13", "--cvr: got '95 00 00 13', expected "),
        ("--id", "Bad Id", "--id: got 'Bad Id', expected a short name of a-z, 0-9 and hyphens"),
        ("--name-id-format", "email", "--name-id-format: Input should be "),
    ],
)
def test_an_option_that_does_not_fit_is_told_by_its_own_name(base_url, own_system, option, value, told):
    given = {"--cvr": "91000013"} | {option: value}
    done = run(base_url, *own_system, *(word for pair in given.items() for word in pair))
    assert (done.returncode, done.stderr.startswith(told)) == (2, True), done.stderr
    assert "form" not in done.stderr.replace("--name-id-format", "").replace("nameid-format", "")


def test_an_option_that_does_not_fit_the_federation_is_no_fault_of_the_metadata(base_url, own_system):
    done = run(base_url, *own_system, "--cvr", "91000013", "--id", "byggesag")
    assert done.returncode == 1
    assert done.stderr.startswith("--id: MUST REG-01: "), done.stderr
    assert "    'byggesag' is already taken; give each its own\n" in done.stderr
    assert own_system[-1] not in done.stderr and "systems[" not in done.stderr


@pytest.mark.parametrize("idp", ["korsbaek", "https://saml.idp.korsbaek.test"])
def test_a_system_names_its_idps_by_short_id_or_entity_id(base_url, own_system, idp):
    done = run(base_url, *own_system, "--cvr", "91000013", "--idp", idp, "--idp", "skovrup")
    assert done.returncode == 0, done.stderr
    registered = httpx.get(f"{base_url}/_sim/api/systems/options-test", trust_env=False).json()["registration"]
    assert registered["idps"] == ["https://saml.idp.korsbaek.test", "https://saml.idp.skovrup.test"]
    assert run(base_url, "sp", "remove", "options-test").returncode == 0


@pytest.mark.parametrize("idp", ["nosuch", "https://nosuch"])
def test_an_idp_that_is_not_there_is_status_2_and_says_who_is(base_url, own_system, idp):
    done = run(base_url, *own_system, "--cvr", "91000013", "--idp", idp)
    assert (done.returncode, done.stderr.startswith(f"There is no IdP {idp}. There is korsbaek, ")) == (2, True)
    assert "systems[" not in done.stderr


def test_metadata_is_read_from_standard_input(base_url, own_system):
    text = Path(own_system[-1]).read_text("utf-8")
    done = run(base_url, "sp", "add", "--metadata", "-", "--cvr", "91000013", stdin=text)
    assert (done.returncode, "as options-test" in done.stdout) == (0, True), done.stderr
    assert run(base_url, "sp", "remove", "options-test").returncode == 0
    done = run(base_url, "sp", "add", "--metadata", "-", "--cvr", "91000013", stdin="<html/>")
    assert (done.returncode, done.stderr.startswith("standard input:")) == (1, True), done.stderr


def test_standard_input_is_read_once(base_url):
    own = ("idp", "add", "--metadata", "-", "--attribute-service", "-", "--cvr", "91000013", "--name", "X")
    done = run(base_url, *own, "--max-loa", "Low")
    assert (done.returncode, "Only one of --metadata and --attribute-service" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("{base}/nowhere", "{base}/nowhere cannot be fetched: it answers HTTP 404 Not Found.\n"),
        ("{base}/sp/byggesag/login", "{base}/sp/byggesag/login redirects to {base}/"),
        ("ftp://own.test/m.xml", "ftp://own.test/m.xml cannot be fetched: metadata comes from a file, from standard"),
        ("http://localhost:9/m.xml", "http://localhost:9/m.xml cannot be fetched: "),
    ],
)
def test_an_address_that_gives_no_metadata_is_told_why(base_url, address, told):
    done = run(base_url, "sp", "add", "--metadata", address.format(base=base_url), "--cvr", "91000013")
    assert (done.returncode, done.stderr.startswith(told.format(base=base_url))) == (2, True), done.stderr
    assert "mozilla" not in done.stderr


def test_a_redirect_names_the_address_to_give(base_url):
    done = run(base_url, "sp", "add", "--metadata", f"{base_url}/sp/byggesag/login", "--cvr", "91000013")
    assert done.stderr.endswith("; give the address of the metadata itself.\n"), done.stderr


def test_a_redirect_elsewhere_is_not_followed_since_the_simulator_would_not_follow_it_later(
    base_url, monkeypatch, own_system
):
    ask = httpx.HTTPTransport.handle_request

    def answer(transport, request):
        if request.url.host != "own.test":
            return ask(transport, request)
        if request.url.path == "/old.xml":
            return httpx.Response(301, headers={"Location": "/new.xml"})
        return httpx.Response(200, content=Path(own_system[-1]).read_bytes())

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    done = run(base_url, "sp", "add", "--metadata", "https://own.test/old.xml", "--cvr", "91000013")
    assert (done.returncode, "redirects to https://own.test/new.xml; give" in done.stderr) == (2, True), done.stderr
    done = run(base_url, "sp", "add", "--metadata", "https://own.test/new.xml", "--cvr", "91000013")
    assert done.returncode == 0, done.stderr
    assert run(base_url, "sp", "remove", "options-test").returncode == 0


def test_options_are_taken_in_any_case(base_url, own_system):
    words = ("--min-loa", "low", "--profile", "oiosaml3", "--on-no-roles", "OMIT", "--gets-rights", "Query")
    done = run(base_url, *own_system, "--cvr", "91000013", *words)
    assert done.returncode == 0, done.stderr
    registered = httpx.get(f"{base_url}/_sim/api/systems/options-test", trust_env=False).json()["registration"]
    assert (registered["minimum_level"], registered["on_no_roles"], registered["gets_rights"]) == (
        "Low",
        "omit",
        "query",
    )
    assert run(base_url, "sp", "remove", "options-test").returncode == 0


def test_an_idp_joins_with_its_role_catalogue_and_is_told_where_the_key_belongs(base_url, tmp_path):
    file = tmp_path / "idp.xml"
    file.write_bytes(idp_metadata(EntityId("https://saml.idp.own.test")))
    own = ("--cvr", "91000013", "--name", "Egen Kommune", "--max-loa", "Low")
    done = run(base_url, "idp", "add", "--metadata", str(file), *own, "--role-catalogue", "https://roller.own.test/")
    assert done.returncode == 0, done.stderr
    assert "Registered https://roller.own.test as roller-own-test" in done.stdout
    assert "role-catalogue-roller-own-test.key" in done.stdout


def test_an_unknown_system_is_status_2_and_says_who_there_is(base_url):
    done = run(base_url, "login", "--system", "lonsystem", "--idp", "korsbaek", "--persona", "ane-holm")
    assert (done.returncode, "byggesag" in done.stderr) == (2, True)


@pytest.mark.parametrize("way", [(), ("--json",)])
@pytest.mark.parametrize(
    ("idp", "persona", "told"),
    [
        ("korsbaek", "nobody-here", "korsbaek has no persona nobody-here. It has ane-holm, bo-lindgaard, "),
        ("korsbaek", "ib-noehr", "korsbaek has no persona ib-noehr, who is at Skovrup Kommune. It has ane-holm, "),
        ("nemlogin", "nobody-here", "/nemlogin/sso does not know what it was asked for: got 'nobody-here', expected"),
    ],
)
def test_an_unknown_persona_is_status_2_and_says_who_there_is(base_url, idp, persona, told, way):
    done = run(base_url, "login", "--system", "byggesag", "--idp", idp, "--persona", persona, *way)
    assert (done.returncode, told in done.stderr, done.stdout) == (2, True, ""), done.stderr


def test_a_level_is_one_of_three_whatever_its_case(base_url):
    asked = ("login", "--system", "byggesag", "--idp", "korsbaek", "--persona", "ane-holm", "--level")
    done = run(base_url, *asked, "betydelig")
    assert (done.returncode, "'substantial'" in done.stderr.lower()) == (2, True), done.stderr
    assert run(base_url, *asked, "substantial").returncode == 0


def test_what_is_exported_can_be_applied_again_whole(base_url, tmp_path):
    file = tmp_path / "world.yaml"
    assert run(base_url, "export", str(file)).returncode == 0
    world = yaml.safe_load(file.read_text("utf-8"))
    assert {system["id"] for system in world["systems"]} >= {"byggesag", "ydelser"}
    for _ in range(2):
        done = run(base_url, "apply", str(file))
        assert (done.returncode, "Registered 91000013" in done.stdout) == (0, True), done.stderr
        assert run(base_url, "export").stdout.rstrip() == file.read_text("utf-8").rstrip()


@pytest.mark.parametrize("said", [(), ("-",)])
def test_an_export_goes_to_standard_output_where_no_file_is_named(base_url, said):
    done = run(base_url, "export", *said)
    assert (done.returncode, "systems" in yaml.safe_load(done.stdout)) == (0, True)


def test_a_party_that_was_deleted_is_put_back_by_the_export(base_url, tmp_path):
    file = tmp_path / "world.yaml"
    assert run(base_url, "export", str(file)).returncode == 0
    asked = ("login", "--system", "byggesag", "--idp", "skovrup", "--persona", "ib-noehr")
    assert httpx.delete(f"{base_url}/_sim/api/attribute-services/skovrup", trust_env=False).status_code == 204
    assert run(base_url, *asked).returncode == 1
    assert run(base_url, "apply", str(file)).returncode == 0
    assert run(base_url, *asked).returncode == 0


def test_a_system_of_ones_own_without_metadata_is_named_with_its_line(base_url):
    own = "systems:\n  - {id: eget, name: E, entity_id: 'https://e.test', cvr: '91000013', minimum_level: Low}\n"
    done = run(base_url, "apply", "-", stdin=own)
    assert (done.returncode, ":2: systems[0]: the metadata is missing" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("named", ["eget-system-test", "https://saml.eget-system.test"])
def test_who_is_registered_already_is_told_how_to_replace_and_how_to_remove(base_url, tmp_path, named):
    file = tmp_path / "sp.xml"
    file.write_bytes(system_metadata(EntityId("https://saml.eget-system.test"), key="own-system"))
    add = ("sp", "add", "--metadata", str(file))
    assert run(base_url, *add, "--cvr", "91000013").returncode == 0
    again = run(base_url, *add, "--cvr", "91000013")
    assert (again.returncode, "--replace" in again.stderr) == (1, True), again.stderr
    assert run(base_url, *add, "--cvr", "91000013", "--replace").returncode == 0
    stranger = run(base_url, *add, "--cvr", "92000016", "--replace")
    assert (stranger.returncode, "nsis sp remove eget-system-test" in stranger.stderr) == (1, True), stranger.stderr
    removed = run(base_url, "sp", "remove", named)
    assert (removed.returncode, removed.stdout) == (0, "Removed https://saml.eget-system.test\n"), removed.stderr
    assert run(base_url, *add, "--cvr", "92000016").returncode == 0
    assert run(base_url, "sp", "remove", "eget-system-test").returncode == 0


def test_an_idp_that_is_named_is_not_removed_and_an_unknown_one_is_status_2(base_url):
    done = run(base_url, "idp", "remove", "korsbaek")
    assert (done.returncode, "md.conflict: Other registrations name the party" in done.stderr) == (1, True), done.stderr
    assert "named by systems nemlogin-lokal-idp" in done.stderr
    done = run(base_url, "idp", "remove", "nobody")
    assert (done.returncode, "korsbaek" in done.stderr) == (2, True), done.stderr


def two_systems(tmp_path, second):
    """A file with two systems, the second with a fault in line 2 of its metadata; `second` says how that is written down."""
    good, bad = EntityId("https://saml.good.two.test"), EntityId("https://saml.bad.two.test")
    (tmp_path / "good.xml").write_bytes(system_metadata(good, key="two-good"))
    broken = system_metadata(bad, key="two-bad", acs="http://bad.two.test/acs").decode()
    broken = broken.replace("<md:AssertionConsumerService", "\n<md:AssertionConsumerService", 1)
    (tmp_path / "bad.xml").write_text(broken, "utf-8")
    head = "  - {{id: {0}, name: N, entity_id: '{1}', cvr: '95000013', minimum_level: Low, metadata_file: {0}.xml}}\n"
    inline = f"  - id: bad\n    name: N\n    entity_id: {bad}\n    cvr: '95000013'\n    minimum_level: Low\n    metadata: |\n"
    inline += "".join(f"      {line}\n" for line in broken.splitlines())
    file = tmp_path / "two.yaml"
    file.write_text(
        "systems:\n" + head.format("good", good) + {"file": head.format("bad", bad), "inline": inline}[second]
    )
    return file


@pytest.mark.parametrize(("second", "place"), [("file", "bad.xml:2"), ("inline", "two.yaml:10")])
def test_a_finding_names_the_file_and_line_where_the_metadata_stands_and_whose_it_is(base_url, tmp_path, second, place):
    done = run(base_url, "apply", str(two_systems(tmp_path, second)))
    assert done.returncode == 1
    assert f"{tmp_path}/{place}: https://saml.bad.two.test: MUST SPM-26: " in done.stderr, done.stderr
    assert (done.stderr.endswith("Nothing was registered.\n"), "good.two" in done.stderr) == (True, False), done.stderr


def test_a_whole_file_says_what_of_it_only_a_start_reads(base_url):
    done = run(base_url, "apply", str(FEDERATION))
    told = "not applied: context_handler, nemlogin (read when a simulator starts with this file)\n"
    assert (done.returncode, done.stderr.startswith(told)) == (0, True), done.stderr
    person = re.search(r"^people:\n.*?\n\n", FEDERATION.read_text("utf-8"), re.DOTALL | re.MULTILINE)[0]
    done = run(base_url, "apply", "-", stdin=person)
    assert (done.returncode, "not applied" in done.stderr) == (0, False), done.stderr


def test_what_only_a_start_reads_is_status_1_where_it_differs_and_all_else_is_registered(base_url):
    changed = FEDERATION.read_text("utf-8").replace("name: NemLog-in (simuleret)", "name: Another")
    done = run(base_url, "apply", "-", stdin=changed)
    assert (done.returncode, "Registered ane-holm\n" in done.stdout) == (1, True), done.stderr
    assert done.stderr.endswith(
        "Otherwise in this simulator, which read it at its start: nemlogin. All else was registered. "
        "To change it, start the simulator with that file (NSIS_FEDERATION).\n"
    )


def test_a_file_with_nothing_else_is_told_both(base_url):
    blocks = FEDERATION.read_text("utf-8").partition("\nauthorities:")[0]
    done = run(base_url, "apply", "-", stdin=blocks)
    assert (done.returncode, done.stderr.startswith("not applied: context_handler, nemlogin")) == (2, True)
    assert "standard input holds nothing to register." in done.stderr


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}", "systems: []\n"])
def test_a_file_with_nothing_to_register_is_told_so(base_url, text):
    done = run(base_url, "apply", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "standard input holds nothing to register. It may hold lists under authorities, idps,"
    )


def test_a_mistyped_key_is_named_with_its_line(base_url):
    done = run(base_url, "apply", "-", stdin="systems:\n  - idd: x\n")
    assert (done.returncode, ":2: " in done.stderr, "'idd'" in done.stderr) == (1, True, True), done.stderr


def test_a_level_the_idp_cannot_reach_is_refused_with_its_code_and_status(base_url):
    done = run(base_url, "login", "--system", "byggesag", "--idp", "ravnkaer", "--persona", "dan-oesteraa", "--json")
    assert (done.returncode, '"code": "fed.' in done.stdout) == (1, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("listed", "option"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", ("--block-cipher", "aes256-gcm")),
        ("http://www.w3.org/2001/04/xmlenc#rsa-1_5", ("--key-transport", "rsa-oaep-mgf1p")),
    ],
)
def test_a_system_that_lists_old_methods_alone_joins_with_the_option_that_the_refusal_names(
    base_url, tmp_path, listed, option
):
    file = tmp_path / "metadata.xml"
    method = f'<md:EncryptionMethod Algorithm="{listed}"/></md:KeyDescriptor>'.encode()
    metadata = system_metadata(EntityId(f"https://saml.{listed[-3:]}.own.test"))
    file.write_bytes(metadata.replace(b"</md:KeyDescriptor>", method))
    add = ("sp", "add", "--metadata", str(file), "--cvr", "91000013")
    refused = run(base_url, *add)
    assert (refused.returncode, "SPM-08" in refused.stderr, option[0] in refused.stderr) == (1, True, True)
    done = run(base_url, *add, *option)
    assert (done.returncode, "SHOULD SPM-31" in done.stderr) == (0, True), done.stderr
