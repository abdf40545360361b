"""When a registration exists."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ActivationPeriod:
    """When a registration exists: from `start` until before `end`; None is open. Outside it the object does not exist."""

    start: datetime | None = None
    end: datetime | None = None

    def includes(self, at: datetime) -> bool:
        """Tell whether the registration exists at that instant; no clock skew, since it is our own clock."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


ALWAYS = ActivationPeriod()
