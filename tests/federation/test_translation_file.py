from pathlib import Path

import pytest

from federation.problems import FederationError
from federation.translation.explanation import Line
from federation.translation_file import read_table, read_table_file
from tests.federation.translation.rights import TABLE, TABLE_YAML


def _refusal(text: str, target: str | None = None) -> str:
    with pytest.raises(FederationError) as caught:
        read_table(text, "seb.yaml", target)
    return str(caught.value)


def _line_of(needle: str, text: str = TABLE_YAML) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_reads_the_form_of_a_table() -> None:
    assert read_table(TABLE_YAML, "seb.yaml").table == TABLE


def test_knows_where_each_line_stands() -> None:
    lines = read_table(TABLE_YAML, "seb.yaml").lines
    assert lines[Line("roles", 2)] == _line_of("  - from_pattern")
    assert lines[Line("constraints", 1)] == _line_of("  - from: http://sts.kombit.dk")


def test_finds_the_table_in_a_whole_federation() -> None:
    inside = "translations:\n  -\n" + "".join(f"    {line}\n" for line in TABLE_YAML.splitlines())
    read = read_table(inside, "federation.yaml", "seb")
    assert read.table == TABLE
    assert read.lines[Line("roles", 1)] == _line_of("- from: http://sundhed", inside)
    assert read_table(inside, "federation.yaml").table == TABLE
    assert "choose one of its tables by --target: seb" in _refusal(inside, "nobody")


def _federation(*tables: str) -> str:
    return "translations:\n" + "".join(
        "  -\n" + "".join(f"    {line}\n" for line in table.splitlines()) for table in tables
    )


def test_of_several_tables_the_one_that_is_named_counts() -> None:
    both = _federation(TABLE_YAML.replace("target: seb", "target: other").replace("drop_role", "fail"), TABLE_YAML)
    assert read_table(both, "federation.yaml", "seb").table == TABLE
    assert read_table(both, "federation.yaml", "other").table.target == "other"
    assert "choose one of its tables by --target: other, seb" in _refusal(both)


@pytest.mark.parametrize("target", [None, "seb", "other"])
def test_of_two_tables_of_one_name_none_counts(target: str | None) -> None:
    stricter = TABLE_YAML.replace("on_unmapped_role: drop", "on_unmapped_role: fail")
    text = _federation(stricter, TABLE_YAML.replace("target: seb", "target: other"), TABLE_YAML)
    line = text[: text.rindex("target: seb")].count("\n") + 1
    refusal = _refusal(text, target)
    assert f"seb.yaml:{line}: translations[2].target: 'seb' is already taken further up" in refusal


@pytest.mark.parametrize("tables", ["[]", "[words]", "[{}, {}]", "[{}]", "[words, words]"])
def test_what_is_no_table_is_refused(tables: str) -> None:
    assert _refusal(f"translations: {tables}\n")
    assert _refusal(f"translations: {tables}\n", "seb")


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("merge_groups: true", "merge_group: true", "merge_group:", "did you mean 'merge_groups'?"),
        ("version: 1", "version: 2", "version", "got the version '2', expected 1"),
        ("on_unmapped_role: drop", "on_unmapped_role: ignore", "on_unmapped_role", "expected 'drop', 'keep' or 'fail'"),
        ("on_unmapped_constraint: drop_role", "on_unmapped_constraint: drop", "on_unmapped_constraint", "'drop_role'"),
        ("scope: keep", "scope: drop", "scope: drop", "expected 'keep'"),
        ('split: ","', 'split: ""', "split:", "expected a separator"),
        ("target: seb", "target: SEB", "target", "expected a short name"),
        ("ehealth_{role}/1", "ehealth_role/1", "  - from_pattern", "without a place"),
        ("ehealth:role:{role}", "ehealth:role:{rolle}", "  - from_pattern", "the place {rolle}"),
        ("ehealth_{role}/1", "ehealth_{role}{more}/1", "  - from_pattern", "between two places"),
        ("ehealth_{role}/1", "ehealth_{role}_{more}/1", "  - from_pattern", "between two places"),
        ("ehealth_{role}/1", "ehealth_{role}/{role}", "  - from_pattern", "a place stands twice"),
        ("ehealth_{role}/1", "ehealth_{role}}/1", "  - from_pattern", "a brace"),
        ("  - from_pattern:", "  - from: urn:x:y\n    from_pattern:", "  - from: urn:x:y", "keep one of them"),
        (
            "value:PlejeAssR3",
            "value:Pleje AssR3",
            "  - from: http://sundhed.sim.test/roles",
            "expected an absolute URI or a URN",
        ),
        (
            "  - from: http://sundhed.sim.test/constraints/careteam/1",
            "  - from: http://sts.kombit.dk/constraints/orgenhed/1",
            "version",
            "stands twice under constraints",
        ),
        ("exactly_one_of: [urn:dk:kombit:orgUnit,", "exactly_one_of: [urn:x:y,", "version", "so nobody could log in"),
        ("required: true", "required: yes please", "    required", "expected true or false"),
    ],
)
def test_names_the_line_and_the_mend(old: str, new: str, line: str, sentence: str) -> None:
    assert old in TABLE_YAML
    broken = TABLE_YAML.replace(old, new, 1)
    refusal = _refusal(broken)
    assert f"seb.yaml:{_line_of(line, broken)}: " in refusal
    assert sentence in refusal


def test_an_unknown_key_of_a_line_is_compared_with_what_authors_write() -> None:
    assert "did you mean 'from'?" in _refusal(
        TABLE_YAML.replace("  - from: http://sundhed", "  - form: http://sundhed", 1)
    )


def test_names_the_line_where_it_is_no_yaml() -> None:
    assert "seb.yaml:2: this is not YAML" in _refusal("version: 1\n\ttarget: seb\n")


def test_an_empty_file_lacks_its_target() -> None:
    assert "the key 'target' is missing" in _refusal("")


def test_refuses_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "seb.yaml"
    file.write_bytes(b"target: \xe6")
    with pytest.raises(FederationError, match="not UTF-8"):
        read_table_file(file)
