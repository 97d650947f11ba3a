from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.domain.files import Attachment
from server.domain.users import Principal, ProfileChange
from server.errors import ErrorCode, RequestError
from server.services.files import CHECK_EVERY
from server.services.messages import Outgoing
from server.services.uploads import UNATTACHED_LIFETIME, UPLOAD_LIFETIME
from server.storage.documents import Database
from server.storage.files import CHUNK_BYTES, FileRepository
from tests.support.clock import FakeClock
from tests.support.community import Community, open_community
from tests.support.uploads import picture


async def upload(community: Community, member: Principal, content: bytes = b"a text") -> Attachment:
    under_way = await community.uploads.begin(member, len(content))
    await under_way.write(content)
    return await under_way.finish("a")


async def refer_to(community: Community, conversation_id: str, file_id: str, seq: int = 1) -> None:
    """Store what a message with the file is to this end."""
    await community.database["messages"].insert_one(
        {"_id": f"{file_id}{seq}", "conversation_id": conversation_id, "seq": seq, "file": {"id": file_id}}
    )


async def is_there(community: Community, file_id: str) -> bool:
    database = community.database
    documents = await database["files.files"].count_documents({"_id": file_id})
    chunks = await database["files.chunks"].count_documents({"files_id": {"$regex": f"^{file_id}"}})
    assert bool(documents) == bool(chunks)
    return bool(documents)


def pass_time(community: Community, time: timedelta) -> None:
    assert isinstance(community.clock, FakeClock)
    community.clock.advance(time.total_seconds())


async def refusal(call: Any) -> ErrorCode:
    with pytest.raises(RequestError) as raised:
        await call
    return raised.value.code


