"""What a message carries beside its text: stock cards, mentions, what it replies to; and how many a user may send."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from server.domain.conversations import Member, MemberKey
from server.domain.messages import Message, StockCard
from server.domain.quotes import Quote
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.services.message_limits import MessageLimits
from server.services.messages import Outgoing
from server.storage.conversations import ConversationRepository
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community

CARD = StockCard("600519", "600519.SH", "贵州茅台")


async def pair(database: Database, names: tuple[str, str] = ("alice", "bob")) -> tuple[Community, list[Principal], str]:
    community = open_community(database)
    people = [await community.member(name) for name in names]
    return community, people, await community.friends_talking(*people)


async def share(community: Community, who: Principal, conversation: str, content: str) -> Message:
    return await community.messages.send(who, Outgoing(conversation, None, content, "stock"))


async def history(community: Community, who: Principal, conversation: str) -> list[Message]:
    return (await community.messages.history(who, conversation)).messages


@pytest.mark.parametrize("content", ["600519", "600519.SH", "600519.sh", " 600519\n"])
@pytest.mark.gen_test
async def test_a_stock_is_named_by_code_or_symbol(database: Database, content: str) -> None:
    community, [alice, bob], conversation = await pair(database)
    sent = await share(community, alice, conversation, content)
    assert (sent.type, sent.content, sent.stock) == ("stock", content, CARD)
    assert await history(community, bob, conversation) == [sent]


@pytest.mark.gen_test
async def test_a_card_keeps_the_price_of_its_moment(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database)
    quote = Quote(
        symbol="600519.SH",
        name="贵州茅台",
        price=1850.5,
        previous_close=1825.2,
        volume=1,
        timestamp=community.clock.now(),
    )
    community.quotes["600519.SH"] = quote
    await share(community, alice, conversation, "600519")
    community.quotes.clear()
    [shown] = await history(community, bob, conversation)
    assert shown.stock == StockCard(
        "600519", "600519.SH", "贵州茅台", price=1850.5, change_percent=1.39, at="2026-01-05T10:00:00.000+08:00"
    )


@pytest.mark.parametrize("content", ["600518", "000300", "茅台", "600519 good", "$gt", "6" * 300])
@pytest.mark.gen_test
async def test_an_unknown_stock_is_refused_with_what_is_allowed(database: Database, content: str) -> None:
    community, [alice, _], conversation = await pair(database)
    with pytest.raises(RequestError, match="six-digit code of a listed share, such as 600519, or a symbol") as refused:
        await share(community, alice, conversation, content)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert len(refused.value.detail) < 300


@pytest.mark.gen_test
async def test_a_card_is_not_edited_and_a_recalled_one_is_gone(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database)
    sent = await share(community, alice, conversation, "000001.SH")  # an index is named by its symbol
    with pytest.raises(RequestError, match="stock card cannot be edited"):
        await community.changes.edit(alice, sent.id, "600519")
    await community.changes.recall(alice, sent.id)
    [shown] = await history(community, bob, conversation)
    assert (shown.recalled, shown.content, shown.stock) == (True, "", None)


@pytest.mark.gen_test
async def test_members_are_mentioned_and_an_edit_mentions_anew(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database, ("alice", "张三丰"))
    await community.member("carol")
    sent = await community.say(alice, conversation, "@张三丰 @carol @ALICE @all you@alice")
    assert (sent.mentions, sent.mentions_all) == ((bob.user_id, alice.user_id), False)
    assert await history(community, bob, conversation) == [sent]
    edited = await community.changes.edit(alice, sent.id, "@alice")
    assert edited.mentions == (alice.user_id,)
    assert (await community.changes.edit(alice, sent.id, "nobody")).mentions == ()
    again = await community.changes.edit(alice, sent.id, "@张三丰你好")
    assert again.mentions == (bob.user_id,)
    await community.changes.recall(alice, sent.id)
    [shown] = await history(community, bob, conversation)
    assert shown.mentions == ()


@pytest.mark.gen_test
async def test_a_mention_does_not_ask_for_every_member(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    community = open_community(database)
    alice, bob, carol, dave = [await community.member(name) for name in ("alice", "bob", "carol", "dave")]
    conversation = await community.group(alice, bob, carol)
    asked: list[int] = []
    find_members = community.conversation_repository.find_members

    async def counted(keys: Collection[MemberKey]) -> dict[MemberKey, Member]:
        asked.append(len(keys))
        return await find_members(keys)

    monkeypatch.setattr(community.conversation_repository, "find_members", counted)
    monkeypatch.delattr(ConversationRepository, "members")
    sent = await community.say(alice, conversation, f"@bob @{dave.username} @nobody @all")
    assert (sent.mentions, sent.mentions_all, asked) == ((bob.user_id,), True, [2])
    assert (await community.say(alice, conversation, "@ me@bob")).mentions == ()
    assert asked == [2]


@pytest.mark.gen_test
async def test_a_reply_shows_its_original_as_it_is_now(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database)
    original = await community.say(alice, conversation, "x" * 300)
    reply = await community.messages.send(bob, Outgoing(conversation, None, "y", reply_to=original.id))
    assert reply.reply is not None
    assert (reply.reply.id, reply.reply.seq, reply.reply.sender) == (original.id, 1, original.sender)
    assert reply.reply.content == "x" * 200
    assert (await history(community, alice, conversation))[0] == reply
    await community.changes.edit(alice, original.id, "z")
    joined = await community.messages.join(alice, conversation, None, None, lambda _: None)
    assert joined.messages[1].reply is not None
    assert joined.messages[1].reply.content == "z"
    await community.changes.recall(alice, original.id)
    for shown in (
        (await history(community, alice, conversation))[0],
        (await community.messages.join(alice, conversation, None, 1, lambda _: None)).messages[0],
        await community.changes.edit(bob, reply.id, "Y"),
        await community.messages.send(bob, Outgoing(conversation, None, "late", reply_to=original.id)),
    ):
        assert shown.reply is not None
        assert (shown.reply.recalled, shown.reply.content, shown.reply_to) == (True, "", original.id)


@pytest.mark.gen_test
async def test_an_original_that_is_recalled_before_the_reply_is_published_is_shown_recalled(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    original = await community.say(alice, conversation, "secret")
    reply = await community.messages.send(bob, Outgoing(conversation, None, "y", reply_to=original.id))
    # The answer is out, the publication is not: it follows in the loop's next turn.
    recalled = Message(
        **{name: getattr(original, name) for name in original.__struct_fields__} | {"content": "", "recalled": True}
    )
    community.writer.tell_changed(recalled)
    await publisher.until(lambda: len(publisher.of("new_message")) == 2)
    assert reply.reply is not None
    assert publisher.of("new_message")[1]["message"]["reply"]["recalled"] is True
    assert publisher.of("new_message")[1]["message"]["reply"]["content"] == ""


@pytest.mark.gen_test
async def test_who_lost_the_right_to_write_still_hears_of_what_was_stored(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database)
    first = await community.say(alice, conversation, "first")
    sent = await community.messages.send(alice, Outgoing(conversation, None, "x", "text", "c1", first.id))
    await community.friends.unfriend(alice, bob.user_id)
    for again in (
        Outgoing(conversation, None, "other words", "text", "c1"),
        Outgoing(None, bob.user_id, "x", "text", "c1", first.id),
        Outgoing(conversation, None, "no stock", "stock", "c1"),
    ):
        assert await community.messages.send(alice, again) == sent
    with pytest.raises(RequestError) as refused:
        await community.messages.send(alice, Outgoing(conversation, None, "x", "text", "c2"))
    assert refused.value.code is ErrorCode.NOT_FRIENDS
    with pytest.raises(RequestError):
        await community.messages.send(bob, Outgoing(conversation, None, "x", "text", "c1"))


def test_a_user_is_limited_and_others_are_not() -> None:
    clock = FakeClock()
    limits = MessageLimits(clock, Rate(2, 0.5))
    limits.count("alice")
    limits.count("alice")
    with pytest.raises(RequestError, match=r"you may write 0\.5 messages a second, 2 at once") as refused:
        limits.count("alice")
    assert refused.value.code is ErrorCode.RATE_LIMITED
    assert refused.value.data == {"retry_after": 2.0}
    limits.count("bob")
    clock.advance(2)
    limits.count("alice")


@pytest.mark.gen_test
async def test_sending_editing_and_recalling_count_alike(database: Database) -> None:
    community, [alice, bob], conversation = await pair(database)
    sent = await community.say(alice, conversation, "x")
    for service in (community.messages, community.changes):
        service._limits = MessageLimits(community.clock, Rate(0, 1))
    for call in (
        community.say(alice, conversation, "x"),
        community.changes.edit(alice, sent.id, "y"),
        community.changes.recall(alice, sent.id),
    ):
        with pytest.raises(RequestError) as refused:
            await call
        assert refused.value.code is ErrorCode.RATE_LIMITED
    assert await history(community, bob, conversation) == [sent]
