"""Ports that are known before anybody listens on them, and that nobody else is given meanwhile.

A port that was free a moment ago may be the source of anybody's connection now: the kernel takes those from the same range. So it is kept
bound until this process ends, by a socket that never listens. Whoever sets SO_REUSEADDR may listen there all the same, and while nobody
does, a connection is refused.
"""

import atexit
import errno
import socket
from typing import Final

_ATTEMPTS: Final = 20
_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_kept: Final[list[socket.socket]] = []


def own_port() -> int:
    """Give a port that is ours until this process ends, at both addresses of loopback."""
    for _ in range(_ATTEMPTS):
        kept = _bind(socket.AF_INET, "127.0.0.1", 0)
        port: int = kept.getsockname()[1]
        try:
            _bind(socket.AF_INET6, "::1", port)
        except OSError as error:
            if error.errno not in _NO_IPV6:
                continue  # free at the first address and taken at the second
        return port
    raise RuntimeError("no port is free at both addresses of loopback")


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    kept = socket.socket(family)
    _kept.append(kept)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((address, port))
    return kept


@atexit.register
def _give_back() -> None:
    for kept in _kept:
        kept.close()
