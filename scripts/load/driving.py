"""Drivers of the broker alone, in processes of their own: making requests and answers costs as much CPU as the broker spends on them."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from scripts.bench.peers import Driver
from scripts.chaos.brokers import Site
from scripts.chaos.people import BOTH, check_token
from scripts.load.pacing import Pace, at_a_steady_rate

PROCESSES: Final = 2
THREADS: Final = 8
"""In each process; each thread has one connection."""

WARM_UP: Final = 16
"""Logins of each process before the pace begins."""

_VERIFIED_EACH: Final = 25
"""One token in so many is decrypted and verified by the driver; RelayState and form are looked at each time."""


def drive_broker(site: Site, *, rate: float, seconds: float) -> Pace:
    """Log in at that rate by several processes, and give what they showed together."""
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        shares = [
            pool.submit(_drive, site.directory, site.port, number, rate / PROCESSES, seconds)
            for number in range(PROCESSES)
        ]
        paces = [each.result() for each in shares]
    return Pace(
        rate,
        max(each.seconds for each in paces),
        [seconds for each in paces for seconds in each.took],
        [failure for each in paces for failure in each.failures],
    )


def _drive(directory: Path, port: int, number: int, rate: float, seconds: float) -> Pace:
    site = Site(directory, port=port)  # keys do not travel between processes; they are read again
    with ExitStack() as stack:
        drivers = [stack.enter_context(Driver(site.base_url, site.keys)) for _ in range(THREADS)]

        def log_in(thread: int, unit: int) -> None:
            driver, municipality = drivers[thread], BOTH[unit % len(BOTH)]
            state = f"login-{number}-{unit}"
            page = driver.finish(driver.answer(driver.begin(driver.query(municipality, state)), municipality))
            if f'value="{state}"'.encode() not in page:
                raise RuntimeError(f"swapped: {state} is not on the page")
            if unit % _VERIFIED_EACH == 0:
                check_token(driver, page, municipality, state)

        for unit in range(WARM_UP):
            log_in(unit % THREADS, -1 - unit)
        return at_a_steady_rate(log_in, rate=rate, seconds=seconds, threads=THREADS)
