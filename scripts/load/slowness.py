"""How much slower than the machine of the published figures this one is at this moment.

CPU time does not count what others do meanwhile, but it is no absolute measure either: an older machine needs more of it for the same
login, and so does any machine whose caches and cores are shared with other work. What a login costs is therefore compared with what other
Python of many small objects costs on the same machine at the same time.
"""

import time
from typing import Final

import yaml

MILLISECONDS: Final = 9.0
"""CPU time for reading the text below on the machine of the published figures, with nothing else to do."""

_TEXT: Final = "\n".join(
    f"- id: person-{number}\n  name: 'Person {number}'\n  levels: [Low, Substantial]\n  home: {{street: Vej {number}, town: By}}"
    for number in range(24)
)


def slowness() -> float:
    """Give how many times as long as there the same work takes here and now."""
    began = time.thread_time()
    yaml.load(_TEXT, Loader=yaml.SafeLoader)  # the one in Python, not libyaml's
    return (time.thread_time() - began) * 1e3 / MILLISECONDS
