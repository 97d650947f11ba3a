from __future__ import annotations

from random import Random

from server.market.sources.backoff import FIRST_SECONDS, LONGEST_SECONDS, Backoff
from tests.support.clock import FakeClock


def waits(backoff: Backoff, clock: FakeClock, failures: int) -> list[float]:
    """Return how long each of so many failures in a row is waited for."""
    waited = []
    for _ in range(failures):
        backoff.failed()
        waited.append(backoff.remaining)
        clock.advance(backoff.remaining)
    return waited


def test_the_first_try_is_due_at_once() -> None:
    assert Backoff(FakeClock(), Random(1)).remaining == 0.0


def test_each_failure_doubles_the_wait_up_to_a_limit() -> None:
    clock = FakeClock()
    waited = waits(Backoff(clock, Random(1)), clock, 40)
    for index, seconds in enumerate(waited):
        longest = min(FIRST_SECONDS * 2**index, LONGEST_SECONDS)
        assert longest / 2 <= seconds <= longest + 1e-6
    assert len(set(waited)) == len(waited)


def test_a_success_forgets_the_failures() -> None:
    clock = FakeClock()
    backoff = Backoff(clock, Random(1))
    waits(backoff, clock, 10)
    backoff.succeeded()
    assert backoff.remaining == 0.0
    assert waits(backoff, clock, 1)[0] <= FIRST_SECONDS


def test_chance_is_given() -> None:
    waited = []
    for seed in (1, 1, 2):
        clock = FakeClock()
        waited.append(waits(Backoff(clock, Random(seed)), clock, 5))
    assert waited[0] == waited[1] != waited[2]
