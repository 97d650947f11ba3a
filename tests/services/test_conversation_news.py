from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from server.domain.rooms import conversation_room, user_room
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.storage.documents import Database
from tests.support.community import Community, RecordingPublisher, Told, open_community


def news(publisher: RecordingPublisher) -> list[Told]:
    """Return what was told of last messages."""
    return [told for told in publisher.told if "last_message" in told.payload]


async def settle(community: Community) -> None:
    await community.writer.close()
    await community.news.close()


async def friends(publisher: RecordingPublisher, database: Database) -> tuple[Community, Principal, Principal, str]:
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    return community, alice, bob, await community.friends_talking(alice, bob)


@pytest.mark.gen_test
async def test_the_first_is_told_at_once_and_many_later_ones_together(database: Database) -> None:
    publisher = RecordingPublisher()
    community, alice, bob, conversation_id = await friends(publisher, database)
    await community.say(alice, conversation_id, "first")
    await publisher.until(lambda: len(news(publisher)) == 1)
    await asyncio.gather(*(community.say(alice, conversation_id, str(n)) for n in range(20)))
    assert len(news(publisher)) == 1
    await settle(community)
    first, last = news(publisher)
    assert (first.payload["last_seq"], first.payload["last_message"]["content"]) == (1, "first")
    assert (last.payload["last_seq"], last.payload["last_message"]["seq"]) == (21, 21)
    assert set(last.rooms) == {user_room(alice.user_id), user_room(bob.user_id)}
    assert tuple(last.spared) == (conversation_room(conversation_id),)


@pytest.mark.gen_test
async def test_a_recalled_message_shows_as_that(database: Database) -> None:
    publisher = RecordingPublisher()
    community, alice, _, conversation_id = await friends(publisher, database)
    sent = await community.say(alice, conversation_id, "secret")
    await settle(community)
    await community.changes.recall(alice, sent.id)
    await settle(community)
    shown = news(publisher)[-1].payload["last_message"]
    assert (shown["recalled"], shown["content"]) == (True, "")


@pytest.mark.gen_test
async def test_the_members_of_a_group_are_looked_up_when_they_change(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = RecordingPublisher()
    here, there = open_community(database, publisher), open_community(database)
    alice, bob, carol = [await here.member(name) for name in ("alice", "bob", "carol")]
    conversation_id = await here.group(alice, bob, carol)
    await settle(here)
    looked_up: list[str] = []
    look_up: Callable[[str], Awaitable[list[str]]] = here.conversation_repository.member_ids

    async def count(conversation_id: str) -> list[str]:
        looked_up.append(conversation_id)
        return await look_up(conversation_id)

    monkeypatch.setattr(here.conversation_repository, "member_ids", count)
    for _ in range(3):
        await here.say(alice, conversation_id, "x")
        await settle(here)
    assert looked_up == []
    await there.groups.remove(alice, conversation_id, carol.user_id)
    await here.say(alice, conversation_id, "without carol")
    await settle(here)
    assert looked_up == [conversation_id]
    assert set(news(publisher)[-1].rooms) == {user_room(alice.user_id), user_room(bob.user_id)}


@pytest.mark.gen_test
async def test_news_that_fails_does_not_stop_the_next(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = RecordingPublisher()
    community, alice, _, conversation_id = await friends(publisher, database)

    async def fail(_: object) -> None:
        raise RequestError(ErrorCode.UNAVAILABLE)

    with monkeypatch.context() as patch:
        patch.setattr(community.conversation_repository, "audiences", fail)
        await community.say(alice, conversation_id, "x")
        await settle(community)
    assert "was not told" in caplog.text
    await community.say(alice, conversation_id, "y")
    await settle(community)
    assert [told.payload["last_seq"] for told in news(publisher)] == [2]
