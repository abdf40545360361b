"""What a base URL is, and a service that lives under one."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from federation.production_hosts import refuse_production_host


def parse_base_url(text: str) -> str:
    """Give the base URL of a service, without a slash at its end.

    Raises:
        ValueError: for anything but an http or https URL without user, query and fragment, and for a production host.
    """
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading the port is what checks it
    except ValueError as error:
        raise ValueError(f"got {text!r:.120}, expected a base URL such as http://localhost:8000 ({error})") from error
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or parts.fragment
    ):
        raise ValueError(f"got {text!r:.120}, expected a base URL such as http://localhost:8000")
    refuse_production_host(text)
    return text.rstrip("/")


@dataclass(frozen=True, slots=True)
class ServiceUrls:
    """The URLs of one service, all under its base URL."""

    base_url: str

    def __post_init__(self) -> None:
        """Refuse what is not a base URL."""
        if parse_base_url(self.base_url) != self.base_url:
            raise ValueError(f"got {self.base_url!r:.120}, expected a base URL without a slash at its end")

    @property
    def path(self) -> str:
        """The path of the base URL: where the service is mounted. Empty at the root of a host."""
        return urlsplit(self.base_url).path

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers write an Origin."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def home_url(self) -> str:
        """The service's front page."""
        return f"{self.base_url}/"
