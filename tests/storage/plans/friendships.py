"""The queries of `FriendshipRepository`: all have eight friends, ask and are asked by eight others, and block two."""

from __future__ import annotations

from datetime import UTC, datetime

from server.domain.friends import pair_key
from server.storage.documents import Document
from server.storage.friendships import FriendshipRepository
from tests.support.plans import Row, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
USERS = 200
FRIENDS, ASKED, BLOCKED = range(1, 5), range(10, 18), range(20, 22)


def relation(n: int, distance: int) -> Document:
    """Return what is between two who are so far away from each other in the circle."""
    one, other = f"user{n}", f"user{(n + distance) % USERS}"
    document: Document = {"_id": pair_key(one, other), "user_ids": sorted((one, other))}
    if distance in FRIENDS:
        return document | {"friends_since": NOW}
    if distance in BLOCKED:
        return document | {"blocked_by": [one]}
    request = {"id": f"{one}>{other}", "from_user_id": one, "to_user_id": other, "created_at": NOW}
    return document | {"request": request}


DOCUMENTS = {
    "relations": [relation(n, distance) for n in range(USERS) for distance in (*FRIENDS, *ASKED, *BLOCKED)],
}


async def _all_pairs(repository: FriendshipRepository) -> None:
    assert [pair async for pair in repository.friend_pairs(["user1", "user100"])]


ROWS = (
    row(FriendshipRepository.are_friends, "user1", "user2"),
    row(FriendshipRepository.friend_ids, "user1"),
    Row("friend_pairs", _all_pairs),
    row(FriendshipRepository.count_friends, "user1", 1000),
    row(FriendshipRepository.befriend, "user1", "user50", NOW),
    row(FriendshipRepository.unfriend, "user1", "user50"),
    row(FriendshipRepository.add_request, "user1", "user60", NOW),
    row(FriendshipRepository.add_request, "user11", "user1", NOW),
    row(FriendshipRepository.requests, "user20"),
    row(FriendshipRepository.count_requests_from, "user20", 200),
    row(FriendshipRepository.request_to, "user1>user11", "user11"),
    row(FriendshipRepository.accept, "user1>user11", "user11", NOW),
    row(FriendshipRepository.decline, "user2>user12", "user12"),
    row(FriendshipRepository.withdraw, "user3>user13", "user3"),
    row(FriendshipRepository.block, "user1", "user70"),
    row(FriendshipRepository.block, "user1", "user2"),
    row(FriendshipRepository.blocked_ids, "user1"),
    row(FriendshipRepository.count_blocked, "user1", 1000),
    row(FriendshipRepository.unblock, "user1", "user21"),
)
