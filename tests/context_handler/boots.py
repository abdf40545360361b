"""The machine's start under which tests open their stores."""

from typing import Final

from context_handler.store.boots import Boot
from tests.builders import NOW

BOOT: Final = Boot("boot-1", NOW)
NEXT_BOOT: Final = Boot("boot-2", NOW)
