"""A vendor's system and IdP join a running simulator by the command line; what is wrong with them is said in plain words."""

import gzip
import re

import pytest
import yaml

from oiosaml.ids import EntityId
from tests.context_handler.federation_rig import idp_metadata, system_metadata
from tests.processes import clean_environment, run_here, simulator


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
        (gzip.compress(b"<a/>"), "This is a compressed file"),
        ("<a/>".encode("utf-16"), "UTF-16"),
        (b"<a>\xe6", "Save it so"),
    ],
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


def test_an_idp_must_say_where_rights_come_from(base_url):
    done = run(base_url, "idp", "add", "--metadata", "x", "--cvr", "91000013", "--name", "X", "--max-loa", "Low")
    assert (done.returncode, "--knows-roles" in done.stderr) == (2, True)


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


def test_an_unknown_persona_is_refused(base_url):
    done = run(base_url, "login", "--system", "byggesag", "--idp", "korsbaek", "--persona", "nobody-here", "--json")
    assert done.returncode == 1, done.stdout + done.stderr


def test_what_is_exported_can_be_applied_again(base_url, tmp_path):
    file = tmp_path / "world.yaml"
    assert run(base_url, "export", str(file)).returncode == 0
    world = yaml.safe_load(file.read_text("utf-8"))
    assert {system["id"] for system in world["systems"]} >= {"byggesag", "ydelser"}
    additions = {"authorities": world["authorities"], "constraint_types": world["constraint_types"]}
    done = run(base_url, "apply", "-", stdin=yaml.safe_dump(additions, allow_unicode=True))
    assert (done.returncode, "Registered 91000013" in done.stdout) == (0, True), done.stderr


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
