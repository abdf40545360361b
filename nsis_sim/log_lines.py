"""What the server writes to standard error: one JSON object a line, whatever a request holds.

Nobody who sends a request can begin a line, move a cursor or turn the reading direction (attack WEB-06), no line holds a secret, and none
is longer than a named length. An access line has no query: that is where messages, RelayState and names travel.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

from oiosaml.redaction import fit_to_show

MAX_LOGGED_CHARACTERS: Final = 2_000
"""Characters of a line's message. The longest honest one, a refusal's detail with an address, is below 800."""

MAX_TRACE_CHARACTERS: Final = 16_000
"""Characters of a traceback: some hundred frames, which no fault of ours has."""

_OWN: Final = ("uvicorn", "saml_web", "context_handler", "idp_mock", "attribute_service", "nemlogin_mock", "nsis_sim")
_ACCESS_PATH: Final = 2
"""Where uvicorn's access line has the path and query among its arguments."""


class LogLines(logging.Formatter):
    """Gives a record as one line of JSON: `at` (UTC), `level`, `logger`, `message`, and `trace` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": fit_to_show(_message(record), MAX_LOGGED_CHARACTERS),
        }
        if record.exc_info:
            line["trace"] = fit_to_show(self.formatException(record.exc_info), MAX_TRACE_CHARACTERS)
        return json.dumps(line, ensure_ascii=False)


def log_config(level: str) -> dict[str, Any]:
    """Give the configuration for `logging.config.dictConfig`: everything to standard error, as `LogLines`.

    Libraries are heard from a warning on: below it, SAML stacks write whole messages.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": LogLines}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING" if level in ("debug", "info") else level.upper()},
        "loggers": {name: {"level": level.upper()} for name in _OWN},
    }


def _message(record: logging.LogRecord) -> str:
    arguments = record.args
    if record.name == "uvicorn.access" and isinstance(arguments, tuple) and len(arguments) > _ACCESS_PATH:
        path = str(arguments[_ACCESS_PATH]).partition("?")[0]
        record.args = (*arguments[:_ACCESS_PATH], path, *arguments[_ACCESS_PATH + 1 :])
    return record.getMessage()
