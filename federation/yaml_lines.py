"""YAML as plain data in which every place still knows its line. Scalars stay text: `0123` is no octal number and `no` no country lost.

Anchors, aliases and merge keys are refused: what a party is shall be readable where it stands.
"""

from dataclasses import dataclass
from typing import Final

import yaml

Plain = None | str | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]
Inner = list["Place"] | dict[str, "Place"]
Place = int | tuple[int, Inner]
"""The line of a node; of a list or a block, also the places in it, under the numbers and keys that lead to them."""

DEEPEST: Final = 30
"""Levels of lists and keys; federation.yaml has eight. What reads the data goes down by recursion (WEB-13)."""

MOST_NODES: Final = 150_000
"""Keys, values, lists and blocks of one YAML document: 98 municipalities with 980 roles and 490 people, and 300 systems with 900, have
about 100,000. What has more is counted up to there, and not read (WEB-13)."""

MOST_KEYS: Final = 100
"""Keys of one block; the longest that means something has about 30. An unknown key costs more to answer than to send."""

MOST_ITEMS: Final = 10_000
"""Items of a list of a document itself, such as its people; ten times what 98 municipalities need."""

MOST_INNER_ITEMS: Final = 1_000
"""Items of a list that stands further in, such as an IdP's linked users."""

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class YamlError(ValueError):
    """The text is not YAML, or uses a part of it that is refused. `line` counts from 1."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class LinedYaml:
    """The data of one YAML document with the line of every key and list item."""

    data: Plain
    root: Place

    def line_of(self, path: Path) -> int:
        """Give the line of a place, or of the nearest place around it."""
        here = self.root
        for part in path:
            if isinstance(here, int):
                return here
            line, inner = here
            here = next(iter(_step(inner, part)), line)
        return here if isinstance(here, int) else here[0]


def _step(inner: Inner, part: str | int) -> list[Place]:
    if isinstance(inner, dict):
        return [inner[key]] if (key := str(part)) in inner else []
    return inner[part : part + 1] if isinstance(part, int) else []


def read_yaml(text: str) -> LinedYaml:
    """Read one YAML document.

    Raises:
        YamlError: with the line of what is wrong, or of the first node too many.
    """
    try:
        # Event by event, and first only counted, which costs a quarter: PyYAML's composer takes all there is, and goes down by recursion.
        _refuse_too_much(text)
        return _built(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise YamlError(1, f"this is not YAML: {error}") from error


def _refuse_too_much(text: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            if nodes > MOST_NODES:
                raise YamlError(_line(event), f"the document has more than {MOST_NODES:,} keys and values; split it")
            if depth > DEEPEST:
                raise YamlError(_line(event), f"lists or keys stand deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _List:
    """A list that has not ended yet."""

    __slots__ = ("_most", "data", "inner")

    def __init__(self, most: int) -> None:
        self.data: list[Plain] = []
        self.inner: list[Place] = []
        self._most = most

    def take(self, value: Plain, place: Place) -> None:
        if len(self.data) == self._most:
            line = place if isinstance(place, int) else place[0]
            raise YamlError(
                line, f"more than {self._most:,} items stand in one list, or another document begins; split it"
            )
        self.data.append(value)
        self.inner.append(place)


class _Keys:
    """A block of keys that has not ended yet."""

    __slots__ = ("data", "inner", "key", "line")

    def __init__(self) -> None:
        self.data: dict[str, Plain] = {}
        self.inner: dict[str, Place] = {}
        self.key: str | None = None
        self.line = 0

    def take(self, value: Plain, place: Place) -> None:
        key = self.key or ""
        self.data[key] = value
        self.inner[key] = self.line if isinstance(place, int) else (self.line, place[1])
        self.key = None

    def start(self, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError(line, "a key must be a word")
        key = str(event.value)
        if key in self.data:
            raise YamlError(line, f"the key {key!r:.80} stands here for the second time; keep one of them")
        if len(self.data) == MOST_KEYS:
            raise YamlError(line, f"more than {MOST_KEYS} keys stand in one block; no block has so many")
        self.key, self.line = key, line


_OUTER_BLOCKS: Final = 2
"""Blocks that are open where a list of the document itself begins: the stream and the document's keys."""


def _built(text: str) -> LinedYaml:
    stream = _List(1)
    open_blocks: list[_List | _Keys] = [stream]
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            open_blocks.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        line, block = _line(event), open_blocks[-1]
        if isinstance(event, yaml.AliasEvent):
            raise YamlError(line, "anchors and aliases (& and *) are not used here; write the value out")
        if isinstance(block, _Keys) and block.key is None:
            block.start(event, line)
        elif isinstance(event, yaml.ScalarEvent):
            block.take(_scalar(event), line)
        else:
            most = MOST_ITEMS if len(open_blocks) <= _OUTER_BLOCKS else MOST_INNER_ITEMS
            inner = _Keys() if isinstance(event, yaml.MappingStartEvent) else _List(most)
            block.take(inner.data, (line, inner.inner))
            open_blocks.append(inner)
    return LinedYaml(stream.data[0], stream.inner[0]) if stream.data else LinedYaml(None, 1)


def _scalar(event: yaml.ScalarEvent) -> str | None:
    text = str(event.value)
    is_plain = event.style not in {"'", '"', "|", ">"}
    return None if is_plain and text in {"", "~", "null"} else text
