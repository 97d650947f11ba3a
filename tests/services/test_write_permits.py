from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.errors import ErrorCode, RequestError
from server.services import write_permits
from server.storage.availability import unavailable
from server.storage.documents import Database
from server.storage.friendships import FriendshipRepository
from tests.support.clock import FakeClock
from tests.support.community import Community, open_community


class CountingFriendships(FriendshipRepository):
    """Counts how often it is asked; while `gate` is closed an answer that was found does not leave."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database
        self.asked = 0
        self.found = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def are_friends(self, user_id: str, other_id: str) -> bool:
        self.asked += 1
        found = await super().are_friends(user_id, other_id)
        self.found.set()
        await self.gate.wait()
        return found

    async def part_everyone(self) -> None:
        """End all friendships, as another process would."""
        await self._database["relations"].delete_many({})


def counting_community(database: Database) -> tuple[Community, CountingFriendships]:
    community = open_community(database)
    friendships = CountingFriendships(database)
    community.conversations._friendships = friendships
    return community, friendships


async def refusal(sending: Any) -> ErrorCode:
    with pytest.raises(RequestError) as raised:
        await sending
    return raised.value.code


@pytest.mark.gen_test
async def test_who_goes_on_writing_is_looked_up_once_in_a_while(database: Database) -> None:
    community, friendships = counting_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    before = friendships.asked
    for number in range(5):
        await community.say(alice, conversation, str(number))
    assert friendships.asked == before + 1
    await community.say(bob, conversation, "another's right is his own")
    assert friendships.asked == before + 2
    assert isinstance(community.clock, FakeClock)
    community.clock.advance(write_permits.FRESH_SECONDS)
    await friendships.part_everyone()
    assert await refusal(community.say(alice, conversation, "much later")) is ErrorCode.NOT_FRIENDS


@pytest.mark.gen_test
async def test_a_right_taken_away_is_gone_at_once(database: Database) -> None:
    community, friendships = counting_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(alice, conversation, "friends")
    await friendships.part_everyone()
    community.permits.forget()
    assert await refusal(community.say(alice, conversation, "not any more")) is ErrorCode.NOT_FRIENDS


@pytest.mark.parametrize("part", ["unfriend", "block"])
@pytest.mark.gen_test
async def test_who_is_parted_from_does_not_write_once_more(database: Database, part: str) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(bob, conversation, "friends")
    await getattr(community.friends, part)(alice, bob.user_id)
    assert await refusal(community.say(bob, conversation, "not any more")) is ErrorCode.NOT_FRIENDS


@pytest.mark.parametrize("part", ["unfriend", "block"])
@pytest.mark.gen_test
async def test_a_parting_that_fails_after_it_was_stored_is_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(bob, conversation, "friends")
    original = getattr(community.friendships, part)

    async def stored_and_failed(user_id: str, other_id: str) -> None:
        await original(user_id, other_id)
        raise unavailable()

    monkeypatch.setattr(community.friendships, part, stored_and_failed)
    assert await refusal(getattr(community.friends, part)(alice, bob.user_id)) is ErrorCode.UNAVAILABLE
    assert await refusal(community.say(bob, conversation, "not any more")) is ErrorCode.NOT_FRIENDS


@pytest.mark.gen_test
async def test_what_was_asked_before_a_right_was_taken_away_is_not_kept(database: Database) -> None:
    community, friendships = counting_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    friendships.found.clear()
    friendships.gate.clear()
    sending = asyncio.ensure_future(community.say(alice, conversation, "at the same time"))
    await friendships.found.wait()
    await friendships.part_everyone()
    community.permits.forget()
    friendships.gate.set()
    await sending
    assert await refusal(community.say(alice, conversation, "afterwards")) is ErrorCode.NOT_FRIENDS


@pytest.mark.gen_test
async def test_a_stranger_is_refused_beside_a_member(database: Database) -> None:
    community, _ = counting_community(database)
    alice, bob, mallory = [await community.member(name) for name in ("alice", "bob", "mallory")]
    conversation = await community.friends_talking(alice, bob)
    await community.say(alice, conversation, "between us")
    assert await refusal(community.say(mallory, conversation, "hello")) is ErrorCode.NOT_FOUND


@pytest.mark.gen_test
async def test_permits_do_not_pile_up(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_permits, "MAX_KEPT", 3)
    permits = write_permits.WritePermits(FakeClock())
    for number in range(10):
        permits.keep(str(number), write_permits.WritePermit("c", number), permits.era)
    assert len(permits._kept) <= 3
    assert permits.find("9", "c") == ("c", 9)
