from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.conversations import Mark
from server.domain.notifications import Preferences, QuietHours, Wording, seq_of
from server.domain.users import ProfileChange, Role, UserFilter
from server.errors import ErrorCode, RequestError
from server.services.notification_jobs import USERS_PER_STEP, NotificationJobs
from server.services.notifications import MAX_MUTED_TYPES
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community

WORDING = Wording("Maintenance", "At ten", "system", "/", "operators")
OPERATOR = {"$set": {"role": "operator"}}


def at(minute: int) -> datetime:
    return datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=minute)


def refused(error: pytest.ExceptionInfo[RequestError]) -> ErrorCode:
    return error.value.code


async def notify(community: Community, user_id: str, title: str = "title", **more: Any) -> None:
    said = {"type": "system", "content": "", "link": "", "source": "", **more}
    await community.notifications.notify([user_id], Wording(title=title, **said))


async def titles(community: Community, user_id: str) -> list[str]:
    return [one.title for one in await community.stores.notifications.newest(user_id, 1000)]


@pytest.mark.gen_test
async def test_two_processes_give_every_place_once_and_publish_in_order(database: Database) -> None:
    publishers = [RecordingPublisher(), RecordingPublisher()]
    processes = [Community(database, FakeClock(), publisher) for publisher in publishers]
    alice = await processes[0].member("alice")
    await asyncio.gather(
        *(notify(process, alice.user_id, f"{number}") for number in range(40) for process in processes)
    )
    found = await processes[0].stores.notifications.newest(alice.user_id, 1000)
    assert [seq_of(one.id) for one in found] == list(range(80, 0, -1))
    for publisher, process in zip(publishers, processes, strict=True):
        ids = [payload["id"] for payload in publisher.of("notification", f"user:{alice.user_id}")]
        assert ids == sorted(ids)
        assert len(ids) == 40
        await process.settle_notifications()


@pytest.mark.gen_test
async def test_places_do_not_come_again_when_all_is_gone(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    for expected in (1, 2, 3):
        await notify(community, alice.user_id)
        [only] = await community.stores.notifications.newest(alice.user_id, 10)
        assert seq_of(only.id) == expected
        await community.notifications.remove(alice, only.id)
    await community.settle_notifications()


@pytest.mark.gen_test
async def test_another_ones_notification_is_as_one_that_is_not_there(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    await notify(community, alice.user_id)
    [hers] = await community.stores.notifications.newest(alice.user_id, 10)
    for notification_id in (hers.id, "f" * 24, "nonsense", ""):
        with pytest.raises(RequestError) as error:
            await community.notifications.mark_one_read(bob, notification_id)
        assert refused(error) is ErrorCode.NOT_FOUND
        with pytest.raises(RequestError) as error:
            await community.notifications.remove(bob, notification_id)
        assert refused(error) is ErrorCode.NOT_FOUND
    assert await community.notifications.mark_all_read(bob) == 0
    assert await community.notifications.count_unread(alice) == 1
    await community.settle_notifications()


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": "\0"},
        {"content": "x" * 5001},
        {"type": ""},
        {"type": "No"},
        {"source": "x" * 65},
        *(
            {"link": link}
            for link in (
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "data:text/html,x",
                "//evil.example",
                "/\\evil.example",
                "/\t/evil.example",
                "https:evil.example",
                "https://",
                "https:///x",
                "ftp://x",
                " /x",
                "x",
            )
        ),
    ],
)
async def test_what_may_not_be_said_is_refused(database: Database, change: dict[str, str]) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    with pytest.raises(RequestError) as error:
        await notify(community, alice.user_id, **change)
    assert refused(error) is ErrorCode.INVALID_INPUT
    assert await titles(community, alice.user_id) == []


