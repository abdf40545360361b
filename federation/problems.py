"""What is wrong with a description of the federation: where it stands, and a sentence that tells the mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]


MOST_PROBLEMS: Final = 100
"""Problems that are told of one document. Who has more mends these first; the nearest words for 100,000 unknown keys take half a minute."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `path` leads to it through keys and positions; `file` and `line` are known if it stood in a file."""

    path: Path
    sentence: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file is not None else ""
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).lstrip(".")
        return f"{place}{where}: {self.sentence}" if where else f"{place}{self.sentence}"


class FederationError(ValueError):
    """The description cannot be used. All that is wrong is said at once, one problem a line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


_EXPECTED: Final = {
    "string_type": "expected text; put it in quotes",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "tuple_type": "expected a list, each item on a line of its own behind a hyphen",
    "model_type": "expected keys with values",
    "too_short": "expected at least one item",
}


def problems_of_validation(error: ValidationError, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Turn what pydantic found into sentences for somebody who has never heard of it: the first `MOST_PROBLEMS`."""
    found = error.errors(include_url=False)[:MOST_PROBLEMS]
    return tuple(Problem(tuple(detail["loc"]), _sentence(detail, model)) for detail in found)


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, got = detail["type"], detail["input"]
    if kind == "missing":
        return f"the key {detail['loc'][-1]!r} is missing; add it"
    if kind == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), _keys_at(model, tuple(detail["loc"][:-1])))
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in {"literal_error", "enum"}:
        return f"got {got!r:.60}, expected {detail['ctx']['expected']}"
    shown = "nothing" if got is None else f"{got!r:.60}"
    return f"got {shown}, {_EXPECTED.get(kind, detail['msg'])}"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "remove it."
    return f"the key {key!r} is not known here; {hint} Known: {', '.join(known)}"


def _keys_at(model: type[BaseModel], path: Path) -> Sequence[str]:
    """The keys that the document at `path` may have."""
    here: type[BaseModel] | None = model
    for part in path:
        if isinstance(part, str) and here is not None and part in here.model_fields:
            here = _model_in(here.model_fields[part].annotation)
    return tuple(field.alias or name for name, field in here.model_fields.items()) if here is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations have no type
    """The document inside `X | None`, `tuple[X, ...]` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner)) is not None), None)
