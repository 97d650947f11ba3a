"""Rooms, and the hub that delivers to them: cut broadcasts keep the order for each member."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import pytest

from server import turns as turns_module
from server.realtime import hub as hub_module
from server.realtime.hub import MAX_CUT_BROADCASTS, Hub
from server.realtime.publication import Publication
from server.realtime.rooms import Rooms
from server.turns import Turn
from tests.support.leftovers import ErrorLog


class Listener:
    """A member that keeps the first argument of what it is sent."""

    def __init__(self) -> None:
        self.rooms: set[str] = set()
        self.heard: list[object] = []
        self.expelled: list[str] = []
        self.home = Rooms()

    def deliver(self, publication: Publication) -> None:
        self.heard.append(publication.args[0])

    def leave(self, room: str) -> None:
        self.home.leave(self, room)

    def expel(self, reason: str) -> None:
        self.expelled.append(reason)


class Turns:
    """The loop, one callback at a time."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self) -> None:
        """Run what waits now."""
        waiting, self.waiting = self.waiting, []
        for callback in waiting:
            callback()

    def run_all(self) -> int:
        """Run until nothing waits; return how many turns it took."""
        count = 0
        while self.waiting:
            self.run()
            count += 1
            assert count < 1000
        return count


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def hub(turns: Turns) -> Hub:
    return Hub(turns.waiting.append)


def crowd(hub: Hub, count: int, room: str = "r") -> list[Listener]:
    listeners = [Listener() for _ in range(count)]
    for listener in listeners:
        listener.home = hub.rooms()
        listener.home.join(listener, room)
    return listeners


