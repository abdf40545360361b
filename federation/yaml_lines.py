"""YAML as plain data in which every place still knows its line. Scalars stay text: `0123` is no octal number and `no` no country lost.

Anchors, aliases and merge keys are refused: what a party is shall be readable where it stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

Plain = None | str | list["Plain"] | dict[str, "Plain"]
Path = tuple[str | int, ...]

DEEPEST: Final = 30
"""Levels of lists and keys; federation.yaml has eight. libyaml's composer recurses in C and ends the process some levels on (WEB-13)."""

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
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """Give the line of a place, or of the nearest place around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(text: str) -> LinedYaml:
    """Read one YAML document.

    Raises:
        YamlError: with the line of what is wrong.
    """
    try:
        _refuse_depth(text)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise YamlError(1, f"this is not YAML: {error}") from error
    walk = _Walk({}, set())
    data = walk.data_of(root, ()) if root is not None else None
    return LinedYaml(data, walk.lines)


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):  # event by event, without recursion
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise YamlError(line, f"lists or keys stand deeper than {DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


@dataclass(frozen=True, slots=True)
class _Walk:
    lines: dict[Path, int]
    seen: set[int]

    def data_of(self, node: yaml.Node, path: Path) -> Plain:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        # The composer gives an alias as the very node it stands for.
        if id(node) in self.seen:
            raise YamlError(line, "anchors and aliases (& and *) are not used here; write the value out")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.data_of(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Plain]:
        data: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise YamlError(line, "a key must be a word")
            key = str(key_node.value)
            if key in data:
                raise YamlError(line, f"the key {key!r} stands here for the second time; keep one of them")
            self.lines[(*path, key)] = line
            data[key] = self.data_of(value_node, (*path, key))
        return data

    @staticmethod
    def _scalar(node: yaml.Node) -> str | None:
        text = str(node.value)
        is_plain = isinstance(node, yaml.ScalarNode) and node.style not in {"'", '"', "|", ">"}
        return None if is_plain and text in {"", "~", "null"} else text
