"""The queries of `FriendshipRepository`: everyone has eight friends, has asked eight others and was asked by eight."""

from __future__ import annotations

from datetime import UTC, datetime

from server.domain.friends import pair_key
from server.storage.friendships import FriendshipRepository
from tests.support.plans import row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
USERS = 200
NEAR, FAR = range(1, 5), range(10, 18)


def pairs(distances: range) -> list[tuple[str, str]]:
    """Return everyone with those who are so far away in the circle."""
    return [(f"user{n}", f"user{(n + distance) % USERS}") for n in range(USERS) for distance in distances]


DOCUMENTS = {
    "friendships": [
        {"_id": pair_key(one, other), "user_ids": sorted((one, other)), "created_at": NOW} for one, other in pairs(NEAR)
    ],
    "friend_requests": [
        {
            "_id": f"{one}>{other}",
            "pair": pair_key(one, other),
            "from_user_id": one,
            "to_user_id": other,
            "created_at": NOW,
        }
        for one, other in pairs(FAR)
    ],
}

ROWS = (
    row(FriendshipRepository.are_friends, "user1", "user2"),
    row(FriendshipRepository.friend_ids, "user1"),
    row(FriendshipRepository.befriend, "user1", "user50", NOW),
    row(FriendshipRepository.befriend, "user1", "user50", NOW),
    row(FriendshipRepository.add_request, "user1", "user60", NOW),
    row(FriendshipRepository.add_request, "user11", "user1", NOW),
    row(FriendshipRepository.requests, "user20"),
    row(FriendshipRepository.request_to, "user1>user11", "user11"),
    row(FriendshipRepository.remove_request, "user1>user11"),
)