@pytest.mark.gen_test
async def test_what_is_not_sent_goes_after_a_day(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    file = await upload(community, alice, picture("PNG"))
    pass_time(community, UNATTACHED_LIFETIME - timedelta(seconds=1))
    await community.sweeper.sweep()
    assert await is_there(community, file.id)
    pass_time(community, timedelta(seconds=1))
    await community.sweeper.sweep()
    assert not await is_there(community, file.id)
    assert await community.database["files.files"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_what_was_sent_stays(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    conversation = await community.friends_talking(alice, bob)
    file = await upload(community, alice)
    await community.files.attach(alice.user_id, file.id, only_picture=False)
    await refer_to(community, conversation, file.id)
    for _ in range(3):
        pass_time(community, CHECK_EVERY)
        await community.sweeper.sweep()
        assert await is_there(community, file.id)
    # Recalled: at the latest after this time it is gone.
    await community.database["messages"].update_many({}, {"$unset": {"file": ""}})
    await community.sweeper.sweep()
    assert await is_there(community, file.id)
    pass_time(community, CHECK_EVERY)
    await community.sweeper.sweep()
    assert not await is_there(community, file.id)


@pytest.mark.gen_test
async def test_an_avatar_stays_until_it_is_replaced(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    first, second = [await upload(community, alice, picture("PNG", (60, size))) for size in (40, 50)]
    await community.people.update(alice, ProfileChange(avatar=first.id))
    for _ in range(3):
        pass_time(community, CHECK_EVERY)
        await community.sweeper.sweep()
        assert await is_there(community, first.id)
    assert not await is_there(community, second.id)
    third = await upload(community, alice, picture("GIF"))
    await community.people.update(alice, ProfileChange(avatar=third.id))
    pass_time(community, CHECK_EVERY)
    await community.sweeper.sweep()
    assert (await is_there(community, first.id), await is_there(community, third.id)) == (False, True)
    await community.people.update(alice, ProfileChange(avatar=None))
    pass_time(community, CHECK_EVERY)
    await community.sweeper.sweep()
    assert not await is_there(community, third.id)


@pytest.mark.gen_test
async def test_a_file_whose_message_was_never_stored_goes(database: Database) -> None:
    """The server died between the two."""
    community = open_community(database)
    alice = await community.member("alice")
    file = await upload(community, alice)
    pass_time(community, UNATTACHED_LIFETIME - timedelta(seconds=1))
    await community.files.attach(alice.user_id, file.id, only_picture=False)
    pass_time(community, timedelta(hours=1))
    await community.sweeper.sweep()
    assert await is_there(community, file.id)
    pass_time(community, UNATTACHED_LIFETIME)
    await community.sweeper.sweep()
    assert not await is_there(community, file.id)


class SteppedFiles(FileRepository):
    """Lets a test act after the sweeper has looked, and before it acts."""

    after_due: Any = None

    async def due(self, now: Any, limit: int) -> Any:
        found = await super().due(now, limit)
        if found and self.after_due is not None:
            await self.after_due()
        return found


@pytest.mark.gen_test
async def test_a_file_that_is_sent_while_the_sweeper_looks_stays(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    file = await upload(community, alice)
    pass_time(community, UNATTACHED_LIFETIME)
    stepped = SteppedFiles(database)
    community.sweeper._files = stepped

    async def attach() -> None:
        await community.files.attach(alice.user_id, file.id, only_picture=False)

    stepped.after_due = attach
    await community.sweeper.sweep()
    assert await is_there(community, file.id)


@pytest.mark.gen_test
async def test_a_file_that_is_sent_again_while_the_sweeper_looks_is_looked_at_again(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    file = await upload(community, alice)
    await refer_to(community, await community.friends_talking(alice, bob), file.id)
    [(file_id, uses, _)] = await community.stores.files.due(community.clock.now() + UNATTACHED_LIFETIME, 10)
    await community.files.attach(alice.user_id, file.id, only_picture=False)
    await community.stores.files.keep(file_id, uses, community.clock.now() + CHECK_EVERY)
    assert await community.stores.files.due(community.clock.now() + UNATTACHED_LIFETIME, 10) != []


@pytest.mark.gen_test
async def test_what_a_crash_leaves_of_an_upload_goes_after_an_hour(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    under_way = await community.uploads.begin(alice, CHUNK_BYTES + 1)
    await under_way.write(b"x" * (CHUNK_BYTES + 1))
    await community.sweeper.sweep()
    assert await database["files.chunks"].count_documents({}) == 1
    assert (await community.stores.files.usage(alice.user_id)).size == CHUNK_BYTES + 1
    pass_time(community, UPLOAD_LIFETIME)
    await community.sweeper.sweep()
    for name in ("files.files", "files.chunks"):
        assert await database[name].count_documents({}) == 0
    # Should it live after all, it is told, and leaves nothing.
    assert await refusal(under_way.finish("a")) is ErrorCode.UNAVAILABLE
    await under_way.abort()
    assert await database["files.chunks"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_removal_that_was_interrupted_is_finished(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    file = await upload(community, alice)
    assert await community.stores.files.claim_unused(file.id, alice.user_id, community.clock.now())
    assert await refusal(community.files.find(alice, file.id)) is ErrorCode.NOT_FOUND
    assert await refusal(community.files.attach(alice.user_id, file.id, only_picture=False)) is ErrorCode.INVALID_INPUT
    await community.sweeper.sweep()
    assert not await is_there(community, file.id)


@pytest.mark.gen_test
async def test_two_sweepers_do_not_disturb_each_other(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    for _ in range(10):
        await upload(community, alice)
    pass_time(community, UNATTACHED_LIFETIME)
    await asyncio.gather(community.sweeper.sweep(), community.sweeper.sweep())
    for name in ("files.files", "files.chunks"):
        assert await database[name].count_documents({}) == 0


@pytest.mark.gen_test
async def test_of_sending_and_deleting_at_a_time_one_wins(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    for _ in range(10):
        file = await upload(community, alice)
        sent, deleted = await asyncio.gather(
            community.files.attach(alice.user_id, file.id, only_picture=False),
            community.files.delete(alice, file.id),
            return_exceptions=True,
        )
        assert isinstance(sent, Attachment) == isinstance(deleted, RequestError)
        assert await is_there(community, file.id) == isinstance(sent, Attachment)


@pytest.mark.gen_test
async def test_members_of_a_conversation_get_its_files_and_nobody_else(database: Database) -> None:
    community = open_community(database)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    conversation = await community.friends_talking(alice, bob)
    await community.friends_talking(alice, carol)
    file = await upload(community, alice)
    for member in (bob, carol):
        assert await refusal(community.files.find(member, file.id)) is ErrorCode.NOT_FOUND
    await refer_to(community, conversation, file.id)
    assert (await community.files.find(bob, file.id)).id == file.id
    assert await refusal(community.files.find(carol, file.id)) is ErrorCode.NOT_FOUND
    assert await refusal(community.files.delete(bob, file.id)) is ErrorCode.FORBIDDEN
    assert await refusal(community.files.attach(bob.user_id, file.id, only_picture=False)) is ErrorCode.INVALID_INPUT


@pytest.mark.gen_test
async def test_only_ones_own_files_can_be_sent_and_only_pictures_as_pictures(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    text, image = await upload(community, alice), await upload(community, alice, picture("GIF"))
    attach = community.files.attach
    assert await attach(alice.user_id, image.id, only_picture=True) == image
    assert await attach(alice.user_id, image.id, only_picture=False) == image
    assert await attach(alice.user_id, text.id, only_picture=False) == text
    answers = set()
    for user_id, file_id in (
        (bob.user_id, text.id),
        (alice.user_id, "0" * 24),
        (alice.user_id, "$ne"),
        (bob.user_id, ""),
    ):
        with pytest.raises(RequestError) as raised:
            await attach(user_id, file_id, only_picture=False)
        answers.add((raised.value.code, raised.value.detail))
    assert answers == {(ErrorCode.INVALID_INPUT, "file_id is no file that you have uploaded")}
    assert await refusal(attach(alice.user_id, text.id, only_picture=True)) is ErrorCode.INVALID_INPUT


@pytest.mark.gen_test
async def test_usage_counts_what_is_there(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    await upload(community, alice, picture("PNG"))
    file = await upload(community, alice, b"12345")
    under_way = await community.uploads.begin(alice, None)
    usage = await community.stores.files.usage(alice.user_id)
    assert (usage.files, usage.size) == (3, len(picture("PNG")) + 5 + (1 << 20))
    await under_way.abort()
    await under_way.abort()
    await community.files.delete(alice, file.id)
    usage = await community.stores.files.usage(alice.user_id)
    assert (usage.files, usage.size) == (1, len(picture("PNG")))


@pytest.mark.gen_test
async def test_an_abort_that_the_database_refuses_is_left_to_the_sweeper(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    under_way = await community.uploads.begin(alice, 10)

    async def away(_: str) -> None:
        raise RequestError(ErrorCode.UNAVAILABLE)

    with monkeypatch.context() as patch:
        patch.setattr(community.stores.files, "remove", away)
        await under_way.abort()
    assert "could not be removed" in caplog.text
    pass_time(community, UPLOAD_LIFETIME)
    await community.sweeper.sweep()
    assert await database["files.files"].count_documents({}) == 0


@pytest.mark.gen_test
async def test_a_sweep_without_a_database_is_no_error(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    community = open_community(database)

    async def away(_now: object, _limit: int) -> Any:
        raise RequestError(ErrorCode.UNAVAILABLE)

    monkeypatch.setattr(community.stores.files, "due", away)
    await community.sweeper.sweep()
    assert "could not be swept" in caplog.text


@pytest.mark.gen_test
async def test_who_is_removed_from_a_group_gets_its_files_no_longer(database: Database) -> None:
    community = open_community(database)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    group = await community.group(alice, bob, carol)
    file = await upload(community, alice, picture("PNG"))
    own = await upload(community, bob)
    for owner, sent in ((alice, file), (bob, own)):
        await community.messages.send(owner, Outgoing(group, None, "", type="file", file_id=sent.id))
    for member in (bob, carol):
        assert (await community.files.find_thumbnail(member, file.id)).id == file.id
    await community.groups.remove(alice, group, bob.user_id)
    for find in (community.files.find, community.files.find_thumbnail):
        assert await refusal(find(bob, file.id)) is ErrorCode.NOT_FOUND
    assert (await community.files.find(bob, own.id)).id == own.id
    assert (await community.files.find(carol, own.id)).id == own.id
    # Who meets the file again elsewhere gets it again.
    talk = await community.friends_talking(alice, bob)
    await community.messages.send(alice, Outgoing(talk, None, "", type="file", file_id=file.id))
    assert (await community.files.find(bob, file.id)).id == file.id
