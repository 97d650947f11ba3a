from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from server.domain.conversations import Mark, MarkKey
from server.errors import ErrorCode, RequestError
from server.services import mark_writer
from server.storage.conversations import ConversationRepository
from server.storage.documents import Database
from tests.support.community import Community, open_community


class GuardedConversations(ConversationRepository):
    """Counts the writes of marks, holds them up, or fails them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.batches: list[dict[MarkKey, int]] = []
        self.open = asyncio.Event()
        self.failures = 0

    async def mark(self, marks: Mapping[MarkKey, int]) -> None:
        self.batches.append(dict(marks))
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise RequestError(ErrorCode.UNAVAILABLE)
        await super().mark(marks)


def guard(community: Community) -> GuardedConversations:
    guarded = GuardedConversations(community.database)
    community.marks._conversations = guarded
    return guarded


@pytest.mark.gen_test
async def test_many_marks_are_few_writes(database: Database) -> None:
    community = open_community(database)
    guarded = guard(community)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await asyncio.gather(*(community.say(alice, conversation, "x") for _ in range(50)))
    for seq in range(1, 51):
        assert await community.conversations.mark(bob, conversation, Mark.READ, seq) == (seq, True)
    assert await community.conversations.mark(bob, conversation, Mark.READ, 50) is None
    assert await community.conversations.mark(bob, conversation, Mark.DELIVERED, 50) is None  # reading implies it
    assert (await community.conversations.conversations(bob))[0].unread == 0
    guarded.open.set()
    await community.marks.close()
    key = MarkKey(conversation, bob.user_id, Mark.READ)
    assert guarded.batches == [{key: 1}, {key: 50}]
    stored = await community.conversations.get(bob.user_id, conversation)
    assert stored.own.read == 50
    restarted = open_community(database)
    view = (await restarted.conversations.conversations(bob))[0]
    assert (view.unread, view.read[bob.user_id], view.delivered[bob.user_id]) == (0, 50, 50)


@pytest.mark.gen_test
async def test_a_stored_mark_never_goes_back(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    key = MarkKey(conversation, bob.user_id, Mark.DELIVERED)
    for seq in (3, 2):
        await community.conversation_repository.mark({key: seq})
    assert (await community.conversations.get(bob.user_id, conversation)).own.delivered == 3


@pytest.mark.gen_test
async def test_a_failed_write_is_done_again_with_what_came_since(database: Database) -> None:
    community = open_community(database)
    guarded = guard(community)
    guarded.failures = 1
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await asyncio.gather(*(community.say(alice, conversation, "x") for _ in range(2)))
    await community.conversations.mark(bob, conversation, Mark.READ, 1)
    running = community.marks._running
    assert running is not None
    guarded.open.set()
    await running
    await community.conversations.mark(bob, conversation, Mark.READ, 2)
    await community.marks.close()
    key = MarkKey(conversation, bob.user_id, Mark.READ)
    assert guarded.batches == [{key: 1}, {key: 2}]
    assert (await community.conversations.get(bob.user_id, conversation)).own.read == 2


@pytest.mark.gen_test
async def test_too_many_unwritten_marks_are_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mark_writer, "MAX_UNWRITTEN", 1)
    community = open_community(database)
    guarded = guard(community)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(alice, conversation, "x")
    await community.conversations.mark(bob, conversation, Mark.DELIVERED, 1)
    while not guarded.batches:
        await asyncio.sleep(0)
    await community.say(alice, conversation, "x")
    await community.conversations.mark(bob, conversation, Mark.DELIVERED, 2)
    with pytest.raises(RequestError) as refused:
        await community.conversations.mark(bob, conversation, Mark.READ, 2)
    assert refused.value.code is ErrorCode.UNAVAILABLE
    guarded.open.set()
    await community.marks.close()
