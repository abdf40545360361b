"""The process's settings: nine environment variables, documented in docs/settings.md. An unknown NSIS_ variable is an error."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from federation.base_url import parse_base_url

PREFIX: Final = "NSIS_"
HOUSES: Final = ("context_handler", "idp_mock", "attribute_service", "nemlogin_mock", "sp_demo")
"""The packages that are houses, as `--only` and NSIS_BASE_URLS name them."""

_CHECKOUT: Final = Path(__file__).resolve().parent.parent


STORE_FILE: Final = "nsis.sqlite3"
"""In the data directory."""


class SettingsError(Exception):
    """The environment cannot be read as settings; the message is for the person who set it."""


def home() -> Path:
    """Give the directory that relative paths start from: the checkout if this runs from one, else the current directory."""
    return _CHECKOUT if (_CHECKOUT / "federation.yaml").is_file() else Path.cwd()


class Settings(BaseSettings):
    """One process's settings. Ports are TCP ports, sizes are bits, paths are relative to `home()`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    port: int = Field(default=8000, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")
    listen: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses to listen on, separated by commas. A container needs `0.0.0.0`.",
    )
    base_url: str | None = Field(
        default=None,
        description="Public base URL of the broker, and of every house that has none of its own. Default `http://localhost:<port>`.",
    )
    base_urls: Annotated[Mapping[str, str], NoDecode] = Field(
        default={},
        description="Public base URLs of single houses: `idp_mock:korsbaek=http://… sp_demo:byggesag=http://…`, separated by spaces.",
    )
    data_dir: Path = Field(
        default=Path("var"),
        description="Directory of the store. Made if it is missing; only its owner may read the store.",
    )
    certs_dir: Path = Field(
        default=Path("certs"), description="Directory of keys and certificates. Made and filled at first start."
    )
    rsa_bits: Literal[2048, 3072, 4096] = Field(
        default=3072, description="Size of keys made at first start: 2048, 3072 (as OCES3) or 4096 bits."
    )
    federation: Path = Field(
        default=Path("federation.yaml"),
        description="The world that an empty store is filled from; later the store counts. "
        "A house that runs without the broker has its people from here.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning",
        description="What the server writes to standard error, one JSON object a line: debug, info, warning or error.",
    )

    @field_validator("listen", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("base_urls", mode="before")
    @classmethod
    def _split_base_urls(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split()]
        wrong = [name for name, equals, _ in pairs if not equals or name.partition(":")[0] not in HOUSES]
        if wrong:
            raise ValueError(f"got {wrong[0]!r}, expected <house>[:<id>]=<url> with a house of {', '.join(HOUSES)}")
        return {name: url for name, _, url in pairs}

    @field_validator("rsa_bits", mode="before")
    @classmethod
    def _read_bits(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        return None if value is None else parse_base_url(value)

    @field_validator("base_urls")
    @classmethod
    def _check_base_urls(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return {name: parse_base_url(url) for name, url in value.items()}

    @field_validator("data_dir", "certs_dir", "federation")
    @classmethod
    def _from_home(cls, value: Path) -> Path:
        return home() / value.expanduser()

    def broker_url(self, port: int | None = None) -> str:
        """Give the broker's base URL, where `port` is the one really taken."""
        return self.base_url or f"http://localhost:{self.port if port is None else port}"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read settings from the process's environment, which pydantic-settings reads itself; `environment` is it, for the names in it.

    Raises:
        SettingsError: for an unknown NSIS_ variable (with the likeliest right one) and for a value that cannot be.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]}?" if near else f" There are {', '.join(known)}."
            raise SettingsError(f"{name} is no setting.{meant}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error


def settings_table() -> str:
    """Give the table of docs/settings.md: one line for each variable."""
    rows = ["| variable | default | what it says |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default or "")
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {f'`{shown}`' if shown and shown != '{}' else '–'} | {field.description} |"
        )
    return "\n".join(rows) + "\n"
