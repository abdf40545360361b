"""What the matrix tries, as data: rows, columns, movements, and for each cell whether it works or by which code it is refused."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final


class Movement(StrEnum):
    """What the person does. Each begins in a fresh browser."""

    FIRST_LOGIN = "first login"
    SSO = "SSO"
    STEP_UP = "step-up"
    FORCE_AUTHN = "ForceAuthn"
    PASSIVE = "IsPassive"
    LOGOUT_AT_SYSTEM = "logout at the system"
    LOGOUT_AT_IDP = "logout at the IdP"
    LOGOUT_AT_BROKER = "logout at the broker"


WHAT_HAPPENS: Final[Mapping[Movement, str]] = {
    Movement.FIRST_LOGIN: "Nobody is logged in. The system asks, the home IdP logs the person in.",
    Movement.SSO: "The person is logged in at the companion. The system asks, the session answers, the home IdP is not visited.",
    Movement.STEP_UP: "The session is at a lower level than the system asks for. The home IdP is asked for the higher one.",
    Movement.FORCE_AUTHN: "The session would do, and the system asks with ForceAuthn. The home IdP logs the person in anew.",
    Movement.PASSIVE: "The session would do, and the system asks with IsPassive. The session answers without a page.",
    Movement.LOGOUT_AT_SYSTEM: "Logged in at companion and system; logs out at the system. Nobody is logged in anywhere afterwards.",
    Movement.LOGOUT_AT_IDP: "The same, logging out at the home IdP.",
    Movement.LOGOUT_AT_BROKER: "The same, logging out on the broker's own page.",
}


Wish = tuple[tuple[str, str], ...]
"""What `/login` of a demo system is asked, as names and values."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of home IdP, and somebody of it who has rights in the systems.

    `companion` is the system at which the session is made, with `lower` as wish and `lower_level` as the level to log in at, where the
    session is to be at a lower level; `more` is the wish of a system that asks for more than that.
    """

    kind: str
    idp: str
    persona: str
    companion: str
    lower: Wish
    lower_level: str | None
    more: Wish
    more_at_old: Wish
    """The same of a system that reads OIOSAML 2 and asks in its own words."""


@dataclass(frozen=True, slots=True)
class Column:
    """A kind of system."""

    kind: str
    system: str
    reads_old: bool = False
    """Whether it reads OIOSAML 2 and knows AssuranceLevel."""
    only_hints: bool = False
    """Whether its stack cannot name the IdP in the request (IDPList), so that a hint beside it does."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A cell that is refused on purpose."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One row, one column, one movement."""

    row: Row
    column: Column
    movement: Movement

    @property
    def more(self) -> Wish:
        """What the system asks in a step-up."""
        return self.row.more_at_old if self.column.reads_old else self.row.more

    @property
    def refusal(self) -> Refusal | None:
        """The documented refusal; None if it must work."""
        idp, system = self.row.idp, self.column.system
        step_up = REFUSED_STEP_UPS.get(idp) if self.movement is Movement.STEP_UP else None
        # What the IdP is comes before what it can reach, and that before what is in the token.
        generation = WRONG_GENERATION.get((idp, system))
        if generation is not None and self.column.only_hints and self.movement is Movement.PASSIVE:
            return NOT_DECIDED
        return generation or step_up or WANTING.get((idp, system))


ROWS: Final = (
    Row(
        "OIOSAML 3", "korsbaek", "cilla-moeberg", "opslag", (("level", "Low"),), "Low", (("level", "Substantial"),), ()
    ),
    Row("OIOSAML 2", "maagevig", "eva-aalund", "arkiv", (), None, (), (("level", "4"),)),
    Row("NemLog-in", "nemlogin", "sif-oernhoej", "opslag", (), None, (("level", "High"),), (("level", "4"),)),
)

COLUMNS: Final = (
    Column("OIOSAML 3", "byggesag", only_hints=True),
    Column("OIOSAML 2", "arkiv", reads_old=True),
    Column("SEB", "seb"),
    Column("attribute query", "opslag"),
)

_NO_NSIS: Final = Refusal(
    "fed.no-nsis", "An AssuranceLevel is not an NSIS level: the municipality must move its IdP to NSIS."
)

NOT_DECIDED: Final = Refusal(
    "proto.no-passive",
    "A hint at an IdP that cannot serve the system decides nothing; the person would have to choose, and a passive request shows no page.",
)
"""Of a passive request whose hint is no candidate."""

WRONG_GENERATION: Final[Mapping[tuple[str, str], Refusal]] = {
    ("maagevig", "byggesag"): _NO_NSIS,
    ("maagevig", "seb"): _NO_NSIS,
    ("maagevig", "opslag"): _NO_NSIS,
}
"""By IdP and system, whatever the movement."""

REFUSED_STEP_UPS: Final[Mapping[str, Refusal]] = {
    "maagevig": Refusal("fed.loa", "The home IdP is registered at the level of the session, and more is asked for."),
    "nemlogin": Refusal("fed.loa", "The home IdP is registered at the level of the session, and more is asked for."),
}
"""By IdP."""

WANTING: Final[Mapping[tuple[str, str], Refusal]] = {
    ("nemlogin", "seb"): Refusal(
        "fed.attribute", "SEB needs the CPR number, and the person's NemLog-in identity has none."
    ),
}
"""By IdP and system, once the level is enough."""


def cells() -> Iterator[Cell]:
    """Give every cell, row by row."""
    for row, column, movement in product(ROWS, COLUMNS, Movement):
        yield Cell(row, column, movement)
