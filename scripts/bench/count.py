"""How many Python instructions one login takes: the story told in this process, every bytecode counted under its function.

`python -m scripts.bench.count [functions]`. A busy machine changes nothing about the count, so that two versions differ by what was
written and by nothing else. What C does (RSA, parsing, SQLite) is not in it, and neither is HTTP.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.context_handler.rig import Rig, make_rig

LOGINS = 5
WARM_UP = 5
SHOWN = 40


class Counting:
    """Counts what runs while it is on."""

    def __init__(self) -> None:
        self.instructions: Counter[CodeType] = Counter()

    def __enter__(self) -> "Counting":
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any]:  # noqa: ANN401 - any event's argument
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._count

    def _count(self, frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:  # noqa: ANN401 - see above
        self.instructions[frame.f_code] += event == "opcode"
        return self._count


async def count_logins(rig: Rig) -> Counter[CodeType]:
    """Log in some times, and give what ran in the broker by function."""
    counting = Counting()
    for number in range(WARM_UP + LOGINS):
        if number == WARM_UP:
            counting.instructions.clear()
        query = rig.query_of(rig.request())
        with counting:
            outcome = rig.begin_with(query)
        body = rig.honest_answer(rig.question_in(outcome))  # type: ignore[arg-type]
        with counting:
            await rig.finish(body)
    return counting.instructions


def main(shown: int) -> None:
    """Print the sum and the functions that take most."""
    with tempfile.TemporaryDirectory() as directory:
        counted = asyncio.run(count_logins(make_rig(Path(directory))))
    print(f"{counted.total() / LOGINS:,.0f} instructions for one login")
    for code, number in counted.most_common(shown):
        place = code.co_filename.rpartition("site-packages/")[2].removeprefix(f"{Path.cwd()}/")
        print(f"{number / LOGINS:8,.0f}  {place}:{code.co_firstlineno} {code.co_name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SHOWN)
