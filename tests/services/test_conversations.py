from __future__ import annotations

import asyncio

import pytest

from server.storage.documents import Database
from tests.support.community import open_community
from tests.support.plans import operations_of


@pytest.mark.gen_test
async def test_two_friends_have_one_conversation_however_often_it_is_opened(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    await community.befriend(alice, bob)
    opened = await asyncio.gather(
        *(community.conversations.open(alice.user_id, None, bob.user_id) for _ in range(15)),
        *(community.conversations.open(bob.user_id, None, alice.user_id) for _ in range(15)),
    )
    assert len({conversation.id for conversation in opened}) == 1
    assert await database["conversations"].count_documents({}) == 1


@pytest.mark.gen_test
async def test_the_list_has_the_last_active_first_with_what_is_unread(database: Database) -> None:
    community = open_community(database)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    with_bob = await community.friends_talking(alice, bob)
    with_carol = await community.friends_talking(alice, carol)
    clock = community.clock
    for sender, conversation in (
        (carol, with_carol),
        (bob, with_bob),
        (bob, with_bob),
        (alice, with_bob),
        (bob, with_bob),
    ):
        clock.advance(1)  # type: ignore[attr-defined]
        await community.say(sender, conversation, f"by {sender.username}")
    await community.writer.close()

    listed = await community.conversations.conversations(alice)

    assert [view.id for view in listed] == [with_bob, with_carol]
    assert [(view.last_seq, view.unread, view.revision) for view in listed] == [(4, 1, 4), (1, 1, 1)]
    assert [view.last_message.content for view in listed if view.last_message] == ["by bob", "by carol"]
    assert [view.unread for view in await community.conversations.conversations(bob)] == [0]


@pytest.mark.gen_test
async def test_a_longer_list_takes_no_more_queries(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    counts = []
    for count in (1, 30):
        for _ in range(count):
            await community.group(alice, bob)
        await community.writer.close()
        await community.news.close()
        community.profiles._kept.clear()
        counts.append(len(await operations_of(database, lambda: community.conversations.conversations(alice))))
    assert counts[0] == counts[1] <= 4
