"""What waits for a sink, checked against a plain model."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kalends.engine.queueing import Item, Queue
from kalends.model.presence import Presence
from kalends.model.profile import Profile

PEOPLE = ("anna", "bo", "cia")


def item(person: str, revision: int) -> Item:
    return Item(person, revision, Presence(), Profile(person, person, "sv", "UTC"), None, revision)


def test_a_lamp_gets_only_the_newest_state() -> None:
    queue = Queue(coalesce=True)
    for revision in (1, 2, 3):
        queue.put(item("anna", revision))
    assert [one.revision for one in queue.take(10)] == [3]


def test_a_feed_gets_every_state_in_order_one_at_a_time() -> None:
    queue = Queue(coalesce=False)
    for revision in (1, 2):
        queue.put(item("anna", revision))
    (first,) = queue.take(10)
    assert (first.revision, queue.take(10)) == (1, [])
    queue.done(first)
    assert [one.revision for one in queue.take(10)] == [2]


def test_a_failing_person_holds_up_nobody_else_and_not_the_cursor() -> None:
    queue = Queue(coalesce=False)
    queue.put(item("anna", 1))
    queue.put(item("bo", 2))
    (first,) = queue.take(1)
    queue.block(first)
    queue.put(item("anna", 3))
    assert [one.person for one in queue.take(10)] == ["bo"]
    assert queue.lowest() == 2
    queue.unblock("anna", None)
    assert [one.revision for one in queue.take(10)] == [1]


def test_who_is_held_waits_for_a_retry_and_nobody_else_does() -> None:
    queue = Queue(coalesce=False)
    queue.put(item("anna", 1))
    queue.put(item("bo", 2))
    queue.put(item("bo", 3))
    queue.hold("bo")
    assert [one.person for one in queue.take(10)] == ["anna"]
    assert queue.waiting == 1
    queue.unblock("bo", None)
    assert [one.revision for one in queue.take(10)] == [2]
    assert queue.waiting == 3


def test_a_state_that_waits_while_an_older_one_is_on_its_way_is_replaced_by_a_newer() -> None:
    queue = Queue(coalesce=True)
    queue.put(item("anna", 1))
    (sent,) = queue.take(1)
    queue.put(item("anna", 2))
    queue.put(item("anna", 3))
    queue.done(sent)
    assert [one.revision for one in queue.take(1)] == [3]


class Pumping(RuleBasedStateMachine):
    """Whatever happens: per person in order, nothing lost, the counter right."""

    coalesce = False

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue(coalesce=self.coalesce)
        self.revision = 0
        self.sending: list[Item] = []
        self.blocked: set[str] = set()
        self.latest: dict[str, int] = {}
        self.delivered: dict[str, list[int]] = {person: [] for person in PEOPLE}
        self.all: dict[str, list[int]] = {person: [] for person in PEOPLE}

    @rule(person=st.sampled_from(PEOPLE))
    def change(self, person: str) -> None:
        self.revision += 1
        self.queue.put(item(person, self.revision))
        self.latest[person] = self.revision
        self.all[person].append(self.revision)

    @rule(limit=st.integers(1, 3))
    def take(self, limit: int) -> None:
        self.sending += self.queue.take(limit)

    @precondition(lambda self: self.sending)
    @rule()
    def deliver(self) -> None:
        sent = self.sending.pop(0)
        self.delivered[sent.person].append(sent.revision)
        self.queue.done(sent)

    @precondition(lambda self: self.sending)
    @rule()
    def fail(self) -> None:
        sent = self.sending.pop()
        self.queue.block(sent)
        self.blocked.add(sent.person)

    @precondition(lambda self: self.blocked)
    @rule()
    def retry(self) -> None:
        person = sorted(self.blocked)[0]
        self.blocked.discard(person)
        present = item(person, self.latest[person]) if self.coalesce else None
        self.queue.unblock(person, present)

    @invariant()
    def nobody_goes_back(self) -> None:
        for revisions in self.delivered.values():
            assert revisions == sorted(revisions)

    @invariant()
    def nobody_is_sent_twice_at_once(self) -> None:
        people = [one.person for one in self.sending]
        assert len(people) == len(set(people))

    @invariant()
    def waiting_is_never_negative(self) -> None:
        assert self.queue.waiting >= 0

    @invariant()
    def whoever_waits_for_a_retry_is_counted(self) -> None:
        assert self.queue.blocked == len(self.blocked)

    def teardown(self) -> None:
        while self.blocked:
            self.retry()
        while self.sending or len(self.queue):
            self.take(3)
            self.deliver()
        assert self.queue.waiting == 0
        for person, revisions in self.delivered.items():
            if self.coalesce:
                assert not self.all[person] or revisions[-1] == self.latest[person]
            else:
                assert sorted(set(revisions)) == self.all[person]


class Lamp(Pumping):
    """The same for a lamp."""

    coalesce = True


TestFeed = Pumping.TestCase
TestLamp = Lamp.TestCase