@pytest.fixture
def turns_hub(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Return a hub that cuts broadcasts after ten members, as `turns` lets it."""
    monkeypatch.setattr(hub_module, "DELIVERIES_PER_TURN", 10)

    def call_soon(callback: Callable[[], None]) -> None:
        turns.waiting.append(callback)

    return Hub(call_soon)


# Rooms.


def test_rooms_and_members_agree() -> None:
    rooms, one, two = Rooms(), Listener(), Listener()
    for _ in range(2):
        rooms.join(one, "a")
    rooms.join(one, "b")
    rooms.join(two, "b")
    assert (one.rooms, two.rooms) == ({"a", "b"}, {"b"})
    assert (list(rooms.members("a")), list(rooms.members("b"))) == ([one], [one, two])
    assert list(rooms.union(["a", "b", "none"])) == [one, two]
    rooms.leave(one, "a")
    rooms.leave(one, "a")
    rooms.leave(two, "never joined")
    assert (len(rooms), list(rooms.members("a"))) == (1, [])
    rooms.leave_all(one)
    rooms.leave_all(two)
    assert (len(rooms), one.rooms, two.rooms) == (0, set(), set())


def test_namespaces_have_rooms_of_their_own(hub: Hub) -> None:
    one, other = Listener(), Listener()
    hub.rooms("/").join(one, "r")
    hub.rooms("/custom").join(other, "r")
    hub.publish("r", "event", {"n": 1})
    assert (one.heard, other.heard) == ([{"n": 1}], [])


# The hub.


def test_publish_reaches_a_room_at_once(hub: Hub, turns: Turns) -> None:
    inside, outside = crowd(hub, 3), crowd(hub, 2, "elsewhere")
    hub.publish("r", "event", 1)
    hub.publish("nobody", "event", 2)
    assert [listener.heard for listener in inside + outside] == [[1], [1], [1], [], []]
    assert hub.has_members("r")
    assert not hub.has_members("nobody")
    assert not turns.waiting


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every turn be used up at once, and hold one delivery."""
    monkeypatch.setattr(turns_module, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(hub_module, "DELIVERIES_PER_PAUSE", 1)


def in_turns(hub: Hub, payload: int) -> asyncio.Task[Collection[object]]:
    """Begin to publish in the room ``r``."""
    published = hub.publish_in_turns("r", "event", payload, turn=Turn(), supersedes="key", snapshot=lambda: payload)
    return asyncio.get_running_loop().create_task(published)


@pytest.mark.gen_test
@pytest.mark.usefixtures("impatience")
async def test_what_is_published_in_turns_reaches_who_is_there_from_the_beginning_to_their_turn(hub: Hub) -> None:
    first, leaves, last = crowd(hub, 3)
    publishing = in_turns(hub, 1)
    await asyncio.sleep(0)
    heard_early = [listener.heard for listener in (first, leaves, last)] == [[1], [], []]
    leaves.leave("r")
    [joins] = crowd(hub, 1)
    assert await publishing == [first, last]
    assert heard_early
    assert [listener.heard for listener in (first, leaves, last, joins)] == [[1], [], [1], []]


@pytest.mark.gen_test
@pytest.mark.usefixtures("impatience")
async def test_what_is_published_in_turns_goes_behind_cut_broadcasts(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    publishing = in_turns(turns_hub, 1)
    await asyncio.sleep(0)
    turns_hub.publish("r", "event", 2)  # to more than are reached at once
    assert len(await publishing) == 25
    assert len(turns_hub.backlog) == 2  # one for all whom the first turn has not reached
    turns.run_all()
    assert [listener.heard for listener in listeners] == [[1, 2], *[[2, 1]] * 24]


def test_disconnect_expels_everyone_in_a_room(hub: Hub) -> None:
    inside, outside = crowd(hub, 3), crowd(hub, 1, "elsewhere")
    hub.disconnect("r", "banned")
    assert [listener.expelled for listener in inside + outside] == [["banned"], ["banned"], ["banned"], []]


def test_member_that_leaves_while_it_is_delivered_to(hub: Hub) -> None:
    class Leaver(Listener):
        def deliver(self, publication: Publication) -> None:
            super().deliver(publication)
            hub.rooms().leave_all(self)

    leaver, stayer = Leaver(), Listener()
    for listener in (leaver, stayer):
        hub.rooms().join(listener, "r")
    for number in (1, 2):
        hub.publish("r", "event", number)
    assert (leaver.heard, stayer.heard) == ([1], [1, 2])


def test_large_broadcast_is_cut(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    turns_hub.publish("r", "event", 1)
    reached = []
    while turns.waiting:
        turns.run()
        reached.append(sum(len(listener.heard) for listener in listeners))
    assert reached == [10, 20, 25]
    assert not turns_hub.backlog


def test_later_broadcasts_queue_behind_a_cut_one(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    for number in range(3):
        turns_hub.publish("r", "event", number)
    turns_hub.publish("small", "event", "nobody is there")
    small = crowd(turns_hub, 1, "late")
    turns_hub.publish("late", "event", 3)
    assert small[0].heard == []
    turns.run_all()
    assert all(listener.heard == [0, 1, 2] for listener in listeners)
    assert small[0].heard == [3]


def test_direct_send_comes_after_what_is_still_held(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    for number in range(3):
        turns_hub.publish("r", "event", number)
    last = listeners[-1]
    turns_hub.catch_up(last)
    assert last.heard == [0, 1, 2]
    turns.run()
    turns_hub.catch_up(last)
    turns.run_all()
    assert last.heard == [0, 1, 2]  # each once
    assert all(listener.heard == [0, 1, 2] for listener in listeners)


def test_forgotten_member_gets_nothing_more(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    turns_hub.publish("r", "event", 1)
    turns_hub.forget(listeners[-1])
    turns.run_all()
    assert listeners[-1].heard == []
    assert all(listener.heard == [1] for listener in listeners[:-1])


def test_cut_broadcasts_are_bounded(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 11)
    numbers = list(range(MAX_CUT_BROADCASTS + 5))
    for number in numbers:
        turns_hub.publish("r", "event", number)
        assert len(turns_hub.backlog) <= MAX_CUT_BROADCASTS
    turns.run_all()
    assert all(listener.heard == numbers for listener in listeners)


def test_small_broadcasts_share_a_turn(turns_hub: Hub, turns: Turns) -> None:
    crowd(turns_hub, 11)
    small = crowd(turns_hub, 1, "small")
    turns_hub.publish("r", "event", 0)
    for number in range(9):
        turns_hub.publish("small", "event", number)
    assert turns.run_all() == 2
    assert small[0].heard == list(range(9))


def test_broadcast_that_cannot_be_delivered_does_not_stop_the_next(
    turns_hub: Hub, turns: Turns, logged_errors: ErrorLog
) -> None:
    class Picky(Listener):
        def deliver(self, publication: Publication) -> None:
            if publication.args[0] == "bad":
                raise TypeError("cannot be written")
            super().deliver(publication)

    crowd(turns_hub, 11)
    picky = Picky()
    turns_hub.rooms().join(picky, "r")
    for what in ("bad", "good"):
        turns_hub.publish("r", "event", what)
    turns.run_all()
    assert picky.heard == ["good"]
    turns_hub.publish("r", "event", "later")
    turns.run_all()
    assert picky.heard == ["good", "later"]
    (logged,) = logged_errors.pop_all()
    assert "cannot be written" in logged


# Several rooms.


def test_everyone_in_any_room_hears_once_but_those_spared(hub: Hub) -> None:
    one, two = crowd(hub, 2, "a")
    hub.rooms().join(one, "b")
    [other], [spared] = crowd(hub, 1, "b"), crowd(hub, 1, "b")
    hub.rooms().join(spared, "c")
    hub.publish_to(("a", "b", "nobody"), "event", 1, spared=("c", "d"))
    assert [listener.heard for listener in (one, two, other, spared)] == [[1], [1], [1], []]


def test_who_is_evicted_hears_no_more_in_that_room(hub: Hub) -> None:
    evicted, elsewhere, stays = crowd(hub, 3)
    for listener in (evicted, elsewhere):
        hub.rooms().join(listener, "user")
    elsewhere.home.leave(elsewhere, "r")
    hub.evict("user", "r")
    hub.evict("nobody", "r")
    hub.publish("r", "event", 1)
    hub.publish("user", "event", 2)
    assert [listener.heard for listener in (evicted, elsewhere, stays)] == [[2], [2], [1]]
    assert (evicted.rooms, stays.rooms) == ({"user"}, {"r"})


def test_who_is_evicted_has_what_was_published_before(turns_hub: Hub, turns: Turns) -> None:
    listeners = crowd(turns_hub, 25)
    turns_hub.rooms().join(listeners[-1], "user")
    turns_hub.publish("r", "event", "before")
    assert listeners[-1].heard == []
    turns_hub.evict("user", "r")
    assert listeners[-1].heard == ["before"]
    turns_hub.publish("r", "event", "after")
    turns.run_all()
    assert listeners[-1].heard == ["before"]
    assert all(listener.heard == ["before", "after"] for listener in listeners[:-1])


# Publications.


class Format:
    """A wire format that counts."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, tuple[object, ...]]] = []

    def encode(self, namespace: str, event: str, args: tuple[object, ...], offset: str | None = None) -> str:
        self.written.append((namespace, event, args))
        return f"{event} {args}"


def test_publication_is_encoded_once_for_each_format() -> None:
    publication = Publication("e", (1,), supersedes="k", snapshot=lambda: 2)
    one, two = Format(), Format()
    for _ in range(3):
        assert publication.encoded(one) == publication.encoded(two) == "e (1,)"
        assert publication.newest(one) == "e (2,)"
    assert one.written == [("/", "e", (1,)), ("/", "e", (2,))]
    assert two.written == [("/", "e", (1,))]


def test_newest_without_a_snapshot_is_the_event_itself() -> None:
    assert Publication("e", (1,), supersedes="k").newest(Format()) == "e (1,)"


@pytest.mark.parametrize(
    ("publication", "must_arrive"),
    [
        (Publication("e", ()), True),
        (Publication("e", (), volatile=True), False),
        (Publication("e", (), supersedes="k"), False),
    ],
)
def test_what_must_arrive(publication: Publication, must_arrive: bool) -> None:
    assert publication.must_arrive is must_arrive


def test_who_is_in_several_rooms_is_told_once(hub: Hub) -> None:
    both, one, neither = Listener(), Listener(), Listener()
    for member, rooms in ((both, "ab"), (one, "b"), (neither, "c")):
        for room in rooms:
            hub.rooms().join(member, room)
    hub.publish_to(["a", "b", "nobody's"], "event", "hello", supersedes="key")
    assert [member.heard for member in (both, one, neither)] == [["hello"], ["hello"], []]
    hub.publish_to([], "event", "to nobody", supersedes="key")
    assert both.heard == ["hello"]
