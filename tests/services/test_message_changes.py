from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from server.domain.conversations import Joined
from server.domain.messages import StoredMessage
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services import messages as messages_module
from server.storage.documents import Database
from server.storage.messages import MessageRepository
from tests.support.community import Community, RecordingPublisher, open_community


async def talk(community: Community, count: int) -> tuple[Principal, Principal, str, list[str]]:
    """Let alice tell bob ``count`` things, one after the other; return the messages' ids too."""
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    ids = [(await community.say(alice, conversation, str(n + 1))).id for n in range(count)]
    await community.writer.close()
    return alice, bob, conversation, ids


async def join(community: Community, who: Principal, conversation: str, after_seq: int | None, after: int) -> Joined:
    return await community.messages.join(who, conversation, None, after_seq, lambda _: None, after)


def seqs(joined: Joined) -> list[int]:
    return [message.seq for message in joined.updated]


@pytest.mark.gen_test
async def test_a_message_can_be_recalled_for_a_while_and_edited_for_ever(database: Database) -> None:
    community = open_community(database)
    alice, _, _, [first, second] = await talk(community, 2)
    community.clock.advance(120)  # type: ignore[attr-defined]
    recalled = await community.changes.recall(alice, first)
    assert (recalled.recalled, recalled.content) == (True, "")
    community.clock.advance(0.001)  # type: ignore[attr-defined]
    with pytest.raises(RequestError) as refused:
        await community.changes.recall(alice, second)
    assert refused.value.code is ErrorCode.TOO_LATE
    assert "120 s" in refused.value.detail
    assert await community.changes.recall(alice, first) == recalled  # it is gone already
    community.clock.advance(3e7)  # type: ignore[attr-defined]
    edited = await community.changes.edit(alice, second, "better")
    assert (edited.content, edited.edited_at) == ("better", community.clock.now())


@pytest.mark.gen_test
async def test_changes_at_once_are_published_in_the_order_of_their_revisions(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, conversation, [one, two] = await talk(community, 2)
    edits = [community.changes.edit(alice, message, str(n)) for n in range(10) for message in (one, two)]
    writing = [community.say(bob, conversation, "meanwhile") for _ in range(10)]
    await asyncio.gather(*edits, *writing)
    await community.writer.close()
    assert (await community.conversations.get(alice.user_id, conversation)).revision == 32
    last = {told["message"]["id"]: told["message"]["content"] for told in publisher.of("message_updated")}
    stored = await community.message_repository.following(conversation, 0, 2)
    assert last == {message.id: message.content for message in stored}
    assert len(publisher.of("message_updated")) == 20


@pytest.mark.gen_test
async def test_two_processes_change_one_conversation_and_no_revision_is_given_twice(database: Database) -> None:
    processes = [open_community(database) for _ in range(3)]
    alice, _, conversation, ids = await talk(processes[0], 6)
    await asyncio.gather(*(processes[n % 3].changes.edit(alice, ids[n], "x") for n in range(6)))
    revisions = {message.revision for message in await processes[0].message_repository.following(conversation, 0, 9)}
    assert revisions == {7, 8, 9, 10, 11, 12}


@pytest.mark.gen_test
async def test_what_cannot_be_changed_raises_no_revision(database: Database) -> None:
    community = open_community(database)
    alice, _, conversation, [first] = await talk(community, 1)
    changes = [community.changes.recall(alice, first) for _ in range(3)]
    assert [message.recalled for message in await asyncio.gather(*changes)] == [True] * 3
    with pytest.raises(RequestError) as refused:
        await community.changes.edit(alice, first, "x")
    assert refused.value.code is ErrorCode.CONFLICT
    assert (await community.conversations.get(alice.user_id, conversation)).revision == 2


@pytest.mark.gen_test
async def test_many_changes_are_told_in_parts(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "JOIN_AT_MOST", 2)
    community = open_community(database)
    alice, bob, conversation, ids = await talk(community, 5)
    for message_id in reversed(ids):
        await community.changes.edit(alice, message_id, "x")
    told, revision, has_more = [], 5, True
    while has_more:
        joined = await join(community, bob, conversation, 5, revision)
        told.append(seqs(joined))
        revision, has_more = joined.conversation.revision, joined.has_more
    assert told == [[5, 4], [3, 2], [1]]
    assert revision == 10
    assert seqs(await join(community, bob, conversation, 3, 5)) == [3, 2]
    assert (await community.messages.join(bob, conversation, None, 3, lambda _: None)).updated == []


@pytest.mark.gen_test
async def test_without_a_number_only_what_is_older_than_the_newest_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_module, "JOIN_NEWEST", 2)
    community = open_community(database)
    alice, bob, conversation, ids = await talk(community, 3)
    for message_id in ids:
        await community.changes.edit(alice, message_id, "x")
    joined = await join(community, bob, conversation, None, 3)
    assert seqs(joined) == [1]
    assert [(message.seq, message.content) for message in joined.messages] == [(2, "x"), (3, "x")]


class SteppedMessages(MessageRepository):
    """Lets a test act after a read and before its answer is used."""

    after_read: Callable[[], Awaitable[object]] | None = None

    async def changed(
        self, conversation_id: str, after_revision: int, through_seq: int, limit: int
    ) -> list[StoredMessage]:
        found: list[StoredMessage] = await super().changed(conversation_id, after_revision, through_seq, limit)
        if self.after_read is not None:
            await self.after_read()
        return found


@pytest.mark.gen_test
async def test_what_changes_between_read_and_entry_is_in_the_answer(database: Database) -> None:
    community = open_community(database)
    alice, bob, conversation, ids = await talk(community, 3)
    stepped = SteppedMessages(database)
    community.messages._messages = stepped

    async def change() -> None:
        for message_id in ids[1:]:
            await community.changes.edit(alice, message_id, "x")

    stepped.after_read = change
    joined = await join(community, bob, conversation, 2, 3)
    assert [(message.seq, message.content) for message in joined.updated] == [(2, "x")]
    assert [(message.seq, message.content) for message in joined.messages] == [(3, "x")]
    assert joined.conversation.revision == 3  # rather told again than missed
