"""Identifiers that count, so that a test knows what comes next."""

from itertools import count

from oiosaml.ids import MessageId


class CountingIds:
    """An `IdSource` whose every answer is the next number, in the form of the real thing."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def message_id(self) -> MessageId:
        return MessageId(f"_{next(self._numbers):032x}")

    def handle(self) -> str:
        return f"{next(self._numbers):043d}"

    def uuid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012x}"
