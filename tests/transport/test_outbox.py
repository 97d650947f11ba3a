"""The queue of a slow client: bounded, droppable first, the newest of a key in the place of the old."""

from __future__ import annotations

import random
from functools import partial

import pytest

from server.transport.outbox import Outbox, OutboxFullError


def drain(outbox: Outbox[str]) -> list[str]:
    return [outbox.pop() for _ in range(len(outbox))]


def test_first_in_first_out() -> None:
    outbox: Outbox[str] = Outbox(100)
    for item in ("a", "b", "c"):
        outbox.put(item, 10)
    assert (len(outbox), outbox.size_bytes, outbox.peek()) == (3, 30, "a")
    assert drain(outbox) == ["a", "b", "c"]
    assert outbox.size_bytes == 0
    with pytest.raises(IndexError):
        outbox.pop()


def test_full() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("a", 60)
    outbox.put("b", 40)
    with pytest.raises(OutboxFullError):
        outbox.put("c", 1)
    assert drain(outbox) == ["a", "b"]


def test_one_item_over_the_limit_is_taken_when_nothing_else_waits() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("large", 1000)
    with pytest.raises(OutboxFullError):
        outbox.put("b", 1)


def test_droppable_go_first() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("a", 30)
    outbox.put("x", 30, droppable=True)
    outbox.put("y", 30, droppable=True)
    outbox.put("b", 30)
    assert (outbox.dropped, outbox.size_bytes) == (2, 60)
    assert drain(outbox) == ["a", "b"]


def test_droppable_is_itself_dropped_when_there_is_no_room() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("a", 90)
    outbox.put("x", 20, droppable=True)
    assert (outbox.dropped, len(outbox)) == (1, 1)


def test_newest_of_a_key_takes_the_place_of_the_old() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("p1", 10, key="p")
    outbox.put("m", 10)
    outbox.put("p2", 10, key="p", newest=lambda: ("p whole", 25))
    outbox.put("q", 10, key="q")
    assert outbox.size_bytes == 45
    assert drain(outbox) == ["p whole", "m", "q"]


def test_key_that_has_left_is_queued_anew() -> None:
    outbox: Outbox[str] = Outbox(100)
    outbox.put("p1", 10, key="p")
    assert outbox.pop() == "p1"
    outbox.put("p2", 10, key="p", newest=lambda: ("not needed", 1))
    assert drain(outbox) == ["p2"]


def test_keys_outlive_a_dropping() -> None:
    outbox: Outbox[str] = Outbox(50)
    outbox.put("p1", 20, key="p")
    outbox.put("x", 20, droppable=True)
    outbox.put("m", 20)  # drops x
    outbox.put("p2", 20, key="p")
    assert drain(outbox) == ["p2", "m"]


def test_before_all_others() -> None:
    outbox: Outbox[str] = Outbox(50)
    outbox.put("a", 50)
    outbox.put_first("urgent", 10)
    assert outbox.size_bytes == 60
    assert drain(outbox) == ["urgent", "a"]


def test_clear() -> None:
    outbox: Outbox[str] = Outbox(50)
    outbox.put("p", 20, key="p")
    outbox.clear()
    assert (len(outbox), outbox.size_bytes) == (0, 0)
    outbox.put("p", 20, key="p")
    assert drain(outbox) == ["p"]


def str_and_size(number: int, size: int) -> tuple[str, int]:
    return str(number), size


def test_sizes_always_add_up() -> None:
    chance = random.Random(7)
    outbox: Outbox[str] = Outbox(500)
    for number in range(5000):
        size = chance.randrange(1, 80)
        key = chance.choice([None, None, "a", "b", "c"])
        droppable = key is None and chance.random() < 0.5
        try:
            outbox.put(f"{number}", size, droppable=droppable, key=key, newest=partial(str_and_size, number, size + 1))
        except OutboxFullError:
            outbox.pop()
        if outbox and chance.random() < 0.4:
            outbox.pop()
        assert outbox.size_bytes == sum(entry.size for entry in outbox._entries)
        keys = [entry.key for entry in outbox._entries if entry.key is not None]
        assert len(keys) == len(set(keys))
