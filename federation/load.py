"""federation.yaml in and out. What is wrong is said with file, line and the mend, all at once; nothing is guessed."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path as FilePath
from typing import Final

import yaml
from pydantic import ValidationError

from federation.documents import WorldDocument, world_to_document
from federation.metadata_places import MetadataPlaces
from federation.model import AttributeService, HomeIdp, UserFacingSystem, World
from federation.problems import MOST_PROBLEMS, FederationError, Path, Problem, problems_of_validation
from federation.references import problems_of_references
from federation.yaml_lines import LinedYaml, Plain, YamlError, read_yaml

LARGEST_FILE: Final = 10_000_000
"""Octets of a YAML or metadata file. More is a mistake."""

_AT_A_TIME: Final = 10
"""Items of a list that are checked before it is asked whether so much is wrong already that nobody reads on."""

_SCHEMA_COMMENT: Final = "# yaml-language-server: $schema=federation.schema.json\n"


def load_world(source: FilePath | str) -> World:
    """Read a whole federation from a file, or from text.

    A party without metadata is one that the simulator plays; its `metadata` is empty until the simulator has written it.

    Raises:
        FederationError: with all that is wrong.
        OSError: if the file cannot be read.
    """
    return _load(source, problems_of_references).world


@dataclass(frozen=True, slots=True)
class Parties:
    """A document with registrations to be added to a running federation."""

    world: World
    blocks_of_a_start: tuple[str, ...]
    """The blocks it has that are no registrations: `context_handler`, `nemlogin`. A simulator reads them from its file at every start."""
    places: MetadataPlaces
    """Where the metadata stands that the document brings."""


def read_parties(source: FilePath | str, played: Callable[[], Container[str]] = tuple) -> Parties:
    """Read registrations to be added to a running federation: the same keys as federation.yaml, as many as are wanted.

    Whether they fit the federation they are added to is asked with `problems_of_references` of the whole. `played` gives the entityIDs
    of the parties whose metadata that federation has itself, and is asked only if some party brings none: an export leaves it out.

    Raises:
        FederationError: with all that is wrong; also if any other IdP, system or attribute service brings no metadata.
        OSError: if the file cannot be read.
    """
    places = _load(source, lambda world: _without_metadata(world, played))
    given = places.document.data if isinstance(places.document.data, dict) else {}
    blocks = tuple(block for block in ("context_handler", "nemlogin") if given.get(block) is not None)
    return Parties(places.world, blocks, places)


def export_world(world: World) -> str:
    """Write a federation as YAML that `load_world` reads back to the same values.

    Metadata that the simulator wrote itself is left out: it is written anew at every start.
    """
    return _SCHEMA_COMMENT + yaml.dump(
        world_to_document(world), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120
    )


def _load(source: FilePath | str, problems_of: Callable[[World], Sequence[Problem]]) -> MetadataPlaces:
    file = source if isinstance(source, FilePath) else None
    text = _read_text(file) if file is not None else str(source)
    name = file.name if file is not None else "federation"
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise FederationError((Problem((), error.sentence, name, error.line),)) from error
    directory = file.parent if file is not None else None
    files: dict[Path, FilePath] = {}
    problems = [*_put_metadata_inline(document.data, directory, files)]
    world = World()
    if not problems:
        try:
            world = _validated(document.data).to_model()
            problems += problems_of(world)
        except ValidationError as error:
            problems += problems_of_validation(error, WorldDocument)
        except FederationError as error:
            problems += error.problems
    if problems:
        raise FederationError(_with_lines(problems, name, document))
    return MetadataPlaces(text, document, files, world)


def _validated(data: Plain) -> WorldDocument:
    """Check a document part by part, and stop where enough is wrong: to write down all of 50,000 wrong items takes seconds (WEB-13).

    Raises:
        FederationError: with what is wrong up to there.
        ValidationError: if it is no document.
    """
    if not isinstance(data, dict):
        return WorldDocument.model_validate(data if data is not None else {})
    lists = {key: value for key, value in data.items() if isinstance(value, list)}
    problems: list[Problem] = []
    read = _part({key: value for key, value in data.items() if key not in lists}, 0, problems)
    for key, items in lists.items():
        parts: list[WorldDocument] = []
        for start in range(0, len(items) or 1, _AT_A_TIME):
            if len(problems) < MOST_PROBLEMS:
                parts.append(_part({key: items[start : start + _AT_A_TIME]}, start, problems))
        if not problems:
            read = read.model_copy(update={key: tuple(chain.from_iterable(getattr(part, key) for part in parts))})
    if problems:
        raise FederationError(problems[:MOST_PROBLEMS])
    return read


def _part(part: dict[str, Plain], start: int, problems: list[Problem]) -> WorldDocument:
    try:
        return WorldDocument.model_validate(part)
    except ValidationError as error:
        found = problems_of_validation(error, WorldDocument)
        problems += (replace(each, path=_moved(each.path, start)) for each in found)
    return WorldDocument()


def _moved(path: Path, by: int) -> Path:
    """Give the path in the whole list of what was found in a part of it."""
    return (path[0], path[1] + by, *path[2:]) if len(path) > 1 and isinstance(path[1], int) else path


def _read_text(file: FilePath) -> str:
    with file.open("rb") as opened:
        octets = opened.read(LARGEST_FILE + 1)
    if len(octets) > LARGEST_FILE:
        raise FederationError((Problem((), f"the file is larger than {LARGEST_FILE} octets", file.name, 1),))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise FederationError((Problem((), "the file is not UTF-8; save it so", file.name, line),)) from error


def _put_metadata_inline(data: Plain, directory: FilePath | None, files: dict[Path, FilePath]) -> Sequence[Problem]:
    """Put the text of each `metadata_file` where `metadata` stands, and the file under its place into `files`."""
    problems: list[Problem] = []
    nemlogin = data.get("nemlogin") if isinstance(data, dict) else None
    places: list[tuple[Plain, tuple[str, ...]]] = [
        *((data, (kind,)) for kind in ("idps", "systems", "attribute_services")),
        (nemlogin, ("nemlogin", "clients")),
        (nemlogin, ("nemlogin", "local_idps")),
    ]
    for holder, path in places:
        parties = holder.get(path[-1]) if isinstance(holder, dict) else None
        for i, party in enumerate(parties if isinstance(parties, list) else []):
            if isinstance(party, dict) and isinstance(name := party.get("metadata_file"), str):
                problem = _read_metadata(party, name, directory)
                if problem is None and directory is not None:
                    files[(*path, i, "metadata_file")] = directory / name
                elif problem is not None:
                    problems.append(Problem((*path, i, "metadata_file"), problem))
    return problems


def _read_metadata(party: dict[str, Plain], name: str, directory: FilePath | None) -> str | None:
    if directory is None:
        return "metadata_file only works in a file; put the metadata itself under 'metadata'"
    if "metadata" in party:
        return "both metadata and metadata_file are given; keep one of them"
    try:
        party["metadata"] = _read_text(directory / name)
    except OSError as error:
        return f"cannot read {name!r} ({error.strerror}); the path starts where this file lies"
    except FederationError as error:
        return str(error)
    del party["metadata_file"]
    return None


def _without_metadata(world: World, played: Callable[[], Container[str]]) -> Sequence[Problem]:
    sentence = "the metadata is missing; add 'metadata' or 'metadata_file'"
    # What the simulator plays is left out of an export: somebody's own metadata would be in use and shown to nobody.
    both = "'simulated' stands beside metadata; take it out, or the metadata if the simulator plays this party"
    parties: dict[str, tuple[HomeIdp | UserFacingSystem | AttributeService, ...]] = {
        "idps": world.idps,
        "systems": world.systems,
        "attribute_services": world.attribute_services,
    }
    lacking = [
        ((kind, i), party.entity_id, party.metadata)
        for kind, items in parties.items()
        for i, party in enumerate(items)
        if party.simulated
    ]
    known = played() if lacking else ()
    return [
        Problem((*path, "simulated"), both) if metadata else Problem(path, sentence)
        for path, entity_id, metadata in lacking
        if metadata or entity_id not in known
    ]


def _with_lines(problems: Sequence[Problem], file: str, document: LinedYaml) -> tuple[Problem, ...]:
    placed = (Problem(p.path, p.sentence, file, document.line_of(p.path)) for p in problems)
    return tuple(sorted(placed, key=lambda problem: problem.line or 0))


class _Dumper(yaml.SafeDumper):
    """Writes lists indented under their key and long texts, such as metadata, as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001 - PyYAML's own signature
        super().increase_indent(flow, indentless=False)


_FOLDED: Final = re.compile("[\x85\u2028\u2029]")
"""Line breaks that YAML reads as others than they were written, unless they are escaped."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    block = "|" if "\n" in text else None
    style = '"' if _FOLDED.search(text) else block
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
