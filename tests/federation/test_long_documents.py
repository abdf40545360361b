"""YAML that is long on purpose: what 98 municipalities need is read, and a flood ends before it costs anything (WEB-13)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from federation.load import load_world, read_parties
from federation.problems import MOST_PROBLEMS, FederationError, Problem, problems_of_validation
from federation.yaml_lines import MOST_INNER_ITEMS, MOST_ITEMS, MOST_KEYS, MOST_NODES, YamlError, read_yaml
from tests.cpu_time import cpu_seconds_of

SHIPPED = yaml.load((Path(__file__).parents[2] / "federation.yaml").read_text("utf-8"), yaml.BaseLoader)
SECONDS = 3.0
"""A busy machine's share included; each flood took from eight seconds to half a minute."""


def test_a_world_of_98_municipalities_and_300_systems_is_read() -> None:
    text = json.dumps(_large_world())
    world = load_world(text)
    assert (len(world.idps), len(world.systems), len(world.people)) == (98, 300, 490)
    assert (len(world.system_roles), len(world.job_function_roles)) == (900, 980)
    assert _nodes(read_yaml(text).data) <= 0.7 * MOST_NODES


def _large_world() -> dict[str, object]:
    """Every municipality with an IdP, ten job function roles and five people, every system with three roles: the shipped ones, renamed."""
    person = SHIPPED["people"][0]
    return {
        "constraint_types": SHIPPED["constraint_types"],
        "authorities": [{"id": f"a-{n}", "name": f"Kommune {n}", "cvr": _cvr(n)} for n in range(98)],
        "idps": [SHIPPED["idps"][0] | _named("idp", n) | {"cvrs": [_cvr(n)]} for n in range(98)],
        "systems": [SHIPPED["systems"][0] | _named("system", n) | {"cvr": _cvr(n % 98)} for n in range(300)],
        "system_roles": [
            SHIPPED["system_roles"][0] | {"entity_id": _role(n), "system": f"https://system-{n % 300}.test"}
            for n in range(900)
        ],
        "job_function_roles": [_job_function_role(n) for n in range(980)],
        "people": [
            person
            | {"id": f"p-{n}", "cvr": _cvr(n % 98), "uuid": f"3b0e6e4a-6a1f-4f7e-9d57-{n:012}", "cpr": f"61010{n:05}"}
            | {"job_function_roles": [_job_function_role(n % 98)["entity_id"]]}
            for n in range(490)
        ],
    }


def _cvr(number: int) -> str:
    return str(97000000 + number)


def _role(number: int) -> str:
    return f"http://system.sim.test/roles/usersystemrole/r{number}/1"


def _job_function_role(number: int) -> dict[str, object]:
    shipped = SHIPPED["job_function_roles"][0]
    (first, *_), uri = shipped["assignments"], f"http://roller.sim.test/roles/jobrole/r{number}/1"
    assignments = [first | {"system_role": _role((number + each) % 900)} for each in range(3)]
    return shipped | {"entity_id": uri, "cvr": _cvr(number % 98), "assignments": assignments}


def _named(kind: str, number: int) -> dict[str, str]:
    return {"id": f"{kind}-{number}", "name": f"{kind} {number}", "entity_id": f"https://{kind}-{number}.test"}


def _nodes(data: object) -> int:
    if isinstance(data, dict):
        return 1 + len(data) + sum(map(_nodes, data.values()))
    return 1 + sum(map(_nodes, data)) if isinstance(data, list) else 1


def _nodes_in_all(count: int) -> str:
    """A document of so many nodes: lists of a hundred under a list."""
    inner = count - 1
    rows, rest = divmod(inner, 100)
    return "\n".join(["- [" + ",".join("a" * 99) + "]"] * rows + ["- a"] * rest)


