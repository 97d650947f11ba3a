from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from server.domain.messages import Search
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services import message_finder
from server.services.messages import Outgoing
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community


class Talk:
    """Alice and bob, who say something every minute from 10:00 on."""

    def __init__(self, community: Community, alice: Principal, bob: Principal, conversation: str) -> None:
        self.community, self.alice, self.bob, self.conversation = community, alice, bob, conversation
        self.begun = community.clock.now()

    @classmethod
    async def begin(cls, database: Database, *contents: str) -> Talk:
        community = open_community(database)
        alice, bob = await community.member("alice"), await community.member("bob")
        talk = cls(community, alice, bob, await community.friends_talking(alice, bob))
        for number, content in enumerate(contents):
            await talk.say((alice, bob)[number % 2], content)
        return talk

    async def say(self, who: Principal, content: str, kind: str = "text") -> str:
        sent = await self.community.messages.send(who, Outgoing(self.conversation, None, content, kind))
        assert isinstance(self.community.clock, FakeClock)
        self.community.clock.advance(60)
        return sent.id

    def at(self, minutes: float) -> datetime:
        return self.begun + timedelta(minutes=minutes)

    async def found(self, text: str | None = None, limit: int = 50, **search: object) -> tuple[list[int], bool]:
        wanted = Search(text=text, **search)  # type: ignore[arg-type]
        page = await self.community.finder.search(self.bob, self.conversation, wanted, limit)
        return [message.seq for message in page.messages], page.has_more

    async def around(self, place: int | datetime, limit: int = 4) -> tuple[list[int], bool, bool]:
        shown = await self.community.finder.around(self.bob, self.conversation, place, limit)
        assert shown.has_more == shown.has_before
        return [message.seq for message in shown.messages], shown.has_before, shown.has_after


CONTENTS = ("贵州茅台涨停", "NVDA up", "茅台 600519", "hello nvda", "Buy 茅台?", "再见")


@pytest.mark.gen_test
async def test_text_senders_types_and_times_narrow_a_search_together(database: Database) -> None:
    talk = await Talk.begin(database, *CONTENTS)
    alice, bob = talk.alice.user_id, talk.bob.user_id
    assert await talk.found("茅台") == ([5, 3, 1], False)
    assert await talk.found("nvd") == ([4, 2], False)
    assert await talk.found("BUY 茅") == ([5], False)
    assert await talk.found("茅台", limit=2) == ([5, 3], True)
    assert await talk.found("茅台", limit=3) == ([5, 3, 1], False)
    assert await talk.found("茅台", before_seq=5) == ([3, 1], False)
    assert await talk.found("茅台", after_seq=1, before_seq=5) == ([3], False)
    assert await talk.found("茅台", sender_id=bob) == ([], False)
    assert await talk.found(sender_id=bob) == ([6, 4, 2], False)
    assert await talk.found(sender_id="0" * 24) == ([], False)
    assert await talk.found("茅台", since=talk.at(1)) == ([5, 3], False)
    assert await talk.found("茅台", since=talk.at(2), until=talk.at(4)) == ([3], False)
    assert await talk.found(since=talk.at(2), until=talk.at(4)) == ([4, 3], False)
    assert await talk.found(since=talk.at(2), until=talk.at(4), before_seq=4, sender_id=alice) == ([3], False)
    assert await talk.found(since=talk.at(2), after_seq=4) == ([6, 5], False)
    assert await talk.found(since=talk.at(60)) == ([], False)
    assert await talk.found(until=talk.begun) == ([], False)
    assert await talk.found(until=talk.at(60), type="text", limit=1) == ([6], True)
    assert await talk.found(type="stock") == ([], False)


@pytest.mark.gen_test
async def test_a_card_is_found_by_code_symbol_and_name(database: Database) -> None:
    talk = await Talk.begin(database, "hello")
    await talk.say(talk.alice, "600519", "stock")
    for text in ("600519", "600519.sh", "6005", "茅台", "贵州茅台"):
        assert await talk.found(text) == ([2], False), text
    assert await talk.found(type="stock", sender_id=talk.alice.user_id) == ([2], False)
    assert await talk.found("茅台", type="text") == ([], False)


@pytest.mark.gen_test
async def test_an_edit_is_found_as_it_is_and_a_recalled_message_never(database: Database) -> None:
    talk = await Talk.begin(database, "茅台")
    second = await talk.say(talk.alice, "茅台")
    first = (await talk.community.messages.history(talk.bob, talk.conversation)).messages[-1].id
    await talk.community.changes.edit(talk.alice, first, "五粮液")
    await talk.community.changes.recall(talk.alice, second)
    assert await talk.found("茅台") == ([], False)
    assert await talk.found("五粮") == ([1], False)
    assert await talk.found(sender_id=talk.alice.user_id) == ([2, 1], False)
    page = await talk.community.finder.search(talk.bob, talk.conversation, Search(type="text"), 1)
    assert (page.messages[0].recalled, page.messages[0].content) == (True, "")


@pytest.mark.gen_test
async def test_what_the_server_wrote_is_found_by_its_type_alone(database: Database) -> None:
    talk = await Talk.begin(database, "茅台")
    await database["messages"].update_one({"seq": 1}, {"$set": {"type": "system"}, "$unset": {"terms": ""}})
    assert await talk.found("茅台") == ([], False)
    assert await talk.found(type="system") == ([1], False)
    first = (await talk.community.messages.history(talk.bob, talk.conversation)).messages[0].id
    for change in (
        talk.community.changes.recall(talk.alice, first),
        talk.community.changes.edit(talk.alice, first, "x"),
    ):
        with pytest.raises(RequestError) as refused:
            await change
        assert refused.value.code is ErrorCode.FORBIDDEN


