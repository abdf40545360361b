"""The real clock. Only composition roots use it; everything below takes the time as an argument."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Give the present moment, aware, in UTC."""
    return datetime.now(UTC)
