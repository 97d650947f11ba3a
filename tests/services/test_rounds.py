from __future__ import annotations

import asyncio

import pytest

from server.services.rounds import Rounds

NEVER = 3600.0


class Desk:
    """Work that is asked for, and taken in rounds; a round ends when it may."""

    def __init__(self, interval_seconds: float, *, gathering: bool = False) -> None:
        self.rounds = Rounds(self._take, interval_seconds, gathering=gathering)
        self.waiting: list[int] = []
        self.taken: list[list[int]] = []
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    def ask(self, *things: int) -> None:
        for thing in things:
            self.waiting.append(thing)
            self.rounds.ask()

    async def _take(self) -> None:
        some, self.waiting = self.waiting, []
        self.begun.set()
        await self.may_end.wait()
        self.taken.append(some)


@pytest.mark.gen_test
async def test_the_first_comes_at_once_and_what_follows_waits_for_the_pause_to_end() -> None:
    desk = Desk(NEVER)
    desk.ask(1)
    await desk.begun.wait()
    desk.ask(2, 3)
    await asyncio.sleep(0)
    assert desk.taken == [[1]]
    await desk.rounds.close()
    assert desk.taken == [[1], [2, 3]]


@pytest.mark.gen_test
async def test_one_that_gathers_begins_when_the_interval_has_passed() -> None:
    patient, quick = Desk(NEVER, gathering=True), Desk(0.0, gathering=True)
    for desk in (patient, quick):
        desk.ask(1, 2)
    await quick.begun.wait()
    assert not patient.begun.is_set()
    await patient.rounds.close()
    await quick.rounds.close()
    assert patient.taken == quick.taken == [[1, 2]]


@pytest.mark.gen_test
async def test_there_is_one_round_at_a_time() -> None:
    desk = Desk(0.0)
    desk.may_end.clear()
    desk.ask(1)
    await desk.begun.wait()
    desk.begun.clear()
    desk.ask(2)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not desk.begun.is_set()
    desk.may_end.set()
    await desk.begun.wait()
    await desk.rounds.close()
    assert desk.taken == [[1], [2]]


@pytest.mark.gen_test
async def test_closing_waits_for_the_round_under_way_and_for_nothing_when_there_is_none() -> None:
    desk = Desk(NEVER)
    await desk.rounds.close()
    desk.may_end.clear()
    desk.ask(1)
    closing = asyncio.ensure_future(desk.rounds.close())
    await desk.begun.wait()
    assert not closing.done()
    desk.may_end.set()
    await closing
    assert desk.taken == [[1]]