@pytest.mark.gen_test
@pytest.mark.parametrize("link", ["", "/", "/stocks/600519.SH", "/?a=b#c", "http://x", "https://x.example/a?b=//c"])
async def test_links_lead_to_our_pages_or_to_the_web(database: Database, link: str) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    await notify(community, alice.user_id, link=link)
    assert await titles(community, alice.user_id) == ["title"]
    await community.settle_notifications()


@pytest.mark.gen_test
async def test_who_is_no_user_is_left_out(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    assert await community.notifications.notify([alice.user_id, "f" * 24, "nonsense"], WORDING) == 1
    assert await database["notifications"].count_documents({}) == 1
    await community.settle_notifications()


@pytest.mark.gen_test
async def test_a_muted_type_is_listed_as_read_and_not_pushed(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    await community.notifications.set_preferences(alice, Preferences(("system",)))
    await notify(community, alice.user_id, "muted")
    await notify(community, alice.user_id, "loud", type="other")
    assert [payload["title"] for payload in publisher.of("notification", f"user:{alice.user_id}")] == ["loud"]
    page = await community.notifications.page(alice, None, None, None, 10)
    assert [(one.title, one.status) for one in page.notifications] == [("loud", "unread"), ("muted", "read")]
    missed = await community.notifications.following(alice.user_id, 0, 10)
    assert [one.title for one in missed.notifications] == ["loud"]
    await community.settle_notifications()


@pytest.mark.gen_test
async def test_quiet_hours_count_and_keep_still(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)  # it is 10:00 in Shanghai
    alice = await community.member("alice")
    await community.notifications.set_preferences(alice, Preferences((), QuietHours("09:30", "10:01", "Asia/Shanghai")))
    await notify(community, alice.user_id)
    await community.settle_notifications()
    assert publisher.of("notification") == []
    assert publisher.of("unread_counts", f"user:{alice.user_id}") == [{"notifications": 1}]


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "quiet"),
    [
        ("09:00", "10:00", "+08:00", False),
        ("10:00", "10:01", "+08:00", True),
        ("22:00", "07:00", "+08:00", False),
        ("22:00", "07:00", "UTC", True),
        ("22:00", "02:00", "UTC", False),
        ("22:00", "21:00", "America/New_York", False),
        ("21:00", "20:00", "America/New_York", True),
        ("10:00", "10:00", "+08:00", False),
    ],
)
def test_quiet_hours_go_over_midnight(begins: str, ends: str, zone: str, quiet: bool) -> None:
    assert QuietHours(begins, ends, zone).holds(datetime(2026, 1, 5, 2, 0, 30, tzinfo=UTC)) is quiet


@pytest.mark.gen_test
@pytest.mark.parametrize(
    "preferences",
    [
        Preferences(("No Type",)),
        Preferences(tuple(f"type{n}" for n in range(MAX_MUTED_TYPES + 1))),
        Preferences((), QuietHours("24:00", "07:00", "UTC")),
        Preferences((), QuietHours("7:00", "08:00", "UTC")),
        Preferences((), QuietHours("07:00", "08:00", "Mars/Olympus")),
        Preferences((), QuietHours("07:00", "08:00", "../../etc/passwd")),
        Preferences((), QuietHours("07:00", "08:00", "")),
        Preferences((), QuietHours("07:00", "08:00", "+8")),
        Preferences((), QuietHours("07:00", "08:00", "a\0b")),
        Preferences((), QuietHours("07:00", "08:00", "x" * 5000)),
    ],
)
async def test_odd_preferences_are_refused(database: Database, preferences: Preferences) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    with pytest.raises(RequestError) as error:
        await community.notifications.set_preferences(alice, preferences)
    assert refused(error) is ErrorCode.INVALID_INPUT
    assert await community.notifications.preferences(alice) == Preferences()


async def add_users(database: Database, count: int) -> None:
    users = [
        {"_id": f"{n:024x}", "username": f"u{n}", "username_key": f"u{n}", "created_at": at(n)} for n in range(count)
    ]
    await database["users"].insert_many(users)


