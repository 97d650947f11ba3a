from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services import group_rules, groups
from server.services.messages import Outgoing
from server.services.write_permits import WritePermit
from server.storage.documents import Database
from tests.support.community import Community, RecordingPublisher, open_community


async def outcome(call: Awaitable[object]) -> ErrorCode | None:
    """Return why a call was refused; None when it was not."""
    try:
        await call
    except RequestError as error:
        return error.code
    return None


async def race(*calls: Awaitable[object]) -> Counter[ErrorCode | None]:
    """Do all at once; count how they ended."""
    return Counter(await asyncio.gather(*map(outcome, calls)))


async def members(community: Community, *names: str) -> list[Principal]:
    return [await community.member(name) for name in names]


async def roles(database: Database, conversation_id: str) -> dict[str, str]:
    """Return the role of each member as stored, after checking that the group agrees."""
    found = await database["members"].find({"conversation_id": conversation_id}).to_list(None)
    group = await database["conversations"].find_one({"_id": conversation_id})
    assert group is not None
    assert group["member_count"] == len(found)
    assert [group["owner_id"]] == ([one["user_id"] for one in found if one["role"] == "owner"] or [None])
    return {one["user_id"]: one["role"] for one in found}


@pytest.mark.gen_test
async def test_two_processes_do_not_add_more_than_there_may_be(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = open_community(database), open_community(database)
    alice, bob, *friends = await members(here, "alice", "bob", *(f"friend{n}" for n in range(10)))
    conversation_id = await here.group(alice, bob)
    await here.groups.set_role(alice, conversation_id, bob.user_id, "admin")
    for friend in friends:
        await here.befriend(alice, friend)
        await here.befriend(bob, friend)
    monkeypatch.setattr(group_rules, "MAX_MEMBERS", 7)
    ended = await race(
        *(here.groups.add(alice, conversation_id, [friend.user_id]) for friend in friends[:5]),
        *(there.groups.add(bob, conversation_id, [friend.user_id]) for friend in friends[5:]),
    )
    assert ended == {None: 5, ErrorCode.LIMIT_REACHED: 5}
    assert len(await roles(database, conversation_id)) == 7


@pytest.mark.gen_test
async def test_two_add_the_same_friend_and_two_remove_the_same_member(database: Database) -> None:
    here, there = open_community(database), open_community(database)
    alice, bob, carol = await members(here, "alice", "bob", "carol")
    conversation_id = await here.group(alice, bob)
    await here.groups.set_role(alice, conversation_id, bob.user_id, "admin")
    for friend in (alice, bob):
        await here.befriend(friend, carol)
    for _ in range(5):
        added = await race(
            here.groups.add(alice, conversation_id, [carol.user_id]),
            there.groups.add(bob, conversation_id, [carol.user_id]),
        )
        assert added == {None: 2}
        assert len(await roles(database, conversation_id)) == 3
        removed = await race(
            here.groups.remove(alice, conversation_id, carol.user_id),
            there.groups.remove(bob, conversation_id, carol.user_id),
        )
        assert removed == {None: 1, ErrorCode.NOT_FOUND: 1}
    notes = Counter([note["system"]["action"] async for note in database["messages"].find({})])
    assert (notes["added"], notes["removed"]) == (5, 5)


@pytest.mark.gen_test
async def test_a_group_has_one_owner_whoever_is_quicker(database: Database) -> None:
    here, there = open_community(database), open_community(database)
    alice, bob, carol = await members(here, "alice", "bob", "carol")
    for _ in range(4):
        conversation_id = await here.group(alice, bob, carol)
        handed = await race(
            here.groups.set_role(alice, conversation_id, bob.user_id, "owner"),
            there.groups.set_role(alice, conversation_id, carol.user_id, "owner"),
        )
        assert handed == {None: 1, ErrorCode.FORBIDDEN: 1}
        assert sorted((await roles(database, conversation_id)).values()) == ["admin", "member", "owner"]
        left = await race(
            here.groups.remove(bob, conversation_id, bob.user_id),
            there.groups.remove(carol, conversation_id, carol.user_id),
        )
        assert left == {None: 2}
        assert await roles(database, conversation_id) == {alice.user_id: "owner"}


@pytest.mark.gen_test
async def test_a_demoted_admin_removes_nobody(database: Database) -> None:
    here, there = open_community(database), open_community(database)
    alice, bob, carol = await members(here, "alice", "bob", "carol")
    for _ in range(4):
        conversation_id = await here.group(alice, bob, carol)
        await here.groups.set_role(alice, conversation_id, bob.user_id, "admin")
        _, removed = await asyncio.gather(
            here.groups.set_role(alice, conversation_id, bob.user_id, "member"),
            outcome(there.groups.remove(bob, conversation_id, carol.user_id)),
        )
        notes = database["messages"].find({"conversation_id": conversation_id}).sort("seq", 1)
        actions = [note["system"]["action"] for note in await notes.to_list(None)]
        assert (carol.user_id in await roles(database, conversation_id)) is (removed is ErrorCode.FORBIDDEN)
        assert actions.count("removed") == (0 if removed else 1)


class Gate:
    """Holds a sender up between the question whether it may write, and the writing."""

    def __init__(self, community: Community, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self._ask: Callable[..., Awaitable[WritePermit]] = community.conversations.open_for_writing
        monkeypatch.setattr(community.conversations, "open_for_writing", self._held)

    async def _held(self, *what: Any) -> WritePermit:
        permit = await self._ask(*what)
        self.reached.set()
        await self.open.wait()
        return permit


@pytest.mark.parametrize("asks", ["anew", "what is remembered"])
@pytest.mark.parametrize("where", ["the same process", "another process", "another process that has heard of it"])
@pytest.mark.gen_test
async def test_a_removed_member_has_no_message_behind_the_removal(
    database: Database, monkeypatch: pytest.MonkeyPatch, where: str, asks: str
) -> None:
    here = open_community(database)
    there = here if where == "the same process" else open_community(database)
    alice, bob, carol = await members(here, "alice", "bob", "carol")
    conversation_id = await here.group(alice, bob, carol)
    await there.say(bob, conversation_id, "before")
    if asks == "anew":
        there.permits.forget()
    with monkeypatch.context() as patch:
        gate = Gate(there, patch)
        late = asyncio.ensure_future(outcome(there.say(bob, conversation_id, "late")))
        await gate.reached.wait()
    await here.groups.remove(alice, conversation_id, bob.user_id)
    if where.endswith("heard of it"):
        await there.say(carol, conversation_id, "carol's")
    stored = await database["messages"].count_documents({})
    gate.open.set()
    assert await late is ErrorCode.NOT_FOUND
    assert await database["messages"].count_documents({}) == stored
    assert (await there.say(carol, conversation_id, "after")).seq == stored + 1


@pytest.mark.gen_test
async def test_a_member_who_sends_all_the_time_is_removed(database: Database) -> None:
    here, there = open_community(database), open_community(database)
    alice, bob, carol = await members(here, "alice", "bob", "carol")
    conversation_id = await here.group(alice, bob, carol)

    async def send(community: Community) -> list[ErrorCode | None]:
        return [await outcome(community.say(bob, conversation_id, str(n))) for n in range(40)]

    sending = [asyncio.ensure_future(send(community)) for community in (here, there, here, there)]
    await asyncio.gather(*(here.say(carol, conversation_id, "x") for _ in range(20)))
    await here.groups.remove(alice, conversation_id, bob.user_id)
    stored = await database["messages"].count_documents({"sender_id": bob.user_id})
    ended = Counter(one for told in await asyncio.gather(*sending) for one in told)
    assert await database["messages"].count_documents({"sender_id": bob.user_id}) == stored == ended[None]
    assert ended.keys() <= {None, ErrorCode.NOT_FOUND}
    note = await database["messages"].find_one({"system.action": "removed"})
    last = await database["messages"].find_one({"sender_id": bob.user_id}, sort=[("seq", -1)])
    assert note is not None
    assert last is None or last["seq"] < note["seq"]
    seqs = [message["seq"] async for message in database["messages"].find({}).sort("seq", 1)]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.gen_test
async def test_a_message_on_its_way_in_a_batch_with_the_removal(database: Database) -> None:
    community = open_community(database)
    alice, bob, carol = await members(community, "alice", "bob", "carol")
    conversation_id = await community.group(alice, bob, carol)
    removal = asyncio.ensure_future(community.groups.remove(alice, conversation_id, bob.user_id))
    sends = [asyncio.ensure_future(outcome(community.say(bob, conversation_id, str(n)))) for n in range(30)]
    await removal
    ended = Counter(await asyncio.gather(*sends))
    note = await database["messages"].find_one({"system.action": "removed"})
    assert note is not None
    assert await database["messages"].count_documents({"sender_id": bob.user_id, "seq": {"$gt": note["seq"]}}) == 0
    assert await database["messages"].count_documents({"sender_id": bob.user_id}) == ended[None]


@pytest.mark.gen_test
async def test_too_many_groups(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_GROUPS_PER_USER", 3)
    community = open_community(database)
    alice, bob, carol = await members(community, "alice", "bob", "carol")
    for _ in range(3):
        last = await community.group(alice, bob)
    assert await outcome(community.groups.create(alice, "x", [])) is ErrorCode.LIMIT_REACHED
    assert await outcome(community.group(carol, bob)) is ErrorCode.LIMIT_REACHED
    mine = await community.group(carol)
    assert await outcome(community.groups.add(carol, mine, [bob.user_id])) is ErrorCode.LIMIT_REACHED
    await community.groups.remove(bob, last, bob.user_id)
    assert await outcome(community.groups.add(carol, mine, [bob.user_id])) is None


@pytest.mark.gen_test
async def test_too_many_members_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_MEMBERS", 2)
    community = open_community(database)
    alice, bob, carol = await members(community, "alice", "bob", "carol")
    assert await outcome(community.group(alice, bob, carol)) is ErrorCode.LIMIT_REACHED
    assert await outcome(community.group(alice, bob)) is None


@pytest.mark.gen_test
async def test_what_changes_nothing_tells_nothing(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await members(community, "alice", "bob")
    conversation_id = await community.group(alice, bob)
    told: list[Any] = [item for item in publisher.told if "changes" in item.payload]
    await community.groups.rename(alice, conversation_id, "group")
    await community.groups.add(alice, conversation_id, [bob.user_id, alice.user_id])
    await community.groups.set_role(alice, conversation_id, bob.user_id, "member")
    assert [item for item in publisher.told if "changes" in item.payload] == told
    assert await database["messages"].count_documents({}) == 1


@pytest.mark.parametrize("step", ["messages", "profiles"])
@pytest.mark.gen_test
async def test_who_is_removed_while_entering_does_not_get_in(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The removal comes before the members are looked up, or after that."""
    community = open_community(database)
    alice, bob = await members(community, "alice", "bob")
    conversation_id = await community.group(alice, bob)
    owner, name = {"messages": (community.message_repository, "following"), "profiles": (community.profiles, "of")}[
        step
    ]
    lookup = getattr(owner, name)

    async def meanwhile(*args: Any) -> Any:
        monkeypatch.undo()
        await community.groups.remove(alice, conversation_id, bob.user_id)
        return await lookup(*args)

    monkeypatch.setattr(owner, name, meanwhile)
    entered: list[str] = []
    assert await outcome(community.messages.join(bob, conversation_id, None, 0, entered.append)) is ErrorCode.NOT_FOUND
    assert entered == []


@pytest.mark.gen_test
async def test_strangers_cannot_hold_up_those_who_change_a_group(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    community = open_community(database)
    alice, bob, eve = await members(community, "alice", "bob", "eve")
    conversation_id = await community.group(alice, bob)
    changes: list[object] = []
    monkeypatch.setattr(community.stores.groups, "change", changes.append)
    for attempt in (
        community.groups.rename(eve, conversation_id, "x"),
        community.groups.remove(eve, conversation_id, bob.user_id),
        community.groups.set_role(eve, conversation_id, bob.user_id, "admin"),
        community.groups.add(eve, conversation_id, [eve.user_id]),
    ):
        assert await outcome(attempt) is ErrorCode.NOT_FOUND
    assert changes == []


@pytest.mark.gen_test
async def test_changes_of_groups_are_limited_for_each_member(database: Database) -> None:
    community = open_community(database)
    alice, bob = await members(community, "alice", "bob")
    conversation_id = await community.group(alice)
    for number in range(59):
        await community.groups.rename(alice, conversation_id, f"name {number}")
    assert await outcome(community.groups.rename(alice, conversation_id, "x")) is ErrorCode.RATE_LIMITED
    assert await outcome(community.groups.create(alice, "x", [])) is ErrorCode.RATE_LIMITED
    assert await outcome(community.groups.create(bob, "x", [])) is None


@pytest.mark.gen_test
async def test_sending_again_does_not_show_those_who_left_what_they_replied_to(database: Database) -> None:
    community = open_community(database)
    alice, bob = await members(community, "alice", "bob")
    left, open_still = await community.group(alice, bob), await community.group(alice, bob)
    said = await community.say(alice, left, "said")
    reply = Outgoing(left, None, "what?", client_msg_id="c1", reply_to=said.id)
    sent = await community.messages.send(bob, reply)
    again = await community.messages.send(bob, reply)
    assert again == sent and again.reply is not None
    await community.groups.remove(bob, left, bob.user_id)
    await community.changes.edit(alice, said.id, "for members alone")
    for conversation_id in (left, open_still):
        again = await community.messages.send(bob, reply._replace(conversation_id=conversation_id, reply_to=None))
        assert (again.id, again.reply_to, again.reply) == (sent.id, said.id, None)
