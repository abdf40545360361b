"""A rule-based state machine over the world: what a handful of people, IdPs, systems, clocks and restarts can do to each other.

The model knows one thing only: who logged in where, in which browser, and what still counts. From that it says of every answer and every
session whether it may let somebody in (and, where it is sure, that it must). It knows no code of any refusal.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from context_handler.answering import RefusedLogin
from context_handler.asking import PostTo, RedirectTo
from context_handler.audit import audit
from context_handler.discovery import AskForHomeIdp
from oiosaml import attributes as names
from oiosaml.ids import EntityId, FlowId
from oiosaml.messages.authn_request import AuthnRequest
from oiosaml.nsis import AssuranceLevel
from tests.oracles.octet_mutations import FIELD_MUTATIONS
from tests.oracles.world import FLOORS, IDPS, KEYS, PERSONS, REACH, SYSTEMS, Browser, Person, World

SKEW: Final = timedelta(minutes=5)
"""More than any receiver allows: inside this margin of an end the model is not sure."""
ANSWER_LIVES: Final = timedelta(minutes=5)
LOGIN_LIVES: Final = timedelta(minutes=60)
SESSION_IDLE: Final = timedelta(minutes=60)
SESSION_LIVES: Final = timedelta(hours=8)

STEPS: Final[Counter[str]] = Counter()
"""How often each thing happened in this process: an accepted answer, a session that answered, a refusal by its code."""

_PLACE: Final = st.integers(min_value=0, max_value=10_000)
_PARTY: Final = st.integers(min_value=0, max_value=2)
_BROWSER: Final = st.integers(min_value=0, max_value=1)
_INCIDENT: Final = st.sampled_from(
    (
        "nothing", "the machine restarts", "the process restarts", "the IdP is disabled", "the system is disabled",
        "the IdP's key is rolled", "the person logs out", "an hour passes",
    )
)  # fmt: skip
_LEVEL: Final = st.sampled_from((None, None, *AssuranceLevel))


@dataclass
class Login:
    """A login as the model follows it."""

    system: EntityId
    browser: Browser
    flow: FlowId | None
    started: datetime
    question: AuthnRequest | None = None
    idp: EntityId | None = None
    alive: bool = True
    """Whether an answer may still let somebody in."""
    sure: bool = True
    """Whether an honest answer must."""


@dataclass
class Answer:
    """What somebody's IdP said, and when."""

    login: Login
    question: AuthnRequest
    person: Person
    level: AssuranceLevel
    by: EntityId
    key: int
    made: datetime
    body: bytes
    used: bool = False


@dataclass
class Session:
    """Somebody who is logged in, in one browser at one IdP."""

    person: Person
    level: AssuranceLevel
    key: int
    began: datetime
    used: datetime


