"""Whatever the faults and their order: no change stays untold beyond its bound.

The bound: a subscription that died without a word is named when the next stream opens (ten minutes,
and the pauses after failures); fifteen in all. A mailbox that is openly polled needs no hint.
"""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kalends.calendars.notify.values import Mode, Site
from kalends.calendars.notify.verdict import Verdict, What
from tests.unit.notify.exchange import PULLS, STREAMS, address, server

EXAMPLES = 600 if os.environ.get("KALENDS_HYPOTHESIS") == "thorough" else 25
BOUND = 15 * 60.0
PEOPLE = st.integers(0, 4)
SITES = st.sampled_from(
    [
        STREAMS,
        Site(STREAMS.url, grouping="dag2"),
        PULLS,
        Site("https://old", Mode.STREAM, ceiling=3),
    ]
)


class Hearing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.exchange = server()
        self.changed: dict[int, float] = {}
        """Person → when the first change not told yet was made."""
        self.registered: set[int] = set()

        for person, site in enumerate([STREAMS, STREAMS, PULLS]):
            self.register(person, site)
        self.exchange.advance(60)

    def _key(self, person: int) -> tuple[str, str]:
        return (f"p{person:04}", "main")

    @rule(person=PEOPLE, site=SITES)
    def register(self, person: int, site: Site) -> None:
        key = self._key(person)
        self.registered.add(person)
        self.exchange.planner.register(key, address(key), site, self.exchange.now)
        self.exchange.advance(0)

    @rule(person=PEOPLE)
    def forget(self, person: int) -> None:
        self.registered.discard(person)
        self.changed.pop(person, None)
        self.exchange.planner.forget(self._key(person), self.exchange.now)
        self.exchange.advance(0)

    @rule(person=PEOPLE)
    def change(self, person: int) -> None:
        if person in self.registered:
            self.changed.setdefault(person, self.exchange.now)
        self.exchange.change(address(self._key(person)))

    @rule(person=PEOPLE, how=st.sampled_from(["cut", "hang", "restart", "die", "replaced"]))
    def a_change_is_lost_on_its_way(self, person: int, how: str) -> None:
        if how == "replaced":  # two streams stand side by side
            self.exchange.advance(520)
        if how == "die":
            self.exchange.kill(address(self._key(person)))
        self.change(person)
        match how:
            case "cut" | "replaced":
                self.exchange.cut()
            case "hang":
                self.exchange.silence()
            case "restart":
                self.exchange.kill()

    @rule(seconds=st.sampled_from([0.02, 0.3, 5.0, 60.0, 400.0, 2400.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.exchange.advance(seconds)

    @rule(person=PEOPLE, silently=st.booleans())
    def a_subscription_dies(self, person: int, silently: bool) -> None:
        self.exchange.names_dead_at_once = not silently
        self.exchange.kill(address(self._key(person)))

    @rule(silently=st.booleans())
    def the_server_restarts(self, silently: bool) -> None:
        self.exchange.names_dead_at_once = not silently
        self.exchange.kill()

    @rule(in_order=st.booleans())
    def streams_are_cut(self, in_order: bool) -> None:
        self.exchange.cut(in_order=in_order)

    @rule()
    def streams_hang(self) -> None:
        self.exchange.silence()

    @rule()
    def the_server_goes_down(self) -> None:
        self.exchange.down = True

    @rule(seconds=st.sampled_from([10.0, 300.0]))
    def the_server_is_busy(self, seconds: float) -> None:
        self.exchange.busy_until = self.exchange.now + seconds

    @rule(person=PEOPLE, what=st.sampled_from([What.MAILBOX, What.FULL, What.GONE, What.POLL]))
    def a_mailbox_is_refused(self, person: int, what: What) -> None:
        self.exchange.refusals[address(self._key(person))] = Verdict(what)

    @rule(limit=st.integers(0, 4))
    def the_budget_shrinks(self, limit: int) -> None:
        self.exchange.limit = limit

    @rule()
    def everything_heals_and_nobody_is_wrong(self) -> None:
        self.exchange.heal()
        self.exchange.advance(BOUND)
        for person in set(self.changed):
            polled = self.exchange.planner.heard_by(self._key(person)) == "poll"
            assert self._told(person) or polled, f"person {person} stays wrong"
        self.changed.clear()

    @invariant()
    def no_subscription_is_leaked(self) -> None:
        # Members, what is being asked for, and what died unseen: nothing grows beyond it.
        assert len(self.exchange.planner.counts()) <= 5

    @invariant()
    def figures_say_what_each_mailbox_would(self) -> None:
        planner = self.exchange.planner
        each = Counter(planner.heard_by(self._key(person)) for person in self.registered)
        assert planner.counts() == each

    def teardown(self) -> None:
        self.everything_heals_and_nobody_is_wrong()
        asked = len(self.exchange.log)
        self.exchange.advance(3600)
        assert len(self.exchange.log) - asked < 120 * 8 + 100, "a healthy server is asked too much"
        self.exchange.planner.close(self.exchange.now)
        self.exchange.advance(10)
        assert not self.exchange.wires

    def _told(self, person: int) -> bool:
        return self.exchange.hints(self._key(person), self.changed[person]) > 0


Hearing.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestNothingIsLost = Hearing.TestCase