@pytest.mark.parametrize(
    ("most", "longest"),
    [
        (MOST_NODES, _nodes_in_all),
        (MOST_KEYS, lambda count: "".join(f"k{n}: 1\n" for n in range(count))),
        (MOST_ITEMS, lambda count: "people:\n" + "- a\n" * count),
        (MOST_INNER_ITEMS, lambda count: "people:\n- cvrs:\n" + "  - a\n" * count),
        (MOST_INNER_ITEMS, lambda count: "people:\n- cvrs: [" + ",".join("a" * count) + "]"),
    ],
    ids=["nodes", "keys", "items", "inner-items", "inner-items-in-brackets"],
)
def test_a_document_ends_at_its_limits(most, longest) -> None:
    assert read_yaml(longest(most)).data
    with pytest.raises(YamlError, match=f"more than {most:,}|more than {most}"):
        read_yaml(longest(most + 1))


def test_every_place_knows_its_line() -> None:
    read = read_yaml("a:\n  - b: 1\n\n    c:\n      - x\n      - y\n  - {d: 2}\n")
    assert read.data == {"a": [{"b": "1", "c": ["x", "y"]}, {"d": "2"}]}
    places = [("a",), ("a", 0), ("a", 0, "c"), ("a", 0, "c", 1), ("a", 1, "d"), ("a", 0, "c", 7), ("a", 0, "z"), ("z",)]
    assert [read.line_of(place) for place in places] == [1, 2, 4, 6, 7, 4, 2, 1]


@pytest.mark.parametrize("text", ["a: 1\n---\nb: 2\n", "a: 1\n...\n---\n- b\n"])
def test_a_second_document_is_refused(text: str) -> None:
    with pytest.raises(YamlError, match="another document"):
        read_yaml(text)


def test_what_is_wrong_far_down_is_told_with_its_line() -> None:
    """Long lists are checked in parts; a part's problems keep their place in the whole."""
    authorities = [f"  - {{id: a-{n}, name: A, cvr: '{97000000 + n}'}}" for n in range(40)]
    assert len(load_world("\n".join(["authorities:", *authorities])).authorities) == 40
    authorities[25] = "  - {id: a-25, nam: A, cvr: '97000025'}"
    with pytest.raises(FederationError) as refused:
        load_world("\n".join(["authorities:", *authorities, "idp: []"]))
    told = [str(problem) for problem in refused.value.problems]
    assert [each.partition(" the key")[0] for each in told] == [
        "federation:27: authorities[25].name:", "federation:27: authorities[25].nam:", "federation:42: idp:",
    ]  # fmt: skip


def _floods() -> Iterator[object]:
    yield pytest.param("".join(f"k{n}: 1\n" for n in range(300_000)), 1, id="unknown-keys")
    yield pytest.param("{" + ",".join(f'"k{n}":1' for n in range(100_000)) + "}", 1, id="unknown-keys-json")
    yield pytest.param("systems:\n" + "- {}\n" * 100_000, 1, id="empty-items")
    yield pytest.param("systems:\n" + "- {}\n" * (MOST_ITEMS - 1), MOST_PROBLEMS, id="as-many-empty-items-as-may-be")
    keys = "{" + ",".join(f"k{n}: 1" for n in range(MOST_KEYS)) + "}\n"
    yield pytest.param("systems:\n" + f"- {keys}" * 400, MOST_PROBLEMS, id="unknown-keys-in-items")
    wrong = "- {idps: [" + "{}," * (MOST_INNER_ITEMS - 1) + "]}\n"
    yield pytest.param("systems:\n" + wrong * 140, MOST_PROBLEMS, id="wrong-items-in-items")


@pytest.mark.parametrize(("text", "told"), list(_floods()))
def test_a_flood_is_told_in_a_few_sentences_and_little_time(text: str, told: int) -> None:
    def refuse() -> None:
        with pytest.raises(FederationError) as refused:
            read_parties(text)
        assert len(refused.value.problems) == told

    assert cpu_seconds_of(refuse) < SECONDS


def test_what_is_wrong_all_through_is_not_checked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pydantic writes down of one item takes longer than to read it."""
    written_down: list[int] = []

    def counted(error: ValidationError, model: type[BaseModel]) -> tuple[Problem, ...]:
        written_down.append(error.error_count())
        return problems_of_validation(error, model)

    monkeypatch.setattr("federation.load.problems_of_validation", counted)
    with pytest.raises(FederationError):
        read_parties("systems:\n" + "- {}\n" * 5_000)
    assert MOST_PROBLEMS <= sum(written_down) < 2 * MOST_PROBLEMS
