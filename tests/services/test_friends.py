from __future__ import annotations

import asyncio

import pytest

from server.domain.friends import FriendRequest
from server.errors import ErrorCode, RequestError
from server.storage.documents import Database
from tests.support.community import RecordingPublisher, open_community


@pytest.mark.gen_test
async def test_asked_and_accepted_both_hear_of_it(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    request = await community.friends.request(alice, "BOB")
    assert await community.friends.requests(bob) == [request]
    assert await community.friends.requests(alice) == [request]
    friend = await community.friends.accept(bob, request.id)
    assert friend.username == "alice"
    assert [friend.username for friend in await community.friends.friends(alice)] == ["bob"]
    assert [friend.username for friend in await community.friends.friends(bob)] == ["alice"]
    assert await community.friends.requests(bob) == []
    payload = {
        "id": request.id,
        "from_user": {"id": alice.user_id, "username": "alice", "display_name": "Alice"},
        "to_user": {"id": bob.user_id, "username": "bob", "display_name": "Bob"},
        "created_at": "2026-01-05T02:00:00.000+00:00",
    }
    for event in ("friend_request", "friend_accepted"):
        for user in (alice, bob):
            assert publisher.of(event, f"user:{user.user_id}") == [payload]


@pytest.mark.gen_test
async def test_asking_again_is_the_same_request_told_once(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    requests = await asyncio.gather(*(community.friends.request(alice, "bob") for _ in range(10)))
    assert len({request.id for request in requests}) == 1
    assert len(publisher.of("friend_request", f"user:{bob.user_id}")) == 1


@pytest.mark.gen_test
async def test_of_two_who_ask_each_other_one_request_stands(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    results = await asyncio.gather(
        community.friends.request(alice, "bob"), community.friends.request(bob, "alice"), return_exceptions=True
    )
    requests = [result for result in results if isinstance(result, FriendRequest)]
    errors = [result for result in results if isinstance(result, RequestError)]
    assert len(requests) == len(errors) == 1
    assert (errors[0].code, errors[0].data) == (ErrorCode.CONFLICT, {"request_id": requests[0].id})


@pytest.mark.gen_test
async def test_requests_that_make_no_sense(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    await community.befriend(alice, bob)
    for username, code in {
        "alice": ErrorCode.INVALID_INPUT,
        "bob": ErrorCode.CONFLICT,
        "nobody": ErrorCode.NOT_FOUND,
        "": ErrorCode.INVALID_INPUT,
        "a\0": ErrorCode.INVALID_INPUT,
        "\udfff": ErrorCode.INVALID_INPUT,
    }.items():
        with pytest.raises(RequestError) as refused:
            await community.friends.request(alice, username)
        assert refused.value.code is code, username


@pytest.mark.gen_test
async def test_only_the_one_who_was_asked_can_accept_and_once(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob, carol = [await community.member(name) for name in ("alice", "bob", "carol")]
    request = await community.friends.request(alice, "bob")
    for who, request_id in ((alice, request.id), (carol, request.id), (bob, "0" * 24), (bob, "nonsense")):
        with pytest.raises(RequestError, match="not_found"):
            await community.friends.accept(who, request_id)
    await asyncio.gather(*(community.friends.accept(bob, request.id) for _ in range(5)), return_exceptions=True)
    assert len(publisher.of("friend_accepted", f"user:{alice.user_id}")) == 1
    assert await database["relations"].count_documents({"friends_since": {"$exists": True}}) == 1
