"""Whether an endpoint leads where a browser, or we, may be sent (attacks REQ-04, MD-10). Each fault has its mend."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

_STRAY: Final = re.compile(r"[\s\x00-\x1f\x7f]")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
"""What a host name is; httpx and browsers refuse or rewrite anything else, each in its own way."""
_FULL: Final = "Give the full address, as https://system.example.dk/acs."
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


def location_problem(location: str, *, allow_http: bool) -> tuple[str, str] | None:
    """Give what is wrong and the mend; None if all is well. Plain http is well on this machine, and where `allow_http` says so."""
    if _STRAY.search(location):
        return "white space in it", "Take the white space out; within a path it is written %20."
    if "\\" in location:
        return "a backslash in it", "Write / in place of each backslash."
    try:
        parts = urlsplit(location)
        _ = parts.hostname
    except ValueError as error:
        return str(error), "Write the host as a name, or as an address in brackets if it is IPv6."
    try:
        _ = parts.port
    except ValueError:
        return "a port that is none", "Give a port from 0 to 65535, or none: https is 443."
    if not location.isascii():
        return _beyond_ascii(location, parts)
    return _of_scheme(parts) or _of_authority(parts) or _of_plain_http(parts, allow_http=allow_http)


def _beyond_ascii(location: str, parts: SplitResult) -> tuple[str, str]:
    host = parts.hostname or ""
    if host.isascii():
        return (
            "characters beyond ASCII, which a header cannot carry",
            f"Write it percent-encoded: {quote(location, _PRINTABLE, errors='replace'):.300}",
        )
    try:
        written = f"Write the host as DNS has it: {host.encode('idna').decode('ascii')}."
    except UnicodeError:
        written = "Write the host as DNS has it, with xn--."
    return "a host beyond ASCII, which a header cannot carry", written


def _of_scheme(parts: SplitResult) -> tuple[str, str] | None:
    if not parts.scheme:
        return "the scheme is missing", _FULL
    if parts.scheme not in ("https", "http"):
        return f"the scheme {parts.scheme:.40}", f"Only https leads to an endpoint. {_FULL}"
    return None


def _of_authority(parts: SplitResult) -> tuple[str, str] | None:
    if not parts.hostname:
        return "no host", _FULL
    if parts.username is not None:
        return "a user name in it", "Take out what stands before the @, and the @."
    if parts.fragment:
        return "a fragment, which a browser keeps to itself", "Take out the # and what follows it."
    if not _is_address(parts.hostname) and (parts.netloc.startswith("[") or not _HOST.fullmatch(parts.hostname)):
        return "a host that is no host name", "Write the host with letters, digits, hyphens and dots alone."
    return None


def _of_plain_http(parts: SplitResult, *, allow_http: bool) -> tuple[str, str] | None:
    if parts.scheme == "http" and not allow_http and not _is_loopback(parts.hostname or ""):
        mend = "Use https; plain http works for localhost only, or everywhere in a simulator started with --lan."
        return "plain http", mend
    return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
