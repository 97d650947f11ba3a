from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from server.domain.conversations import Activity
from server.domain.messages import StoredMessage
from server.errors import ErrorCode, RequestError
from server.services import message_writer
from server.storage.documents import Database
from server.storage.messages import Inserted, MessageRepository
from tests.support.community import Community, RecordingPublisher, open_community
from tests.support.leftovers import ErrorLog


async def stored_seqs(database: Database, conversation_id: str) -> list[int]:
    cursor = database["messages"].find({"conversation_id": conversation_id}).sort("seq", 1)
    return [document["seq"] for document in await cursor.to_list(None)]


class FailingMessages(MessageRepository):
    """Fails as told: before or after the database has stored what it was given."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.failures: list[str] = []
        self.inserts: list[int] = []

    async def insert(self, messages: Sequence[StoredMessage]) -> Inserted:
        self.inserts.append(len(messages))
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "lost":
            raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")
        if failure == "bug":
            raise KeyError("surprise")
        outcome = await super().insert(messages)
        if failure == "stored but unknown":
            raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")
        return outcome


def failing_community(database: Database) -> tuple[Community, FailingMessages, RecordingPublisher]:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    messages = FailingMessages(database)
    community.writer._messages = messages
    return community, messages, publisher


@pytest.mark.gen_test
async def test_concurrent_senders_leave_no_hole_and_are_each_acked_once(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    pairs = [[await community.member(f"{side}{n}") for side in "ab"] for n in range(5)]
    conversations = [await community.friends_talking(a, b) for a, b in pairs]

    async def talk(sender: int) -> list[Any]:
        pair, conversation = pairs[sender % 5], conversations[sender % 5]
        return [
            await community.say(pair[sender // 5 % 2], conversation, f"{sender}:{n}", f"{sender}-{n}")
            for n in range(25)
        ]

    answers = [message for told in await asyncio.gather(*map(talk, range(20))) for message in told]

    assert Counter(message.content for message in answers) == Counter(f"{s}:{n}" for s in range(20) for n in range(25))
    await publisher.until(lambda: len(publisher.of("new_message")) == 500)
    for conversation in conversations:
        assert await stored_seqs(database, conversation) == list(range(1, 101))
        live = publisher.of("new_message", f"conversation:{conversation}")
        assert [payload["message"]["seq"] for payload in live] == list(range(1, 101))


@pytest.mark.gen_test
async def test_what_arrives_during_a_write_forms_the_next_batch(database: Database) -> None:
    community, messages, _ = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await asyncio.gather(*(community.say(alice, conversation, str(n)) for n in range(40)))
    assert sum(messages.inserts) == 40
    assert len(messages.inserts) < 20


@pytest.mark.gen_test
async def test_the_answer_leaves_before_the_publication(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    order: list[str] = []
    publisher.listeners.append(lambda published: order.append("published"))
    await community.say(alice, conversation, "first")
    order.append("answered")
    await publisher.until(lambda: len(order) == 2)
    assert order == ["answered", "published"]


@pytest.mark.gen_test
async def test_sending_again_returns_the_first_message(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    first = await community.say(alice, conversation, "hello", "c1")
    again = await community.say(alice, conversation, "changed", "c1")
    other = await community.say(bob, conversation, "mine", "c1")
    assert again == first
    assert (other.seq, other.content) == (2, "mine")
    await publisher.until(lambda: len(publisher.of("new_message")) == 2)
    assert await stored_seqs(database, conversation) == [1, 2]


@pytest.mark.gen_test
async def test_duplicates_within_one_batch_are_stored_once_and_leave_no_hole(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(alice, conversation, "early", "early")
    # "early" is known to the database alone, the others meet in the queue.
    names = ["x", "early", "x", "y", "early", "z", "x", "y"]
    answers = await asyncio.gather(*(community.say(alice, conversation, name, name) for name in names))
    assert [answer.content for answer in answers] == names
    assert len({answer.id for answer in answers}) == 4
    assert await stored_seqs(database, conversation) == [1, 2, 3, 4]
    await publisher.until(lambda: len(publisher.of("new_message")) == 4)
    assert sorted(payload["message"]["seq"] for payload in publisher.of("new_message")) == [1, 2, 3, 4]


@pytest.mark.gen_test
async def test_a_failed_write_is_told_and_the_next_one_succeeds(database: Database) -> None:
    community, messages, publisher = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await community.say(alice, conversation, "before")
    messages.failures = ["lost"]
    with pytest.raises(RequestError) as refused:
        await community.say(alice, conversation, "lost", "c1")
    assert refused.value.code is ErrorCode.UNAVAILABLE
    sent = await community.say(alice, conversation, "lost", "c1")
    assert sent.seq == 2
    await publisher.until(lambda: len(publisher.of("new_message")) == 2)
    assert await stored_seqs(database, conversation) == [1, 2]


@pytest.mark.gen_test
async def test_what_was_stored_by_a_failed_write_is_published_once(database: Database) -> None:
    community, messages, publisher = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    messages.failures = ["stored but unknown"]
    with pytest.raises(RequestError):
        await community.say(alice, conversation, "one", "c1")
    again = await community.say(alice, conversation, "one", "c1")
    two = await community.say(bob, conversation, "two")
    assert (again.seq, two.seq) == (1, 2)
    await publisher.until(lambda: len(publisher.of("new_message")) == 2)
    assert [payload["message"]["content"] for payload in publisher.of("new_message")] == ["one", "two"]


@pytest.mark.gen_test
async def test_what_was_stored_by_a_failed_write_is_published_without_a_further_message(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_writer, "RETRY_SECONDS", 0.01)
    community, messages, publisher = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    messages.failures = ["stored but unknown"]
    with pytest.raises(RequestError):
        await community.say(alice, conversation, "one")
    await publisher.until(lambda: len(publisher.of("new_message")) == 1)
    await community.writer.close()
    assert not community.writer._unpublished


@pytest.mark.gen_test
async def test_an_error_of_ours_is_hidden_and_the_writer_goes_on(database: Database, logged_errors: ErrorLog) -> None:
    community, messages, _ = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    messages.failures = ["bug"]
    with pytest.raises(RequestError) as refused:
        await community.say(alice, conversation, "one")
    assert (refused.value.code, refused.value.detail) == (ErrorCode.INTERNAL, "")
    assert any("could not be written" in error for error in logged_errors.pop_all())
    assert (await community.say(alice, conversation, "two")).seq == 1


@pytest.mark.gen_test
async def test_a_cancelled_caller_does_no_harm(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    sends = [asyncio.ensure_future(community.say(alice, conversation, str(n))) for n in range(10)]
    while not community.writer._unpublished:
        await asyncio.sleep(0)
    for send in sends[::2]:
        send.cancel()
    results = await asyncio.gather(*sends, return_exceptions=True)
    assert [isinstance(result, BaseException) for result in results] == [True, False] * 5
    after = await community.say(bob, conversation, "after")  # what was cancelled may still be under way until then
    seqs = await stored_seqs(database, conversation)
    assert seqs == list(range(1, len(seqs) + 1))
    assert after.seq == len(seqs)


@pytest.mark.gen_test
async def test_two_processes_write_into_one_conversation(database: Database) -> None:
    publishers = RecordingPublisher(), RecordingPublisher()
    here = open_community(database, publishers[0])
    there = open_community(database, publishers[1])
    alice, bob = await here.member("alice"), await here.member("bob")
    conversation = await here.friends_talking(alice, bob)
    told = await asyncio.gather(
        *(here.say(alice, conversation, f"a{n}", f"same{n}") for n in range(60)),
        *(there.say(bob, conversation, f"b{n}") for n in range(60)),
        *(there.say(alice, conversation, f"a{n}", f"same{n}") for n in range(0, 60, 3)),
    )
    assert await stored_seqs(database, conversation) == list(range(1, 121))
    assert len({message.id for message in told}) == 120
    assert all(told[n].id == again.id for n, again in zip(range(0, 60, 3), told[120:], strict=True))
    await publishers[0].until(lambda: sum(len(p.of("new_message")) for p in publishers) == 120)
    for publisher in publishers:
        seqs = [payload["message"]["seq"] for payload in publisher.of("new_message")]
        assert seqs == sorted(seqs)


@pytest.mark.gen_test
async def test_a_full_queue_refuses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_writer, "MAX_QUEUED", 3)
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    sends = [community.say(alice, conversation, str(n)) for n in range(30)]
    results = await asyncio.gather(*sends, return_exceptions=True)
    refused = [result for result in results if isinstance(result, RequestError)]
    assert refused
    assert {error.code for error in refused} == {ErrorCode.UNAVAILABLE}
    assert await stored_seqs(database, conversation) == list(range(1, 31 - len(refused)))


@pytest.mark.gen_test
async def test_batches_are_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_writer, "MAX_BATCH", 7)
    community, messages, _ = failing_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    await asyncio.gather(*(community.say(alice, conversation, str(n)) for n in range(50)))
    assert max(messages.inserts) <= 7
    assert await stored_seqs(database, conversation) == list(range(1, 51))


@pytest.mark.gen_test
async def test_forgotten_conversations_are_learned_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_writer, "MAX_KNOWN_CONVERSATIONS", 1)
    community = open_community(database)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    with_bob = await community.friends_talking(alice, bob)
    with_carol = await community.friends_talking(alice, carol)
    for n in range(1, 4):
        assert (await community.say(alice, with_bob, "b")).seq == n
        assert (await community.say(alice, with_carol, "c")).seq == n
    assert len(community.writer._last) == 1


@pytest.mark.gen_test
async def test_the_writer_outlives_a_failure_to_record_activity(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)

    async def fail(_activities: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(community.conversation_repository, "record", fail)
    assert [(await community.say(alice, conversation, "x")).seq for _ in range(3)] == [1, 2, 3]
    await community.writer.close()
    assert caplog.text.count("was not recorded: KeyError('surprise')") == 3


@pytest.mark.gen_test
async def test_messages_are_stored_while_the_activity_of_earlier_ones_is_recorded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation_id = await community.friends_talking(alice, bob)
    record, gate = community.conversation_repository.record, asyncio.Event()

    async def record_late(activities: list[Activity]) -> None:
        await gate.wait()
        await record(activities)

    monkeypatch.setattr(community.conversation_repository, "record", record_late)
    assert [(await community.say(alice, conversation_id, "x")).seq for _ in range(3)] == [1, 2, 3]
    closing = asyncio.ensure_future(community.writer.close())
    gate.set()
    await closing
    conversation = await community.conversations.get(alice.user_id, conversation_id)
    assert (conversation.last_seq, conversation.revision, conversation.own.read) == (3, 3, 3)


@pytest.mark.gen_test
async def test_a_conversation_keeps_count_of_its_changes(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation_id = await community.friends_talking(alice, bob)
    await asyncio.gather(*(community.say(alice, conversation_id, str(n)) for n in range(9)))
    await community.say(bob, conversation_id, "last")
    await community.writer.close()
    found = [await community.conversations.get(member.user_id, conversation_id) for member in (alice, bob)]
    assert [(one.last_seq, one.revision) for one in found] == [(10, 10)] * 2
    assert [one.own.read for one in found] == [9, 10]