class Federation(RuleBasedStateMachine):
    """Every step there is, and what must hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.world = World(Path(self.directory.name))
        self.logins: list[Login] = []
        self.answers: list[Answer] = []
        self.sessions: dict[tuple[str, EntityId], Session] = {}
        self.known_as: dict[tuple[EntityId, str], str] = {}

    def teardown(self) -> None:
        self.world.close()
        self.directory.cleanup()

    @initialize(system=_PARTY, person=_PLACE, others_system=_PARTY, others=_PLACE)
    def begin(self, system: int, person: int, others_system: int, others: int) -> None:
        """Somebody is logged in in one browser; in the other, an answer has come and is not posted yet."""
        STEPS["examples"] += 1
        self.log_in(system=system, browser=0, person=person)
        self.start(system=others_system, browser=1, hint=IDPS.index(PERSONS[others % len(PERSONS)].idp))
        if self.logins[-1].question:
            self._answer(self.logins[-1], others, None)

    # --- steps of a login

    @rule(system=_PARTY, browser=_BROWSER, hint=st.none() | _PARTY)
    def start(self, system: int, browser: int, hint: int | None) -> None:
        at, visitor = SYSTEMS[system], self.world.browsers[browser]
        outcome = self.world.start(at, visitor, None if hint is None else IDPS[hint])
        login = Login(at, visitor, None, self.world.now)
        if isinstance(outcome, AskForHomeIdp):
            login.flow = outcome.flow
            self.logins.append(login)
        else:
            self._left(login, outcome, asked=None)  # a hint is a wish

    @precondition(lambda self: any(each.flow for each in self.logins))
    @rule(place=_PLACE, idp=_PARTY, browser=_BROWSER)
    def choose_idp(self, place: int, idp: int, browser: int) -> None:
        choosing = [each for each in self.logins if each.flow]
        login, visitor = choosing[place % len(choosing)], self.world.browsers[browser]
        assert login.flow is not None
        outcome = self.world.choose(login.flow, IDPS[idp], visitor)
        if isinstance(outcome, RefusedLogin):
            self._refused(outcome)
            login.sure = login.sure and visitor is not login.browser
            return
        assert visitor is login.browser, "another browser chose"
        assert login.alive, "a login that had ended went on"
        self._left(login, outcome, asked=IDPS[idp])

    @precondition(lambda self: any(each.question for each in self.logins))
    @rule(place=_PLACE, person=_PLACE, level=_LEVEL, stranger=st.integers(0, 5))
    def answer(self, place: int, person: int, level: AssuranceLevel | None, stranger: int) -> None:
        """An IdP answers: mostly the one that was asked, at times another one; mostly at the level it reaches."""
        asked = [each for each in self.logins if each.question]
        self._answer(asked[-1 - place % min(len(asked), 4)], person, level, by_another=stranger == 5)

    @rule(system=_PARTY, browser=_BROWSER, person=_PLACE, level=_LEVEL)
    def log_in(self, system: int, browser: int, person: int, level: AssuranceLevel | None = None) -> None:
        """A whole login, as it should be."""
        who = PERSONS[person % len(PERSONS)]
        before = len(self.logins)
        self.start(system=system, browser=browser, hint=IDPS.index(who.idp))
        if len(self.logins) > before and self.logins[-1].question:
            self._answer(self.logins[-1], person, level)
            self._post(self.answers[-1], self.answers[-1].body, self.logins[-1].browser, changed=False)

    @rule(system=_PARTY, browser=_BROWSER, person=_PLACE, incident=_INCIDENT)
    def login_with_incident(self, system: int, browser: int, person: int, incident: str) -> None:
        """Something happens after the IdP has answered, and before the answer is posted."""
        who = PERSONS[person % len(PERSONS)]
        before = len(self.logins)
        self.start(system=system, browser=browser, hint=IDPS.index(who.idp))
        if len(self.logins) > before and self.logins[-1].question:
            self._answer(self.logins[-1], person, None)
            answer = self.answers[-1]
            self._happens(incident, answer.by, answer.login.system, answer.login.browser)
            self._post(answer, answer.body, answer.login.browser, changed=False)
            self.enable_all()

    @precondition(lambda self: self.sessions)
    @rule(system=_PARTY, place=_PLACE, incident=_INCIDENT)
    def session_with_incident(self, system: int, place: int, incident: str) -> None:
        """Something happens to somebody who is logged in, and then a system asks."""
        (name, idp), _ = list(self.sessions.items())[place % len(self.sessions)]
        number = next(number for number, each in enumerate(self.world.browsers) if each.name == name)
        self._happens(incident, idp, SYSTEMS[system], self.world.browsers[number])
        self.start(system=system, browser=number, hint=IDPS.index(idp))
        self.enable_all()

    @precondition(lambda self: self.answers)
    @rule(place=_PLACE, cross=st.integers(0, 2))
    def deliver(self, place: int, cross: int) -> None:
        """An answer is posted: the newest, or an older one again; in its own browser, or in the other one."""
        fresh = [each for each in self.answers if not each.used]
        answer = (self.answers if place % 4 == 0 or not fresh else fresh)[-1 - place % min(len(fresh) or 1, 3)]
        visitor = answer.login.browser
        if cross == 0:
            visitor = next(each for each in self.world.browsers if each is not visitor)
        self._post(answer, answer.body, visitor, changed=False)

    @precondition(lambda self: self.answers)
    @rule(place=_PLACE, seed=_PLACE)
    def tamper(self, place: int, seed: int) -> None:
        """A changed answer is posted in the right browser; the honest one must still work afterwards."""
        answer, random = self.answers[-1 - place % min(len(self.answers), 3)], Random(seed)
        body = answer.body
        for _ in range(random.randint(1, 3)):
            body = random.choice(FIELD_MUTATIONS)(body, random)
        self._post(answer, body, answer.login.browser, changed=body != answer.body)

    # --- what happens besides

    @rule(browser=_BROWSER)
    def log_out(self, browser: int) -> None:
        visitor = self.world.browsers[browser]
        ended = [key for key in self.sessions if key[0] == visitor.name]
        self.world.log_out(visitor)
        for key in ended:
            del self.sessions[key]
        for login in self.logins:
            if login.browser is visitor:
                login.sure = False
                login.alive = login.alive and not ended

    @rule(party=st.sampled_from((*IDPS, *SYSTEMS)))
    def disable(self, party: EntityId) -> None:
        self.world.enable(party, enabled=False)

    @rule()
    def enable_all(self) -> None:
        for party in (*IDPS, *SYSTEMS):
            self.world.enable(party, enabled=True)

    @rule(idp=_PARTY)
    def roll_key_of_idp(self, idp: int) -> None:
        if self.world.idp_keys[IDPS[idp]] < KEYS:
            self.world.roll_idp_key(IDPS[idp])

    @rule()
    def roll_key_of_broker(self) -> None:
        self.world.roll_broker_key()

    @rule(minutes=st.sampled_from((0.1, 1, 2, 4, 12, 55, 500)))
    def advance(self, minutes: float) -> None:
        self.world.advance(timedelta(minutes=minutes))

    @rule()
    def tidy(self) -> None:
        self.world.tidy()

    @rule(whole_machine=st.booleans())
    def restart(self, *, whole_machine: bool) -> None:
        self.world.restart(whole_machine=whole_machine)
        for login in self.logins:
            login.alive = login.alive and not whole_machine

    # --- what must hold after every step

    @invariant()
    def nothing_is_lost(self) -> None:
        STEPS["steps"] += 1
        report = audit(self.world.record, self.world.ports.workspace, self.world.now)
        assert report.conserved, report

    @invariant()
    def every_session_rests_on_an_answer(self) -> None:
        world, workspace = self.world, self.world.ports.workspace
        for browser in world.browsers:
            for handle in browser.sessions_before:
                assert not world.ports.sessions.in_browser(workspace, handle), "an old cookie opens a session"
            if browser.session is None:
                continue
            for session in world.ports.sessions.in_browser(workspace, browser.session):
                known = self.sessions.get((browser.name, session.idp))
                assert known is not None, f"a session at {session.idp} that rests on nothing"
                assert session.name_id == known.person.name_id
                assert session.level <= known.level

    # --- the model itself

    def _happens(self, incident: str, idp: EntityId, system: EntityId, browser: Browser) -> None:
        happens: dict[str, Callable[[], object]] = {
            "nothing": lambda: None,
            "the machine restarts": lambda: self.restart(whole_machine=True),
            "the process restarts": lambda: self.restart(whole_machine=False),
            "the IdP is disabled": lambda: self.disable(idp),
            "the system is disabled": lambda: self.disable(system),
            "the IdP's key is rolled": lambda: self.roll_key_of_idp(IDPS.index(idp)),
            "the person logs out": lambda: self.log_out(self.world.browsers.index(browser)),
            "an hour passes": lambda: self.advance(61),
        }
        happens[incident]()

    def _answer(self, login: Login, person: int, level: AssuranceLevel | None, *, by_another: bool = False) -> None:
        assert login.question is not None
        known = [each for each in PERSONS if (each.idp == login.idp) is not by_another]
        who = known[person % len(known)]
        level = level or REACH[IDPS.index(who.idp)]
        body = self.world.answer(login.question, who, level)
        key = self.world.idp_keys[who.idp]
        self.answers.append(Answer(login, login.question, who, level, who.idp, key, self.world.now, body))

    def _left(self, login: Login, outcome: Any, asked: EntityId | None) -> None:
        """The browser was sent on: to an IdP with a question, or, on the strength of a session, to the system."""
        if isinstance(outcome, RefusedLogin):
            self._refused(outcome)
            return
        if isinstance(outcome, RedirectTo):
            login.question = self.world.question_in(outcome)
            login.idp = next(each for each in IDPS if outcome.url.startswith(f"{each}/sso"))
            assert asked in (None, login.idp)
            assert self.world.is_enabled(login.idp), "an IdP was asked that is switched off"
            if login not in self.logins:
                self.logins.append(login)
            return
        assert isinstance(outcome, PostTo)
        assertion = self._read(login.system, outcome)
        login.alive = login.sure = False
        session = next(
            (
                each
                for (browser, _), each in self.sessions.items()
                if browser == login.browser.name and (each.person.email,) == assertion.values_of(names.EMAIL)
            ),
            None,
        )
        assert session is not None, "a session answered that rests on nothing"
        assert asked in (None, session.person.idp)
        assert self._still_counts(session), session
        self._tells(login.system, assertion, session.person, session.level)
        session.used = self.world.now
        STEPS["answered by a session"] += 1

    def _post(self, answer: Answer, body: bytes, visitor: Browser, *, changed: bool) -> None:
        login = answer.login
        outcome = self.world.deliver(body, visitor)
        if isinstance(outcome, PostTo):
            assertion = self._read(login.system, outcome)
            assert self._may(answer, visitor), "somebody was let in who may not be"
            self._tells(login.system, assertion, answer.person, answer.level)
            answer.used, login.alive, login.sure = True, False, False
            session = Session(answer.person, answer.level, answer.key, self.world.now, self.world.now)
            self.sessions[visitor.name, answer.by] = session
            STEPS["accepted"] += 1
            return
        assert isinstance(outcome, RefusedLogin)
        self._refused(outcome)
        if changed or visitor is not login.browser or answer.by != login.idp:
            return  # it failed authentication: nothing was used up, and the honest answer must still work
        assert not self._must(answer, visitor), f"an honest answer was refused: {outcome.error}"
        login.sure = False

    def _may(self, answer: Answer, visitor: Browser) -> bool:
        login, now = answer.login, self.world.now
        return (
            login.alive
            and not answer.used
            and visitor is login.browser
            and answer.by == login.idp
            and login.question is not None
            and login.question.id == answer.question.id
            and answer.key == self.world.idp_keys[answer.by]
            and self.world.is_enabled(answer.by)
            and self.world.is_enabled(login.system)
            and now <= answer.made + ANSWER_LIVES + SKEW
            and now < login.started + LOGIN_LIVES
            and FLOORS[SYSTEMS.index(login.system)] <= answer.level <= REACH[IDPS.index(answer.by)]
        )

    def _must(self, answer: Answer, visitor: Browser) -> bool:
        return self._may(answer, visitor) and answer.login.sure and self.world.now < answer.made + ANSWER_LIVES

    def _still_counts(self, session: Session) -> bool:
        now = self.world.now
        return (
            self.world.is_enabled(session.person.idp)
            and session.key == self.world.idp_keys[session.person.idp]
            and now < session.used + SESSION_IDLE
            and now < session.began + SESSION_LIVES
        )

    def _read(self, system: EntityId, outcome: PostTo) -> Any:
        told, assertion = self.world.token(outcome)
        assert assertion is not None
        assert told == system, "another system was told"
        return assertion

    def _tells(self, system: EntityId, assertion: Any, person: Person, level: AssuranceLevel) -> None:
        """The assertion is about that person, for that system, at no higher level than was asserted, and by the name it had before."""
        assert assertion.values_of(names.EMAIL) == (person.email,)
        assert assertion.values_of(names.CVR) == (person.cvr,)
        told = AssuranceLevel.from_attribute(assertion.values_of(names.LOA)[0])
        assert FLOORS[SYSTEMS.index(system)] <= told <= min(level, REACH[IDPS.index(person.idp)])
        assert assertion.conditions.audience_restrictions == ((system,),)
        name = assertion.subject.name_id.value
        assert self.known_as.setdefault((system, person.email), name) == name
        assert list(self.known_as.values()).count(name) == 1, "two people, or two systems, share a name"

    def _refused(self, outcome: RefusedLogin) -> None:
        STEPS[outcome.error.code] += 1
        if outcome.answer is not None:
            _, assertion = self.world.token(outcome)
            assert assertion is None, "a refusal that carries an assertion"
