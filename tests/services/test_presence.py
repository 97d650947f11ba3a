"""Presence without a server: who counts as what, what is told, and what a storm costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from server.domain.friends import pair_key
from server.domain.presence import Presence, PresenceState
from server.domain.rooms import user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services.presence import BATCH_SECONDS, GRACE_SECONDS, RETRY_SECONDS
from server.storage.documents import Database
from server.storage.friendships import PAIRS_PER_BATCH
from server.storage.presences import PresenceRepository
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community

ONLINE, IDLE, OFFLINE = PresenceState.ONLINE, PresenceState.IDLE, PresenceState.OFFLINE


class Scene:
    """Alice and bob, friends, and carol, a stranger; what is told of alice."""

    def __init__(self, database: Database) -> None:
        self.publisher = RecordingPublisher()
        self.community = open_community(database, self.publisher)
        self.presence = self.community.presence

    async def begin(self) -> Principal:
        self.alice, self.bob, self.carol = [await self.community.member(name) for name in ("alice", "bob", "carol")]
        await self.community.befriend(self.alice, self.bob)
        return self.alice

    async def pass_time(self, seconds: float = BATCH_SECONDS) -> None:
        await pass_time(self.community, seconds)

    def told(self) -> list[tuple[str, str]]:
        """Return what bob was told since the last time: events and states."""
        told = [
            (item.event, item.payload["state"])
            for item in self.publisher.published
            if item.payload["user_id"] == self.alice.user_id
        ]
        assert {item.room for item in self.publisher.published} <= {user_room(self.bob.user_id)}
        self.publisher.published.clear()
        return told


async def pass_time(community: Community, seconds: float) -> None:
    assert isinstance(community.clock, FakeClock)
    community.clock.advance(seconds)
    community.presence.run_due()
    await community.presence.settle()


@pytest.mark.gen_test
async def test_a_user_is_as_present_as_the_most_present_device(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    presence = scene.presence
    steps: list[tuple[Callable[[], None], list[tuple[str, str]]]] = [
        (lambda: presence.arrive(alice, "laptop"), [("user_online", "online")]),
        (lambda: presence.arrive(alice, "phone"), []),
        (lambda: presence.set_state(alice, "laptop", IDLE), []),
        (lambda: presence.set_state(alice, "phone", IDLE), [("user_presence", "idle")]),
        (lambda: presence.set_state(alice, "phone", IDLE), []),
        (lambda: presence.set_state(alice, "laptop", ONLINE), [("user_presence", "online")]),
        (lambda: presence.set_state(alice, "tablet", IDLE), []),  # never here
        (lambda: presence.depart(alice, "tablet"), []),
    ]
    for act, expected in steps:
        act()
        await scene.pass_time()
        assert scene.told() == expected
    scene.presence.depart(alice, "laptop")
    await scene.pass_time(GRACE_SECONDS)
    assert scene.told() == []
    await scene.pass_time()
    assert scene.told() == [("user_presence", "idle")]  # the phone rests
    scene.presence.depart(alice, "phone")
    await scene.pass_time(GRACE_SECONDS)
    await scene.pass_time()
    assert scene.told() == [("user_offline", "offline")]


@pytest.mark.gen_test
async def test_what_does_not_last_is_not_told(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    scene.presence.arrive(alice, 0)
    await scene.pass_time()
    assert scene.told() == [("user_online", "online")]
    for device in range(20):  # loads the page again and again
        scene.presence.depart(alice, device)
        await scene.pass_time(GRACE_SECONDS * 0.8)
        scene.presence.arrive(alice, device + 1)
        scene.presence.set_state(alice, device + 1, IDLE)
        scene.presence.set_state(alice, device + 1, ONLINE)
        await scene.pass_time(GRACE_SECONDS * 0.8)
    assert scene.told() == []


@pytest.mark.gen_test
async def test_a_resting_device_that_comes_and_goes_does_not_keep_one_online(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    scene.presence.arrive(alice, "laptop")
    await scene.pass_time()
    scene.presence.depart(alice, "laptop")
    for number in range(3):
        scene.presence.arrive(alice, number)
        scene.presence.set_state(alice, number, IDLE)
        await scene.pass_time(GRACE_SECONDS * 0.8)
        scene.presence.depart(alice, number)
    assert scene.told() == [("user_online", "online"), ("user_presence", "idle")]


@pytest.mark.gen_test
async def test_last_seen(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    clock = scene.community.clock

    async def seen() -> Presence:
        return (await scene.presence.of([alice]))[alice]

    assert await seen() == Presence(OFFLINE, None)
    scene.presence.arrive(alice, "laptop")
    await scene.pass_time(60)
    assert await seen() == Presence(ONLINE, clock.now())
    scene.presence.set_state(alice, "laptop", IDLE)
    rested = clock.now()
    await scene.pass_time(60)
    assert await seen() == Presence(IDLE, rested)
    scene.presence.depart(alice, "laptop")
    left = clock.now()
    await scene.pass_time(GRACE_SECONDS)
    await scene.pass_time(BATCH_SECONDS)
    assert await seen() == Presence(OFFLINE, left)
    assert scene.publisher.of("user_offline")[-1]["last_seen"] == left.isoformat(timespec="milliseconds")
    assert await open_community(database).presence.of([alice]) == {alice: Presence(OFFLINE, left)}  # stored


@pytest.mark.gen_test
async def test_last_seen_after_a_stop_and_after_a_crash(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    scene.presence.arrive(alice, "laptop")
    arrived = scene.community.clock.now()
    await scene.pass_time(60)
    await scene.pass_time(60)
    crashed = open_community(database).presence
    assert await crashed.of([alice]) == {alice: Presence(OFFLINE, arrived)}
    scene.presence.arrive(scene.bob.user_id, "phone")
    scene.presence.depart(scene.bob.user_id, "phone")
    await scene.presence.stop()
    stopped = open_community(database).presence
    assert await stopped.of([alice, scene.bob.user_id]) == {
        alice: Presence(OFFLINE, arrived + timedelta(seconds=120)),
        scene.bob.user_id: Presence(OFFLINE, arrived + timedelta(seconds=120)),
    }


class GuardedPresences(PresenceRepository):
    """Counts the writes, or fails them."""

    failures = 0
    writes = 0

    async def touch(self, seen: Mapping[str, datetime]) -> None:
        self.writes += 1
        if self.failures:
            self.failures -= 1
            raise RequestError(ErrorCode.UNAVAILABLE)
        await super().touch(seen)


@pytest.mark.gen_test
async def test_a_database_that_is_away_delays_but_loses_nothing(database: Database) -> None:
    scene = Scene(database)
    alice = (await scene.begin()).user_id
    failing = GuardedPresences(database)
    failing.failures = 2
    scene.presence._presences = failing
    scene.presence.arrive(alice, "laptop")
    arrived = scene.community.clock.now()
    for _ in range(4):
        await scene.pass_time(RETRY_SECONDS)
    assert scene.told() == [("user_online", "online")]
    assert await failing.last_seen([alice]) == {alice: arrived}
    failing.failures = 1
    scene.presence.depart(alice, "laptop")
    for _ in range(4):
        await scene.pass_time(GRACE_SECONDS)
    assert scene.told() == [("user_offline", "offline")]
    assert scene.presence._users == scene.presence._unwritten == scene.presence._changed == {}


@pytest.mark.gen_test
async def test_nobody_who_is_gone_is_kept(database: Database) -> None:
    scene = Scene(database)
    await scene.begin()
    for number in range(50):
        scene.presence.arrive(f"{number:024x}", "laptop")
        if number % 2:
            await scene.pass_time(BATCH_SECONDS)
        scene.presence.depart(f"{number:024x}", "laptop")
    await scene.pass_time(GRACE_SECONDS)
    await scene.pass_time(BATCH_SECONDS)
    presence = scene.presence
    assert not (presence._users or presence._gone or presence._changed or presence._unwritten)


@pytest.mark.parametrize("count", [50, 5000])
@pytest.mark.gen_test
async def test_a_storm_costs_a_few_queries(database: Database, count: int) -> None:
    """Everyone comes at once; each is the friend of the next."""
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    guarded = community.presence._presences = GuardedPresences(database)
    ids = [f"{number:024x}" for number in range(count)]
    now = community.clock.now()
    await database["relations"].insert_many(
        {"_id": pair_key(*pair), "user_ids": list(pair), "friends_since": now} for pair in pairwise(ids)
    )
    await database.create_collection("system.profile", capped=True, size=1 << 24)
    await database.command("profile", 1, filter={"ns": f"{database.name}.relations"})
    for user_id in ids:
        community.presence.arrive(user_id, "laptop")
    await pass_time(community, BATCH_SECONDS)
    await database.command("profile", 0)
    asked = [document["op"] for document in await database["system.profile"].find().to_list(None)]
    assert asked[0] == "query"
    assert asked[1:] == ["getmore"] * ((count - 1) // PAIRS_PER_BATCH)
    assert guarded.writes == 1
    told = publisher.of("user_online")
    assert len(told) == 2 * (count - 1)
    assert {payload["user_id"] for payload in told} == set(ids)
    assert len(await guarded.last_seen(ids)) == count