@pytest.mark.gen_test
async def test_everyone_is_notified_once(database: Database) -> None:
    community = open_community(database)
    count = 2 * USERS_PER_STEP + 50
    await add_users(database, count)
    job = await community.notification_jobs.add(WORDING)
    assert (job.total, job.done, job.state) == (count, 0, "running")
    await community.settle_notifications()
    done = await community.notification_jobs.find(job.id)
    assert (done.total, done.done, done.state) == (count, count, "done")
    assert len(await database["notifications"].distinct("user_id")) == count
    assert await database["notifications"].count_documents({}) == count


@pytest.mark.gen_test
@pytest.mark.parametrize(
    ("meant", "numbers"),
    [
        (UserFilter(role=Role.OPERATOR), {0, 100, 200, 300, 400}),
        (UserFilter(role=Role.MEMBER, username_prefix="U10"), {10, *range(101, 110)}),
        (UserFilter(username_prefix="u.*"), set()),
        (UserFilter(registered_after=at(395), registered_before=at(399)), {395, 396, 397, 398}),
        (UserFilter(active_since=at(50)), {7, 50, 399}),
        (UserFilter(username_prefix="u3", active_since=at(50)), {399}),
    ],
)
async def test_those_are_notified_for_whom_all_of_a_filter_holds(
    database: Database, meant: UserFilter, numbers: set[int]
) -> None:
    clock = FakeClock(at(1000))
    community = Community(database, clock, RecordingPublisher())
    await add_users(database, 401)
    await database["users"].update_many({"_id": {"$in": [f"{n:024x}" for n in range(0, 401, 100)]}}, OPERATOR)
    await community.stores.presences.touch({f"{n:024x}": at(n) for n in (2, 49, 50, 399)})
    community.presence.arrive(f"{7:024x}", "a device that is here")
    job = await community.notification_jobs.add(WORDING, meant)
    await community.settle_notifications()
    done = await community.notification_jobs.find(job.id)
    assert (done.total, done.done, done.notified, done.state) == (401, 401, len(numbers), "done")
    assert set(await database["notifications"].distinct("user_id")) == {f"{n:024x}" for n in numbers}


@pytest.mark.gen_test
async def test_a_job_whose_process_died_is_gone_on_with_once(database: Database) -> None:
    clock = FakeClock(datetime.now(UTC))
    communities = [Community(database, clock, RecordingPublisher()) for _ in range(3)]
    count = 3 * USERS_PER_STEP
    await add_users(database, count)
    stores = communities[0].stores
    lease = clock.now() + timedelta(seconds=60)
    job = await stores.notification_jobs.add(WORDING, None, count, clock.now(), lease)
    dying = NotificationJobs(
        stores.notification_jobs, communities[0].users, communities[0].presence, communities[0].notifications, clock
    )
    await dying._step(job)
    communities[1].notification_jobs.check()
    await communities[1].settle_notifications()
    assert (await stores.notification_jobs.find(job.id)).done == USERS_PER_STEP  # type: ignore[union-attr]
    clock.advance(61)
    for community in communities[1:]:
        community.notification_jobs.check()
    await dying._step(job)  # it lives after all, and is behind
    for community in communities:
        await community.settle_notifications()
    done = await communities[0].notification_jobs.find(job.id)
    assert (done.done, done.state) == (count, "done")
    assert await database["notifications"].count_documents({}) == count


@pytest.mark.gen_test
async def test_a_keyed_one_takes_the_place_of_the_unread_one(database: Database) -> None:
    publisher = RecordingPublisher()
    community = Community(database, FakeClock(), publisher, notifies=True)
    alice, bob = await community.member("alice"), await community.member("bob")
    talk = await community.friends_talking(alice, bob)
    for number in range(3):
        await community.say(alice, talk, f"secret {number}")
        await community.writer.close()
        await community.settle_notifications()
    [only] = await community.stores.notifications.newest(bob.user_id, 10)
    assert (only.title, only.content, only.type) == ("New messages from Alice", "Unread messages: 3", "message")
    assert only.link == f"/#/chat/{talk}"
    assert seq_of(only.id) == 3
    assert len(publisher.of("notifications_removed", f"user:{bob.user_id}")) == 2
    await community.notifications.mark_one_read(bob, only.id)
    await community.say(alice, talk, "more")
    await community.writer.close()
    await community.settle_notifications()
    assert len(await titles(community, bob.user_id)) == 2
    assert await titles(community, alice.user_id) == []
    await community.news.close()


