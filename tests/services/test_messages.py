from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.domain.conversations import Joined
from server.domain.messages import StoredMessage
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.services import messages as messages_module
from server.services.messages import Outgoing
from server.storage.documents import Database
from server.storage.messages import MessageRepository
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community


async def refusal(call: Awaitable[object]) -> ErrorCode:
    with pytest.raises(RequestError) as refused:
        await call
    return refused.value.code


async def join(community: Community, who: Principal, conversation_id: str, after_seq: int | None = None) -> Joined:
    return await community.messages.join(who, conversation_id, None, after_seq, lambda _: None)


async def talk(community: Community, count: int) -> tuple[Principal, Principal, str]:
    """Let alice tell bob ``count`` things."""
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    for start in range(0, count, 100):
        numbers = range(start, min(count, start + 100))
        await asyncio.gather(*(community.say(alice, conversation, str(n + 1)) for n in numbers))
    return alice, bob, conversation


@pytest.mark.gen_test
async def test_a_message_has_every_field(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, conversation = await talk(community, 1)
    first = (await join(community, bob, conversation)).messages[0]
    await community.messages.send(bob, Outgoing(None, alice.user_id, "你好 👋", "text", "c1", first.id))
    await publisher.until(lambda: len(publisher.published) == 2)
    payload = publisher.published[1].payload
    assert payload == {
        "conversation_id": conversation,
        "message": {
            "id": payload["message"]["id"],
            "conversation_id": conversation,
            "seq": 2,
            "sender": {"id": bob.user_id, "username": "bob", "display_name": "Bob"},
            "type": "text",
            "content": "你好 👋",
            "created_at": "2026-01-05T02:00:00.000+00:00",
            "client_msg_id": "c1",
            "reply_to": first.id,
            "reply": {
                "id": first.id,
                "seq": 1,
                "sender": {"id": alice.user_id, "username": "alice", "display_name": "Alice"},
                "type": "text",
                "content": "1",
            },
        },
    }
    assert "reply_to" not in publisher.published[0].payload["message"]
    assert publisher.published[0].payload["message"]["client_msg_id"] is None


@pytest.mark.gen_test
async def test_live_and_stored_messages_are_the_same(database: Database) -> None:
    community = open_community(database)
    alice, bob, conversation = await talk(community, 0)
    sent = await community.say(alice, conversation, "x", "c")
    assert (await join(community, bob, conversation)).messages == [sent]
    assert (await community.messages.history(bob, conversation)).messages == [sent]


@pytest.mark.gen_test
async def test_content_that_is_refused(database: Database) -> None:
    community = open_community(database)
    alice, _, conversation = await talk(community, 0)
    for odd in ("", "x" * 10_001, "a\0b", "\ud800"):
        assert await refusal(community.say(alice, conversation, odd)) is ErrorCode.INVALID_INPUT, odd[:5]
        assert await refusal(community.say(alice, conversation, "x", odd)) is ErrorCode.INVALID_INPUT, odd[:5]
    assert await database["messages"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_other_types_are_refused_with_what_is_allowed(database: Database) -> None:
    community = open_community(database)
    alice, _, conversation = await talk(community, 0)
    with pytest.raises(RequestError, match="got type 'video', allowed are: text, stock, image, file"):
        await community.messages.send(alice, Outgoing(conversation, None, "x", "video"))


@pytest.mark.gen_test
async def test_a_reply_is_to_a_message_of_the_same_conversation(database: Database) -> None:
    community = open_community(database)
    alice, _, conversation = await talk(community, 1)
    carol = await community.member("carol")
    elsewhere = await community.say(alice, await community.friends_talking(alice, carol), "elsewhere")
    for reply_to in (elsewhere.id, "0" * 24, "nonsense", "", "\ud800"):
        sent = community.messages.send(alice, Outgoing(conversation, None, "x", reply_to=reply_to))
        assert await refusal(sent) is ErrorCode.INVALID_INPUT


@pytest.mark.gen_test
async def test_a_stranger_can_do_nothing_and_learns_nothing(database: Database) -> None:
    community = open_community(database)
    alice, bob, conversation = await talk(community, 1)
    carol = await community.member("carol")
    service = community.messages
    first = (await join(community, bob, conversation)).messages[0]

    def never(_: str) -> None:
        raise AssertionError("entered")

    for conversation_id in (conversation, "0" * 24, "nonsense", "", "\ud800", "$ne"):
        tries: list[Awaitable[object]] = [
            service.join(carol, conversation_id, None, None, never),
            service.history(carol, conversation_id),
            service.send(carol, Outgoing(conversation_id, None, "x")),
            service.send(carol, Outgoing(conversation_id, None, "x", reply_to=first.id)),
        ]
        for call in tries:
            with pytest.raises(RequestError, match="not_found: there is no such conversation of yours"):
                await call
    for friend_id in (alice.user_id, carol.user_id, "0" * 24, "nonsense"):
        for call in (
            service.join(carol, None, friend_id, None, never),
            service.send(carol, Outgoing(None, friend_id, "x")),
        ):
            with pytest.raises(RequestError, match="not_friends: only friends"):
                await call
    assert await community.conversations.conversations(carol) == []
    assert await database["conversations"].count_documents({}) == 1


@pytest.mark.gen_test
async def test_either_conversation_or_friend_must_be_named(database: Database) -> None:
    community = open_community(database)
    alice, bob, conversation = await talk(community, 0)
    for conversation_id, friend_id in ((None, None), (conversation, bob.user_id)):
        sent = community.messages.send(alice, Outgoing(conversation_id, friend_id, "x"))
        assert await refusal(sent) is ErrorCode.INVALID_INPUT


@pytest.mark.gen_test
async def test_who_is_no_friend_any_more_reads_but_does_not_write(database: Database) -> None:
    community = open_community(database)
    alice, bob, conversation = await talk(community, 2)
    await database["relations"].delete_many({})
    community.permits.forget()
    assert await refusal(community.say(alice, conversation, "x")) is ErrorCode.NOT_FRIENDS
    assert await refusal(community.messages.send(bob, Outgoing(None, alice.user_id, "x"))) is ErrorCode.NOT_FRIENDS
    assert len((await community.messages.history(bob, conversation)).messages) == 2
    by_friend = await community.messages.join(bob, None, alice.user_id, None, lambda _: None)
    assert by_friend.conversation.id == conversation


@pytest.mark.gen_test
async def test_history_goes_both_ways(database: Database) -> None:
    community = open_community(database)
    _, bob, conversation = await talk(community, 230)

    async def seqs(**query: int) -> tuple[list[int], bool]:
        page = await community.messages.history(bob, conversation, **query)
        return [message.seq for message in page.messages], page.has_more

    def down(first: int, last: int) -> list[int]:
        return list(range(first, last - 1, -1))

    assert await seqs() == (down(230, 181), True)
    assert await seqs(limit=10**30) == (down(230, 31), True)
    assert await seqs(before_seq=31) == (down(30, 1), False)
    assert await seqs(before_seq=4, limit=3) == (down(3, 1), False)
    assert await seqs(after_seq=100, limit=5) == (down(105, 101), True)
    assert await seqs(after_seq=225) == (down(230, 226), False)
    assert await seqs(after_seq=100, before_seq=200, limit=10) == (down(199, 190), True)
    assert await seqs(after_seq=190, before_seq=200, limit=10) == (down(199, 191), False)
    assert await seqs(after_seq=2**63 - 1) == ([], False)
    assert await seqs(before_seq=0) == ([], False)


@pytest.mark.gen_test
async def test_joining_gives_the_newest_or_what_follows(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "JOIN_NEWEST", 5)
    monkeypatch.setattr(messages_module, "JOIN_AT_MOST", 20)
    community = open_community(database)
    alice, bob, conversation = await talk(community, 30)
    await community.writer.close()

    async def seqs(after_seq: int | None) -> tuple[list[int], bool, int]:
        joined = await join(community, bob, conversation, after_seq)
        return [message.seq for message in joined.messages], joined.has_more, joined.conversation.last_seq

    assert await seqs(None) == ([26, 27, 28, 29, 30], True, 30)
    assert await seqs(25) == ([26, 27, 28, 29, 30], False, 30)
    assert await seqs(0) == (list(range(1, 21)), True, 30)
    assert await seqs(10) == (list(range(11, 31)), False, 30)
    assert await seqs(30) == ([], False, 30)
    assert await seqs(2**63 - 1) == ([], False, 30)
    joined = await join(community, bob, conversation)
    assert (joined.conversation.unread, joined.conversation.revision, joined.updated) == (30, 30, [])
    assert [member.username for member in joined.conversation.members] == ["alice", "bob"]
    assert (await join(community, alice, conversation)).conversation.unread == 0


@pytest.mark.gen_test
async def test_joining_an_empty_conversation(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    await community.befriend(alice, bob)
    rooms: list[str] = []
    joined = await community.messages.join(alice, None, bob.user_id, 0, rooms.append)
    assert rooms == [joined.conversation.id]
    assert (joined.messages, joined.has_more, joined.conversation.last_seq) == ([], False, 0)


@pytest.mark.gen_test
async def test_the_last_number_survives_a_crash_between_the_two_writes(database: Database) -> None:
    community = open_community(database)
    _, bob, conversation = await talk(community, 3)
    await community.writer.close()
    await database["conversations"].update_one({}, {"$set": {"last_seq": 1, "revision": 1}})
    for after_seq in (None, 0, 3):
        assert (await join(community, bob, conversation, after_seq)).conversation.last_seq == 3
    listed = await community.conversations.conversations(bob)
    assert listed[0].last_seq == 3
    assert listed[0].last_message is not None
    assert listed[0].last_message.seq == 3


class Room:
    """A connection's view of a conversation: what it was answered, and what it got live after it had entered."""

    def __init__(self, publisher: RecordingPublisher) -> None:
        self.inside = False
        self.live: list[int] = []
        publisher.listeners.append(self._hear)

    def enter(self, _conversation_id: str) -> None:
        self.inside = True

    def _hear(self, published: Any) -> None:
        if self.inside:
            self.live.append(published.payload["message"]["seq"])


@pytest.mark.parametrize("after_seq", [None, 0])
@pytest.mark.gen_test
async def test_who_joins_during_a_flood_gets_each_message_once_and_in_order(
    database: Database, after_seq: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_module, "JOIN_NEWEST", 500)
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, conversation = await talk(community, 0)

    async def write() -> None:
        for _ in range(20):
            await asyncio.gather(*(community.say(alice, conversation, "x") for _ in range(3)))

    async def enter_and_leave() -> None:
        room = Room(publisher)
        joined = await community.messages.join(bob, conversation, None, after_seq, room.enter)
        seen.append(([message.seq for message in joined.messages], room.live))

    seen: list[tuple[list[int], list[int]]] = []
    writing = asyncio.ensure_future(write())
    while not writing.done():
        await enter_and_leave()
    await writing
    await publisher.until(lambda: len(publisher.published) == 60)
    assert any(answered and live for answered, live in seen)
    for answered, live in seen:
        assert answered + live == list(range(1, 61))


class SteppedMessages(MessageRepository):
    """Lets a test act after a read and before its answer is used."""

    after_read: Callable[[], Awaitable[object]] | None = None

    async def newest(
        self, conversation_id: str, limit: int, before_seq: int | None, after_seq: int
    ) -> list[StoredMessage]:
        found: list[StoredMessage] = await super().newest(conversation_id, limit, before_seq, after_seq)
        if self.after_read is not None:
            await self.after_read()
        return found


@pytest.mark.gen_test
async def test_what_is_published_between_read_and_entry_is_in_the_answer(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, conversation = await talk(community, 2)
    stepped = SteppedMessages(database)
    community.messages._messages = stepped

    async def publish_one() -> None:
        await community.say(alice, conversation, "meanwhile")
        await publisher.until(lambda: len(publisher.published) == 3)

    stepped.after_read = publish_one
    room = Room(publisher)
    joined = await community.messages.join(bob, conversation, None, None, room.enter)
    assert [message.seq for message in joined.messages] == [1, 2, 3]
    assert joined.conversation.last_seq == 3
    assert room.live == []


@pytest.mark.gen_test
async def test_what_was_read_before_its_publication_comes_live_alone(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, conversation = await talk(community, 2)
    # Stored, but the writer has not come to publishing it.
    draft = community.writer._draft(
        StoredMessage("f" * 24, conversation, 0, alice.user_id, "text", "3", alice.expires_at),
        await community.profiles.of([alice.user_id]),
        None,
        asked_at=None,
    )
    await community.writer.close()
    await publisher.until(lambda: len(publisher.published) == 3)
    community.writer._unpublished[draft.message.id] = draft
    joined = await join(community, bob, conversation)
    assert [message.seq for message in joined.messages] == [1, 2]


@pytest.mark.gen_test
async def test_entering_is_limited_over_all_connections(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_module, "JOIN_RATE", Rate(3, 0.5))
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    for _ in range(3):
        await join(community, alice, conversation)
    assert await refusal(join(community, alice, conversation)) is ErrorCode.RATE_LIMITED
    await join(community, bob, conversation)
    assert isinstance(community.clock, FakeClock)
    community.clock.advance(2)
    await join(community, alice, conversation)


@pytest.mark.gen_test
async def test_ones_own_last_message_is_read_though_that_is_not_noted_yet(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)

    async def nothing(_: object) -> None:
        pass

    monkeypatch.setattr(community.conversation_repository, "record", nothing)
    await community.say(alice, conversation, "mine")
    for after_seq in (None, 0):
        unread = [(await join(community, who, conversation, after_seq)).conversation.unread for who in (alice, bob)]
        assert unread == [0, 1]
