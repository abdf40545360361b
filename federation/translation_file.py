"""A translation table in a file of its own, as an authority writes it; or one of those in a federation.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import ValidationError

from federation.document_translation import TranslationTableDocument
from federation.problems import FederationError, Path, Problem, problems_of_validation
from federation.translation.explanation import Line
from federation.translation.table import TranslationTable
from federation.translation_references import problems_of_targets
from federation.yaml_lines import LinedYaml, Plain, YamlError, read_yaml


@dataclass(frozen=True, slots=True)
class TableInFile:
    """A table, and where in the file its lines stand."""

    table: TranslationTable
    lines: Mapping[Line, int]


def read_table(text: str, name: str, target: str | None = None) -> TableInFile:
    """Read the table that a file holds, or the one called `target` among its `translations`; `name` is the file's, for problems.

    Raises:
        FederationError: with all that is wrong, each with its line.
    """
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise FederationError((Problem((), error.sentence, name, error.line),)) from error
    path, data = _find(document, name, target)
    try:
        table = TranslationTableDocument.model_validate(data).to_model()
    except ValidationError as error:
        problems = problems_of_validation(error, TranslationTableDocument)
        raise FederationError([_placed(problem, path, name, document) for problem in problems]) from error
    parts = {"roles": table.roles, "constraints": table.constraints, "require": table.require}
    lines = {
        Line(part, number): document.line_of((*path, part, number - 1))
        for part, rules in parts.items()
        for number in range(1, len(rules) + 1)
    }
    return TableInFile(table, lines)


def read_table_file(file: FilePath, target: str | None = None) -> TableInFile:
    """Read a table from a file.

    Raises:
        FederationError: as `read_table`, and if the file is not UTF-8.
        OSError: if it cannot be read.
    """
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise FederationError((Problem((), "the file is not UTF-8; save it so", file.name, 1),)) from error
    return read_table(text, file.name, target)


def _find(document: LinedYaml, name: str, target: str | None) -> tuple[Path, Plain]:
    data = document.data
    tables = data.get("translations") if isinstance(data, dict) else None
    if not isinstance(tables, list):
        return (), data if data is not None else {}
    targets = [str(table["target"]) if isinstance(table, dict) and "target" in table else None for table in tables]
    doubles = tuple(problems_of_targets(targets))
    if doubles:
        # As when a federation is loaded: nobody could say which of them a login goes by.
        raise FederationError([_placed(problem, (), name, document) for problem in doubles])
    if target is None and len(tables) == 1:
        return ("translations", 0), tables[0]
    if target is None or target not in targets:
        known = ", ".join(each for each in targets if each is not None) or "none"
        raise FederationError((Problem(("translations",), f"choose one of its tables by --target: {known}", name, 1),))
    chosen = targets.index(target)
    return ("translations", chosen), tables[chosen]


def _placed(problem: Problem, path: Path, name: str, document: LinedYaml) -> Problem:
    whole = (*path, *problem.path)
    return Problem(whole, problem.sentence, name, document.line_of(whole))