@pytest.mark.gen_test
async def test_a_page_has_a_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_finder, "MAX_FOUND", 3)
    talk = await Talk.begin(database, *(["x"] * 5))
    assert await talk.found("x", limit=10**30) == ([5, 4, 3], True)
    assert await talk.around(3, limit=10**30) == ([4, 3, 2], True, True)


@pytest.mark.parametrize(
    ("search", "detail"),
    [
        (Search(text=""), "q has 0 characters"),
        (Search(text="x" * 101), "q has 101 characters"),
        (Search(text="!?"), "q holds no letter"),
        (Search(text="a\0"), "NUL"),
        (Search(type="video"), "got type 'video', allowed are: text, stock"),
        (Search(sender_id="alice"), "got from 'alice', allowed is the id of a user"),
    ],
)
@pytest.mark.gen_test
async def test_what_cannot_be_searched_for(database: Database, search: Search, detail: str) -> None:
    talk = await Talk.begin(database)
    with pytest.raises(RequestError, match=detail) as refused:
        await talk.community.finder.search(talk.bob, talk.conversation, search, 5)
    assert refused.value.code is ErrorCode.INVALID_INPUT


@pytest.mark.gen_test
async def test_a_stranger_finds_nothing_and_learns_nothing(database: Database) -> None:
    talk = await Talk.begin(database, "茅台")
    carol = await talk.community.member("carol")
    for conversation_id in (talk.conversation, "0" * 24, "nonsense"):
        for call in (
            talk.community.finder.search(carol, conversation_id, Search(text="茅台"), 5),
            talk.community.finder.search(carol, conversation_id, Search(since=talk.at(0)), 5),
            talk.community.finder.around(carol, conversation_id, 1, 5),
        ):
            with pytest.raises(RequestError, match="not_found: there is no such conversation of yours"):
                await call


@pytest.mark.gen_test
async def test_the_messages_around_a_place(database: Database) -> None:
    talk = await Talk.begin(database, *"abcdefghij")
    assert await talk.around(5) == ([6, 5, 4, 3], True, True)
    assert await talk.around(5, limit=5) == ([7, 6, 5, 4, 3], True, True)
    assert await talk.around(5, limit=1) == ([5], True, True)
    assert await talk.around(1) == ([2, 1], False, True)
    assert await talk.around(0) == ([2, 1], False, True)
    assert await talk.around(3) == ([4, 3, 2, 1], False, True)
    assert await talk.around(9) == ([10, 9, 8, 7], True, False)
    assert await talk.around(10) == ([10, 9, 8], True, False)
    assert await talk.around(2**63 - 1) == ([10, 9], True, False)
    assert await talk.around(5, limit=200) == (list(range(10, 0, -1)), False, False)


@pytest.mark.gen_test
async def test_the_messages_around_a_moment(database: Database) -> None:
    talk = await Talk.begin(database, *"abcdefghij")
    assert await talk.around(talk.at(4)) == ([6, 5, 4, 3], True, True)
    assert await talk.around(talk.at(3.5)) == ([6, 5, 4, 3], True, True)
    assert await talk.around(talk.at(-1000)) == ([2, 1], False, True)
    assert await talk.around(talk.at(1000)) == ([10, 9], True, False)


@pytest.mark.gen_test
async def test_an_empty_conversation_has_no_places(database: Database) -> None:
    talk = await Talk.begin(database)
    assert await talk.around(1) == ([], False, False)
    assert await talk.around(talk.begun) == ([], False, False)
    assert await talk.found("x") == ([], False)


@pytest.mark.gen_test
async def test_times_do_not_go_back_within_a_conversation_though_clocks_differ(database: Database) -> None:
    clocks = [FakeClock(), FakeClock(FakeClock().now() - timedelta(seconds=20))]
    ahead, behind = (Community(database, clock, RecordingPublisher()) for clock in clocks)
    alice, bob = await ahead.member("alice"), await ahead.member("bob")
    conversation = await ahead.friends_talking(alice, bob)
    for _ in range(3):
        await asyncio.gather(*(process.say(alice, conversation, "x") for process in (ahead, behind)))
    messages = await ahead.message_repository.following(conversation, 0, 10)
    times = [message.created_at for message in messages]
    assert times == sorted(times)
    assert times[-1] == clocks[0].now()
    # One that was far ahead was wrong: it does not hold up the others until they are there.
    await database["messages"].update_one({"seq": 6}, {"$set": {"created_at": clocks[0].now() + timedelta(days=1)}})
    later = await Community(database, clocks[1], RecordingPublisher()).say(alice, conversation, "y")
    assert (later.seq, later.created_at) == (7, clocks[1].now())


@pytest.mark.gen_test
async def test_searches_are_limited_for_each_member(database: Database) -> None:
    talk = await Talk.begin(database, "one")
    for _ in range(20):
        assert await talk.found("one") == ([1], False)
    with pytest.raises(RequestError) as refused:
        await talk.found("one")
    assert (refused.value.code, refused.value.data) == (ErrorCode.RATE_LIMITED, {"retry_after": 1})
    assert (await talk.community.finder.search(talk.alice, talk.conversation, Search(text="one"), 5)).messages
