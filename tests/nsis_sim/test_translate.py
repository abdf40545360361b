import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nsis_sim.cli import build
from oiosaml.privileges import PrivilegeList, write_privileges
from tests.federation.translation.rights import CARE, CARE_OUT, MONITOR, ORG, ORG_OUT, TABLE_YAML, TEAM, group, rights


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    file = tmp_path / "seb.yaml"
    file.write_text(TABLE_YAML, "utf-8")
    return file


def _run(table: Path, value: str | bytes, *options: str) -> Result:
    rights_file = table.parent / "rights"
    rights_file.write_bytes(value if isinstance(value, bytes) else value.encode())
    return CliRunner().invoke(build(), ["translate", "--table", str(table), "--privileges", str(rights_file), *options])


def _line_of(needle: str) -> int:
    return TABLE_YAML[: TABLE_YAML.index(needle)].count("\n") + 1


def test_says_of_each_right_what_became_of_it_and_which_line_says_so(table_file: Path) -> None:
    done = _run(table_file, write_privileges(rights(group(CARE), group("urn:x:other"))))

    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"group 1: {CARE}  (for urn:dk:gov:saml:cvrNumberIdentifier:91000013)"
    assert lines[1] == f"    roles 1 (line {_line_of('  - from: http')}): becomes {CARE_OUT}"
    split = f"{ORG} = U1,U2 becomes {ORG_OUT}, split into 2"
    assert lines[2] == f"    constraints 1 (line {_line_of('  - from: http://sts')}): {split}"
    assert lines[3] == "    stands in group 1, 2 of the result"
    assert lines[5] == "    dropped: priv.unknown: no line under roles names urn:x:other"
    assert "Result: 2 group(s)" in lines


def test_takes_raw_xml_as_well_as_base64(table_file: Path) -> None:
    value = write_privileges(rights())
    assert _run(table_file, base64.b64decode(value)).output == _run(table_file, value).output


def test_gives_the_same_as_json(table_file: Path) -> None:
    done = _run(table_file, write_privileges(rights(group(CARE), group(MONITOR), group("urn:x:other"))), "--json")

    document = json.loads(done.output)
    assert document["outcome"] == "success"
    assert [right["outcome"] for right in document["rights"]] == ["translated", "translated", "dropped"]
    assert document["rights"][0]["became"] == [
        {"privilege": CARE_OUT, "rule": "roles 1", "line": _line_of("  - from: http")}
    ]
    assert document["rights"][2]["code"] == "priv.unknown"
    assert document["privileges"][0]["constraints"] == [{"name": ORG_OUT, "value": "U1"}]


def test_ends_with_1_and_the_reason_where_a_login_would_be_refused(table_file: Path) -> None:
    value = write_privileges(rights(group(CARE, limits={TEAM: "T1"})))
    refused = _run(table_file, value)
    assert refused.exit_code == 1
    assert "REFUSED priv.schema: group 1 of the result" in refused.output
    as_json = json.loads(_run(table_file, value, "--json").output)
    assert (as_json["outcome"], as_json["privileges"]) == ("refused", [])


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("<PrivilegeList/>", "priv.schema"),
        ("%%%", "priv.encoding"),
        (b"\xff\xfe", "priv.encoding"),
        ("", "priv.encoding"),
    ],
)
def test_ends_with_1_for_rights_that_are_none(table_file: Path, value: str | bytes, code: str) -> None:
    done = _run(table_file, value)
    assert done.exit_code == 1
    assert f"{code}: " in done.stderr


def test_ends_with_1_and_the_line_for_a_broken_table(table_file: Path) -> None:
    table_file.write_text(TABLE_YAML.replace("scope: keep", "scope: wider"), "utf-8")
    done = _run(table_file, write_privileges(rights()))
    assert done.exit_code == 1
    assert f"seb.yaml:{_line_of('scope: keep')}: scope:" in done.stderr


@pytest.mark.parametrize("options", [(), ("--target", "seb")])
def test_ends_with_1_for_a_file_with_two_tables_of_one_name(table_file: Path, options: tuple[str, ...]) -> None:
    table = "  -\n" + "".join(f"    {line}\n" for line in TABLE_YAML.splitlines())
    table_file.write_text("translations:\n" + table + table.replace("drop_role", "keep"), "utf-8")
    done = _run(table_file, write_privileges(rights(group(CARE))), *options)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "'seb' is already taken further up" in done.stderr


def test_ends_with_2_for_a_file_that_is_not_there(table_file: Path) -> None:
    assert _run(table_file.with_name("nothing.yaml"), "").exit_code == 2


def test_an_empty_list_of_rights_is_said_so(table_file: Path) -> None:
    assert "There are no rights in the list." in _run(table_file, write_privileges(PrivilegeList())).output
