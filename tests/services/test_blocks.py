"""Blocking: it ends everything, and whom it concerns cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.domain.friends import pair_key
from server.domain.rooms import user_room
from server.domain.users import Principal
from server.errors import RequestError
from server.services import friends as friends_module
from server.storage.documents import Database
from tests.support.community import Community, RecordingPublisher, open_community


async def two(database: Database) -> tuple[Community, RecordingPublisher, Principal, Principal]:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    return community, publisher, await community.member("alice"), await community.member("bob")


def heard(publisher: RecordingPublisher, user: Principal) -> list[tuple[str, Any]]:
    """Return what a user was told."""
    return [(item.event, item.payload) for item in publisher.published if item.room == user_room(user.user_id)]


@pytest.mark.gen_test
async def test_a_block_looks_like_an_unfriending(database: Database) -> None:
    community, publisher, alice, bob = await two(database)
    told = []
    for part in (community.friends.unfriend, community.friends.block):
        await community.befriend(alice, bob)
        await part(alice, bob.user_id)
        told.append((heard(publisher, alice), heard(publisher, bob)))
        publisher.published.clear()
        for user in (alice, bob):
            assert await community.friends.friends(user) == []
        with pytest.raises(RequestError, match="not_found"):
            await community.friends.unfriend(bob, alice.user_id)
    of_alice, of_bob = ({"user_id": user.user_id} for user in (alice, bob))
    assert told == [([("friend_removed", of_bob)], [("friend_removed", of_alice)])] * 2
    assert [profile.id for profile in await community.friends.blocked(alice)] == [bob.user_id]
    assert await community.friends.blocked(bob) == []


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("asks", ["alice", "bob"])
@pytest.mark.gen_test
async def test_a_block_ends_a_request_as_an_answer_does(database: Database, blocks: bool, asks: str) -> None:
    community, publisher, alice, bob = await two(database)
    request = await community.friends.request(*((alice, "bob") if asks == "alice" else (bob, "alice")))
    publisher.published.clear()
    if blocks:
        await community.friends.block(alice, bob.user_id)
    else:
        end = community.friends.withdraw if asks == "alice" else community.friends.decline
        await end(alice, request.id)
    for user in (alice, bob):
        assert heard(publisher, user) == [("friend_request_removed", {"request_id": request.id})]
        assert await community.friends.requests(user) == []


@pytest.mark.gen_test
async def test_who_is_blocked_asks_and_waits(database: Database) -> None:
    community, publisher, alice, bob = await two(database)
    await community.friends.block(alice, bob.user_id)
    request = await community.friends.request(bob, "alice")
    assert await community.friends.request(bob, "alice") == request
    assert await community.friends.requests(bob) == [request]
    assert [event for event, _ in heard(publisher, bob)] == ["friend_request"]

    assert await community.friends.requests(alice) == []
    assert heard(publisher, alice) == []
    for answer in (community.friends.accept, community.friends.decline, community.friends.withdraw):
        with pytest.raises(RequestError, match="not_found"):
            await answer(alice, request.id)
    with pytest.raises(RequestError, match="conflict") as refused:
        await community.friends.request(alice, "bob")
    assert refused.value.data == {}  # the request is not named
    await community.friends.block(alice, bob.user_id)  # once more changes nothing
    assert await community.friends.requests(bob) == [request]


@pytest.mark.gen_test
async def test_a_request_that_was_not_shown_is_when_unblocked(database: Database) -> None:
    community, publisher, alice, bob = await two(database)
    await community.friends.block(alice, bob.user_id)
    request = await community.friends.request(bob, "alice")
    publisher.published.clear()
    await community.friends.unblock(alice, bob.user_id)
    assert heard(publisher, bob) == []
    assert [event for event, _ in heard(publisher, alice)] == ["friend_request"]
    assert await community.friends.requests(alice) == [request]
    assert (await community.friends.accept(alice, request.id)).id == bob.user_id
    with pytest.raises(RequestError, match="not_found"):
        await community.friends.unblock(alice, bob.user_id)


@pytest.mark.gen_test
async def test_a_request_that_is_not_shown_is_taken_back_unheard(database: Database) -> None:
    community, publisher, alice, bob = await two(database)
    await community.friends.block(alice, bob.user_id)
    request = await community.friends.request(bob, "alice")
    await community.friends.withdraw(bob, request.id)
    assert heard(publisher, alice) == []
    assert [event for event, _ in heard(publisher, bob)] == ["friend_request", "friend_request_removed"]
    await community.friends.unblock(alice, bob.user_id)
    assert await community.friends.requests(alice) == []


@pytest.mark.gen_test
async def test_who_blocks_back_waits_no_longer(database: Database) -> None:
    community, publisher, alice, bob = await two(database)
    await community.friends.block(alice, bob.user_id)
    await community.friends.request(bob, "alice")
    await community.friends.block(bob, alice.user_id)
    assert heard(publisher, alice) == []
    await community.friends.unblock(alice, bob.user_id)
    assert await community.friends.requests(bob) == await community.friends.requests(alice) == []
    request = await community.friends.request(alice, "bob")
    assert await community.friends.requests(bob) == []
    assert await community.friends.requests(alice) == [request]


@pytest.mark.gen_test
async def test_blocks_that_make_no_sense(database: Database) -> None:
    community, _, alice, bob = await two(database)
    for user_id, code in ((alice.user_id, "invalid_input"), ("0" * 24, "not_found"), ("x", "not_found")):
        with pytest.raises(RequestError, match=code):
            await community.friends.block(alice, user_id)
    for user_id in (alice.user_id, bob.user_id, "0" * 24, "x"):
        with pytest.raises(RequestError, match="not_found"):
            await community.friends.unblock(alice, user_id)


@pytest.mark.gen_test
async def test_demo_friends_who_blocked_each_other_stay_apart(database: Database) -> None:
    community, _, alice, bob = await two(database)
    await community.friends.block(alice, bob.user_id)
    await community.befriend(bob, alice)
    assert not await community.friendships.are_friends(alice.user_id, bob.user_id)


Act = Callable[[Community, Principal, Principal, str], Awaitable[object]]
RIVALS: dict[str, tuple[list[Act], list[str]]] = {
    "she blocks": ([lambda c, alice, bob, _: c.friends.block(alice, bob.user_id)], ["alice"]),
    "he blocks": ([lambda c, alice, bob, _: c.friends.block(bob, alice.user_id)], ["bob"]),
    "both block": (
        [
            lambda c, alice, bob, _: c.friends.block(alice, bob.user_id),
            lambda c, alice, bob, _: c.friends.block(bob, alice.user_id),
        ],
        ["alice", "bob"],
    ),
    "she unfriends": ([lambda c, alice, bob, _: c.friends.unfriend(alice, bob.user_id)], []),
    "she withdraws": ([lambda c, alice, _, request_id: c.friends.withdraw(alice, request_id)], []),
    "he declines": ([lambda c, _, bob, request_id: c.friends.decline(bob, request_id)], []),
}
ROUND_TRIPS_OF_ACCEPT = 4


async def delayed(database: Database, round_trips: int, act: Awaitable[object]) -> object:
    for _ in range(round_trips):
        await database.command("ping")
    return await act


async def check_consistent(database: Database, one: Principal, other: Principal) -> dict[str, Any]:
    """Return the pair's document, in which no two things exclude each other."""
    [document] = await database["relations"].find({"_id": pair_key(one.user_id, other.user_id)}).to_list(None)
    blocked_by = document.get("blocked_by", [])
    assert len(set(blocked_by)) == len(blocked_by)
    assert not ("friends_since" in document and (blocked_by or "request" in document)), document
    assert "request" not in document or document["request"]["from_user_id"] not in blocked_by, document
    return dict(document)


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.gen_test
async def test_processes_that_race_leave_one_truth(database: Database, rival: str) -> None:
    """Bob accepts alice's request while other processes do something else to the two, a little earlier or later."""
    here, there = open_community(database), open_community(database)
    acts, blockers = RIVALS[rival]
    for number in range(3 * ROUND_TRIPS_OF_ACCEPT):
        alice, bob = await here.member(f"alice{number}"), await here.member(f"bob{number}")
        request = await here.friends.request(alice, bob.username)
        delay = number % (ROUND_TRIPS_OF_ACCEPT + 1)
        rivals = [delayed(database, delay, act(there, alice, bob, request.id)) for act in acts]
        outcomes = await asyncio.gather(here.friends.accept(bob, request.id), *rivals, return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert all(isinstance(error, RequestError) and error.code.slug == "not_found" for error in refused), refused
        document = await check_consistent(database, alice, bob)
        names = {alice.user_id: "alice", bob.user_id: "bob"}
        assert sorted(names[user_id] for user_id in document.get("blocked_by", [])) == blockers
        assert "request" not in document
        if rival in {"she withdraws", "he declines"}:  # exactly one of the two was first
            assert len(refused) == 1 and ("friends_since" in document) == (outcomes[0] not in refused)


@pytest.mark.gen_test
async def test_asking_and_blocking_at_once(database: Database) -> None:
    here, there = open_community(database), open_community(database)
    for number in range(12):
        alice, bob = await here.member(f"alice{number}"), await here.member(f"bob{number}")
        acts = [here.friends.request(bob, alice.username), there.friends.block(alice, bob.user_id)]
        await asyncio.gather(*(acts if number % 2 else acts[::-1]))
        document = await check_consistent(database, alice, bob)
        assert document["blocked_by"] == [alice.user_id]
        assert await here.friends.requests(alice) == []


@pytest.mark.gen_test
async def test_there_are_bounds(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    community, _, alice, bob = await two(database)
    carol, dave, erin = [await community.member(name) for name in ("carol", "dave", "erin")]
    for bound in ("MAX_FRIENDS", "MAX_REQUESTS", "MAX_BLOCKED"):
        monkeypatch.setattr(friends_module, bound, 1)
    await community.befriend(alice, bob)
    await community.friends.request(alice, "carol")
    with pytest.raises(RequestError, match="limit_reached: 1 of your requests"):
        await community.friends.request(alice, "dave")
    for asker, answerer in ((dave, alice), (alice, carol)):
        request = next(
            (item for item in await community.friends.requests(answerer) if item.from_user.id == asker.user_id), None
        ) or await community.friends.request(asker, answerer.username)
        with pytest.raises(RequestError, match=r"limit_reached: .* friends, which is the most"):
            await community.friends.accept(answerer, request.id)
        assert request in await community.friends.requests(answerer)
    await community.friends.block(erin, alice.user_id)
    with pytest.raises(RequestError, match="limit_reached: you block"):
        await community.friends.block(erin, bob.user_id)


@pytest.mark.gen_test
async def test_asking_is_limited(database: Database) -> None:
    community, _, alice, bob = await two(database)
    for _ in range(20):
        await community.friends.request(alice, "bob")
    with pytest.raises(RequestError, match="rate_limited") as refused:
        await community.friends.request(alice, "bob")
    assert refused.value.data == {"retry_after": 10}
    with pytest.raises(RequestError, match="conflict"):  # another's requests are not counted together
        await community.friends.request(bob, "alice")
