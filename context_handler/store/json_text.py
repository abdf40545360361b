"""JSON as the store keeps it in a column of text: no white space, letters as they are, an enumeration as its value.

orjson, since every login writes and reads some ten such texts: it takes a tenth of the time that Python's own module does.
"""

from typing import Any, Final

import orjson

_ONLY_JSON: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""An instant or a value has no form of its own here: whoever keeps one says how."""


def json_text(value: object) -> str:
    """Write a value of dicts with text keys, lists, tuples, text, whole numbers of 64 bits, truth values and None.

    Raises:
        TypeError: for anything else, and for text with half a surrogate pair, which no database holds.
    """
    return orjson.dumps(value, option=_ONLY_JSON).decode()


def json_value(text: str) -> Any:  # noqa: ANN401 - whatever was written
    """Read back what `json_text` wrote; tuples come back as lists.

    Raises:
        ValueError: if it is not JSON.
    """
    return orjson.loads(text)
