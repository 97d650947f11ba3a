"""The wheel of deadlines, under a clock of the test's own."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from tornado.ioloop import IOLoop

from server.transport.deadlines import NEVER, Deadlines
from tests.support.clock import FakeClock
from tests.support.leftovers import ErrorLog
from tests.support.wire import until

TICK_SECONDS = 0.1


class Entry:
    """Keeps when it was woken; ``then`` says what to do."""

    def __init__(self, then: Callable[[float], float | None] = lambda now: None) -> None:
        self.wakes_at = NEVER
        self.woken: list[float] = []
        self._then = then

    def on_deadline(self, now: float) -> float | None:
        self.woken.append(now)
        return self._then(now)


class Wheel:
    """A wheel and its clock, which begins at 1000."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.deadlines = Deadlines(self.clock, TICK_SECONDS)

    def advance(self, seconds: float) -> None:
        """Let time pass tick by tick."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end - 1e-6:
            self.clock.advance(min(TICK_SECONDS, end - self.clock.monotonic()))
            self.deadlines.run_due()


@pytest.fixture
def wheel(io_loop: IOLoop) -> Wheel:
    async def make() -> Wheel:
        return Wheel()

    made: Wheel = io_loop.run_sync(make)
    return made


def test_wakes_once_and_not_before_its_time(wheel: Wheel) -> None:
    entry = Entry()
    wheel.deadlines.at(1002.0, entry)
    wheel.advance(1.9)
    assert entry.woken == []
    wheel.advance(0.3)
    assert len(entry.woken) == 1
    assert 1002.0 <= entry.woken[0] <= 1002.2 + 1e-6
    wheel.advance(5)
    assert len(entry.woken) == 1
    assert (entry.wakes_at, wheel.deadlines._buckets) == (NEVER, {})


@pytest.mark.parametrize("first", [1001.0, 1009.0])
def test_scheduling_again_moves(wheel: Wheel, first: float) -> None:
    entry = Entry()
    wheel.deadlines.at(first, entry)
    wheel.deadlines.at(1005.0, entry)
    wheel.advance(4.9)
    assert entry.woken == []
    wheel.advance(0.3)
    assert len(entry.woken) == 1
    wheel.advance(10)
    assert len(entry.woken) == 1


def test_cancelled_is_never_woken(wheel: Wheel) -> None:
    entry = Entry()
    wheel.deadlines.at(1001.0, entry)
    wheel.deadlines.cancel(entry)
    wheel.deadlines.cancel(entry)
    wheel.deadlines.cancel(Entry())
    wheel.advance(2)
    assert entry.woken == []
    assert wheel.deadlines._buckets == {}


def test_what_it_returns_is_its_next_deadline(wheel: Wheel) -> None:
    entry = Entry(lambda now: now + 1.0)
    wheel.deadlines.at(1001.0, entry)
    wheel.advance(10.5)
    assert 8 <= len(entry.woken) <= 9
    assert all(later - earlier >= 1.0 - 1e-6 for earlier, later in zip(entry.woken, entry.woken[1:], strict=False))


def test_deadline_that_has_passed_already(wheel: Wheel) -> None:
    entry = Entry()
    wheel.deadlines.at(5.0, entry)
    assert entry.woken == []  # never from within `at`
    wheel.advance(0.2)
    assert len(entry.woken) == 1


def test_order_of_time_and_of_scheduling(wheel: Wheel) -> None:
    order: list[str] = []

    def named(name: str) -> Entry:
        return Entry(lambda now: order.append(name))

    for name, when in (("c", 1003.0), ("a", 1001.0), ("b1", 1002.0), ("b2", 1002.0)):
        wheel.deadlines.at(when, named(name))
    wheel.advance(5)
    assert order == ["a", "b1", "b2", "c"]


def test_after_a_pause_of_the_process(wheel: Wheel) -> None:
    entries = [Entry() for _ in range(3)]
    for number, entry in enumerate(entries):
        wheel.deadlines.at(1001.0 + number, entry)
    late = Entry()
    wheel.deadlines.at(10_000_000.0, late)
    wheel.clock.advance(1_000_000.0)
    wheel.deadlines.run_due()
    assert [len(entry.woken) for entry in entries] == [1, 1, 1]
    assert late.woken == []


def test_error_of_one_spares_the_others(wheel: Wheel, logged_errors: ErrorLog) -> None:
    def fail(now: float) -> None:
        raise ZeroDivisionError

    entries = [Entry(), Entry(fail), Entry()]
    for entry in entries:
        wheel.deadlines.at(1001.0, entry)
    wheel.advance(2)
    assert [len(entry.woken) for entry in entries] == [1, 1, 1]
    (logged,) = logged_errors.pop_all()
    assert "ZeroDivisionError" in logged


def test_cancelled_by_one_that_is_woken_in_the_same_tick(wheel: Wheel) -> None:
    victim = Entry()
    wheel.deadlines.at(1001.0, Entry(lambda now: wheel.deadlines.cancel(victim)))
    wheel.deadlines.at(1001.0, victim)
    wheel.advance(5)
    assert victim.woken == []


def test_moved_by_one_that_is_woken_in_the_same_tick(wheel: Wheel) -> None:
    moved = Entry()
    wheel.deadlines.at(1001.0, Entry(lambda now: wheel.deadlines.at(1003.0, moved)))
    wheel.deadlines.at(1001.0, moved)
    wheel.advance(1.5)
    assert moved.woken == []
    wheel.advance(3)
    assert len(moved.woken) == 1
    assert wheel.deadlines._buckets == {}


def test_against_a_plain_model(wheel: Wheel) -> None:
    """Random scheduling, moving and cancelling: each wakes between its time and two ticks later, once."""
    chance = random.Random(5)
    entries = [Entry() for _ in range(50)]
    due: dict[Entry, float] = {}
    for _ in range(3000):
        entry = chance.choice(entries)
        if chance.random() < 0.2:
            wheel.deadlines.cancel(entry)
            due.pop(entry, None)
        else:
            when = wheel.clock.monotonic() + chance.uniform(0, 20)
            wheel.deadlines.at(when, entry)
            due[entry] = when
        before = {entry: len(entry.woken) for entry in entries}
        wheel.clock.advance(chance.choice([0.0, 0.03, 0.1, 1.0]))
        wheel.deadlines.run_due()
        now = wheel.clock.monotonic()
        for entry in entries:
            if len(entry.woken) > before[entry]:
                assert due.pop(entry) <= now + 1e-6
            elif entry in due:
                assert due[entry] > now - 2 * TICK_SECONDS
    assert sum(len(bucket) for bucket in wheel.deadlines._buckets.values()) == len(due)


@pytest.mark.gen_test
async def test_driven_by_the_loop(io_loop: IOLoop) -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock, 0.005)
    entry = Entry()
    deadlines.at(clock.monotonic() + 1.0, entry)
    deadlines.start()
    try:
        clock.advance(2)
        await until(lambda: entry.woken)
    finally:
        deadlines.stop()