@pytest.mark.gen_test
async def test_who_has_read_all_of_a_conversation_has_read_what_told_of_it(database: Database) -> None:
    publisher = RecordingPublisher()
    community = Community(database, FakeClock(), publisher, notifies=True)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    talk, other = await community.friends_talking(alice, bob), await community.friends_talking(carol, bob)
    await community.friends_talking(alice, carol)
    for sender, conversation in ((alice, talk), (alice, talk), (carol, other)):
        await community.say(sender, conversation, "hello")
        await community.writer.close()
    await community.settle_notifications()

    async def unread() -> set[str]:
        await community.settle_notifications()
        return {one.link for one in await community.stores.notifications.newest(bob.user_id, 10, status="unread")}

    assert await unread() == {f"/#/chat/{talk}", f"/#/chat/{other}"}
    await community.conversations.mark(bob, talk, Mark.DELIVERED, 2)
    await community.conversations.mark(bob, talk, Mark.READ, 1)
    await community.conversations.mark(alice, talk, Mark.READ, 2)
    assert len(await unread()) == 2
    await community.conversations.mark(bob, talk, Mark.READ, 2)
    assert await unread() == {f"/#/chat/{other}"}
    [told] = publisher.of("notifications_read", f"user:{bob.user_id}")
    assert told["ids"] == [one.id for one in await community.stores.notifications.newest(bob.user_id, 1, status="read")]
    await community.say(alice, talk, "and again")
    await community.writer.close()
    assert len(await unread()) == 2
    await community.news.close()


@pytest.mark.gen_test
async def test_only_who_is_away_and_wants_to_hear_is_notified_of_messages(database: Database) -> None:
    community = Community(database, FakeClock(), RecordingPublisher(), notifies=True)
    alice, bob, carol, dave = [await community.member(name) for name in ("alice", "bobby", "carol", "dave")]
    group = await community.group(alice, bob, carol, dave)
    await community.users.update(bob.user_id, ProfileChange(locale="zh-TW"))
    community.presence.arrive(carol.user_id, "device")
    await community.conversations.set(dave, group, muted_until=community.clock.now() + timedelta(hours=1))

    async def say(content: str) -> None:
        await community.say(alice, group, content)
        await community.writer.close()
        await community.settle_notifications()

    await say("nobody is meant")
    assert await database["notifications"].count_documents({}) == 0
    await say("@bobby @carol @dave look")
    assert await titles(community, bob.user_id) == ["Alice 提到了你"]
    await say("@all look")
    assert len(await titles(community, bob.user_id)) == 1
    assert await database["notifications"].count_documents({}) == 1
    await community.news.close()


@pytest.mark.gen_test
async def test_friends_hear_of_requests_but_not_of_those_they_block(database: Database) -> None:
    community = Community(database, FakeClock(), RecordingPublisher(), notifies=True)
    alice, bob = await community.member("alice"), await community.member("bobby")
    await community.friends.block(bob, alice.user_id)
    await community.friends.request(alice, "bobby")
    await community.settle_notifications()
    assert await titles(community, bob.user_id) == []
    await community.friends.unblock(bob, alice.user_id)
    await community.settle_notifications()
    assert await titles(community, bob.user_id) == ["Friend request"]
    [request] = await community.friends.requests(bob)
    await community.friends.accept(bob, request.id)
    await community.settle_notifications()
    assert await titles(community, alice.user_id) == ["New friend"]
