"""The test cases of NemLog-in's integration test as scenarios that a person or a test can play.

Only the identifiers are NemLog-in's (nemlogin3, section 3): the texts of its cases were not readable. What each case does here, and what
a client must show, is our own reading.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Twist(StrEnum):
    """How an answer differs from an honest one; `none` is honest."""

    NONE = "none"
    LOWER_LEVEL = "lower-level"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    OLD_LOGIN = "old-login"
    UNKNOWN_USER = "unknown-user"
    REPLAYED = "replayed"
    ALTERED = "altered"
    RIGHT_OF_ORGANISATION = "right-of-organisation"
    RIGHT_OF_CITIZEN = "right-of-citizen"
    RIGHT_OF_UNIT = "right-of-unit"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One test case. Ids are NemLog-in's and never change."""

    id: str
    mandatory: bool
    twist: Twist
    does_da: str
    does_en: str
    must_da: str
    """What a client must show."""
    must_en: str
    refused_with: str | None = None
    """The code with which the simulator's own Context Handler refuses; None: it lets the person in."""


# fmt: off
SCENARIOS: Final = (
    Scenario("IT-LOGON-1", True, Twist.NONE, "Et almindeligt login.", "An ordinary login.", "Brugeren er logget ind under det rigtige navn og for den rigtige organisation.", "The user is logged in, under the right name and for the right organisation."),
    Scenario("IT-SSO-1", True, Twist.NONE, "Et almindeligt login; derefter et login hos en anden tjeneste, mens sessionen hos NemLog-in lever.", "An ordinary login; then a login at another service while the session at NemLog-in lives.", "Brugeren er logget ind uden at blive spurgt igen.", "The user is logged in without being asked again."),
    Scenario("IT-SPSES-1", True, Twist.NONE, "Et almindeligt login; derefter får tjenestens egen session lov at udløbe.", "An ordinary login; then the client's own session is left to expire.", "Tjenesten beder NemLog-in om et nyt login, når dens egen session er udløbet.", "The client asks NemLog-in for a new login once its own session has expired."),
    Scenario("IT-SLO-1", True, Twist.NONE, "Et almindeligt login; derefter logger brugeren ud hos tjenesten.", "An ordinary login; then the user logs out at the client.", "Brugeren er også logget ud hos NemLog-in og hos andre tjenester i sessionen.", "The user is logged out at NemLog-in, too, and at other services of the session."),
    Scenario("IT-SLO-2", True, Twist.NONE, "Et almindeligt login hos to tjenester; derefter logger brugeren ud hos den anden, eller på NemLog-ins forside.", "An ordinary login at two services; then the user logs out at the other one, or on NemLog-in's front page.", "Tjenesten afslutter sin session og svarer på log ud-beskeden.", "The client ends its session and answers the logout message."),
    Scenario("IT-SLO-3", True, Twist.NONE, "Et almindeligt login; når tjenestens session er udløbet, logger brugeren ud på NemLog-ins forside.", "An ordinary login; once the client's session has expired the user logs out on NemLog-in's front page.", "Tjenesten svarer alligevel, at alt er i orden.", "The client still answers that all is well."),
    Scenario("IT-LOA-1", True, Twist.LOWER_LEVEL, "Svaret siger Lav, uanset hvad der blev bedt om.", "The answer says Low, whatever was asked for.", "Tjenesten afviser og siger, hvilket niveau den kræver.", "The client refuses and says which level it needs.", "fed.loa"),
    Scenario("IT-TIM-1", True, Twist.EXPIRED, "Adgangsbilletten udløb for en time siden.", "The assertion expired an hour ago.", "Tjenesten afviser adgangsbilletten.", "The client refuses the assertion.", "proto.expired"),
    Scenario("IT-TIM-2", True, Twist.NOT_YET_VALID, "Adgangsbilletten gælder først om en time.", "The assertion is valid only in an hour.", "Tjenesten afviser adgangsbilletten.", "The client refuses the assertion.", "proto.not-yet-valid"),
    Scenario("IT-LOG-1", True, Twist.NONE, "Et almindeligt login, som bagefter skal kunne findes.", "An ordinary login that must be found afterwards.", "Tjenesten kan vise forespørgsel, svar, identitet, tid og IP-adresse i sin log, i 180 dage.", "The client can show request, answer, identity, time and IP address in its log, for 180 days."),
    Scenario("IT-USER-1", False, Twist.UNKNOWN_USER, "En bruger, som tjenesten aldrig har set.", "A user whom the client has never seen.", "Tjenesten opretter brugeren eller siger, at brugeren ikke er kendt. Ingen får en andens adgang.", "The client creates the user, or says that the user is not known. Nobody gets another's access.", "aq.unknown-user"),
    Scenario("IT-ATTQ-1", False, Twist.NONE, "Et login, og derefter en attributforespørgsel om brugeren.", "A login, and then an attribute query about the user.", "Tjenesten får og viser de oplysninger, den spurgte om.", "The client gets and shows what it asked for."),
    Scenario("IT-FORCE-1", False, Twist.OLD_LOGIN, "Svaret siger, at brugeren loggede ind for en time siden.", "The answer says that the user logged in an hour ago.", "En tjeneste, der bad om nyt login (ForceAuthn), afviser svaret. Andre lader brugeren komme ind.", "A client that asked for a new login (ForceAuthn) refuses the answer. Others let the user in."),
    Scenario("IT-REPL-1", False, Twist.REPLAYED, "Den adgangsbillet, tjenesten fik sidst, sendes igen. Log ind én gang først.", "The assertion that the client got last time is sent again. Log in once first.", "Tjenesten afviser den.", "The client refuses it.", "proto.replay"),
    Scenario("IT-PRIV-1", False, Twist.RIGHT_OF_ORGANISATION, "Svaret har en rettighed for brugerens organisation (CVR).", "The answer holds a right for the user's organisation (CVR).", "Tjenesten giver netop den rettighed, for netop den organisation.", "The client gives just that right, for just that organisation."),
    Scenario("IT-PRIV-2", False, Twist.RIGHT_OF_CITIZEN, "Svaret har en fuldmagt fra en borger (CPR).", "The answer holds a power of attorney of a citizen (CPR).", "Tjenesten lader brugeren handle for netop den borger og for ingen andre.", "The client lets the user act for just that citizen and nobody else."),
    Scenario("IT-PRIV-3", False, Twist.RIGHT_OF_UNIT, "Svaret har en rettighed, som kun gælder én produktionsenhed.", "The answer holds a right for one production unit only.", "Tjenesten giver rettigheden for den enhed alene.", "The client gives the right for that unit alone."),
    Scenario("IT-SIGN-1", False, Twist.ALTERED, "Adgangsbilletten er ændret, efter at den blev underskrevet.", "The assertion was changed after it was signed.", "Tjenesten afviser adgangsbilletten.", "The client refuses the assertion.", "sig.value"),
)
# fmt: on

BY_ID: Final = {scenario.id: scenario for scenario in SCENARIOS}
