"""The CPU time that a call of this process takes: other work on the machine does not change it, nor does what earlier tests have left."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Let nothing be searched for cycles in the block: among what thousands of tests have left, a search takes longer than any message."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def cpu_seconds_of(call: Callable[[], object]) -> float:
    """Give the CPU seconds that a call takes; what it raises comes out."""
    with without_collection():
        began = time.process_time()
        call()
        return time.process_time() - began
