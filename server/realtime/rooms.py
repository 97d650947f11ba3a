"""Who is in which room: two dictionaries that agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from server.realtime.publication import Publication


class Member(Protocol):
    """Whoever can be in a room and be sent what is published there."""

    rooms: set[str]
    """The rooms it is in; kept by `Rooms`."""

    def deliver(self, publication: Publication) -> None:
        """Send it, at once or queued; never waits and never raises."""

    def leave(self, room: str) -> None:
        """Leave a room, if in it."""

    def expel(self, reason: str) -> None:
        """Be disconnected by the server."""


class Rooms:
    """The rooms of one namespace. A room exists while somebody is in it."""

    def __init__(self) -> None:
        self._members: dict[str, dict[Member, None]] = {}

    def join(self, member: Member, room: str) -> None:
        """Put ``member`` into ``room``; once more changes nothing."""
        self._members.setdefault(room, {})[member] = None
        member.rooms.add(room)

    def leave(self, member: Member, room: str) -> None:
        """Take ``member`` out of ``room``, if it is there."""
        member.rooms.discard(room)
        members = self._members.get(room)
        if members is not None:
            members.pop(member, None)
            if not members:
                del self._members[room]

    def leave_all(self, member: Member) -> None:
        """Take ``member`` out of every room."""
        for room in tuple(member.rooms):
            self.leave(member, room)

    def members(self, room: str) -> Collection[Member]:
        """Return those in ``room``; the collection changes with the room."""
        return self._members.get(room, {})

    def union(self, rooms: Iterable[str]) -> dict[Member, None]:
        """Return those in any of ``rooms``, each once."""
        everyone: dict[Member, None] = {}
        for room in rooms:
            everyone.update(self._members.get(room, {}))
        return everyone

    def __len__(self) -> int:
        return len(self._members)
