"""Where the metadata of a party stands that a YAML document registers: in a file of its own, or in the document itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Final

from federation.model import World
from federation.problems import Path
from federation.yaml_lines import LinedYaml

_PARTIES: Final = ("idps", "systems", "attribute_services")

_BLOCK: Final = re.compile(r"""metadata["']?\s*:\s*\|[-+1-9]*\s*(#.*)?$""")
"""A key whose value is a literal block: its first line is the next one, and its lines are the value's."""

_LINE_ENDS: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML."""


@dataclass(frozen=True, slots=True)
class MetadataPlaces:
    """Finds the metadata of the parties of one document."""

    text: str
    document: LinedYaml
    files: Mapping[Path, FilePath]
    """The files that were named, by the place of the `metadata_file`."""
    world: World

    def place_of(self, entity_id: str, line: int | None, *, name: str) -> str | None:
        """Give file and line of a line of a party's metadata; `name` is the document's. None for who brings none here.

        Where the metadata is written so that its lines are not the document's, the key's line is given, and the metadata's beside it.
        """
        party = self._party(entity_id)
        if party is None:
            return None
        file = self.files.get((*party, "metadata_file"))
        if file is not None:
            return str(file) if line is None else f"{file}:{line}"
        key = self.document.line_of((*party, "metadata"))
        if line is None:
            return f"{name}:{key}"
        if _BLOCK.search(_LINE_ENDS.split(self.text)[key - 1]):
            return f"{name}:{key + line}"
        return f"{name}:{key}: line {line} of the metadata"

    def _party(self, entity_id: str) -> Path | None:
        for kind in _PARTIES:
            for i, party in enumerate(getattr(self.world, kind)):
                if party.entity_id == entity_id and party.metadata:
                    return kind, i
        return None
