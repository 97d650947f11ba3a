"""Delivers a published event to everyone in a room, whatever they speak, without ever waiting."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from server.realtime.publication import Publication
from server.realtime.recovery import Recovery
from server.realtime.rooms import Member, Rooms
from server.turns import Turn

logger = logging.getLogger(__name__)

Some = TypeVar("Some", bound=Member)

DELIVERIES_PER_TURN = 2000
"""A larger broadcast is cut, so that others have their turn of the loop."""

DELIVERIES_PER_PAUSE = 16
"""Of a publication that takes turns with others; some tenths of a millisecond."""

EXPULSIONS_PER_TURN = 500
"""Fewer: each has its packet, its rooms and its handlers."""

MAX_CUT_BROADCASTS = 64
"""Beyond these the oldest is finished at once: memory stays bounded, and who publishes pays with time."""


class Publisher(Protocol):
    """What services know of the hub."""

    def publish(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        volatile: bool = False,
        supersedes: Hashable | None = None,
        snapshot: Callable[[], object] | None = None,
    ) -> None:
        """Send ``event`` to everyone in ``room``; see `Publication` for what slow clients may miss."""

    def disconnect(self, room: str, reason: str) -> None:
        """Disconnect everyone in ``room``; Socket.IO clients do not come back by themselves."""

    def has_members(self, room: str) -> bool:
        """Tell whether anyone would hear of an event in ``room``."""


class WidePublisher(Publisher, Protocol):
    """What those know of it that speak to many rooms at once."""

    def publish_to(
        self,
        rooms: Collection[str],
        event: str,
        payload: object,
        *,
        spared: Collection[str] = (),
        supersedes: Hashable | None = None,
    ) -> None:
        """Send ``event`` to everyone in any of ``rooms`` but in none of ``spared``, encoded once; see `publish`."""

    def evict(self, everyone_in: str, room: str) -> None:
        """Let everyone in the room ``everyone_in`` leave ``room``: nothing published there later reaches them."""


class PatientPublisher(Publisher, Protocol):
    """What those know of it that have much to say, and time."""

    async def publish_in_turns(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        turn: Turn,
        supersedes: Hashable,
        snapshot: Callable[[], object],
    ) -> Collection[object]:
        """Send ``event`` to everyone who is in ``room`` now and still is when it is their turn; return those.

        See `Publication` for what slow clients may miss.
        """


class Hub:
    """The rooms of every namespace, and the one way into them."""

    def __init__(self, call_soon: Callable[[Callable[[], None]], None]) -> None:
        self._call_soon = call_soon
        self._rooms: dict[str, Rooms] = {}
        self.backlog: deque[tuple[Publication, dict[Member, None]]] = deque()
        """Cut broadcasts, with the members they have not reached yet."""
        self.recoveries: dict[str, Recovery] = {}
        """Of the namespaces whose clients may recover, by name."""

    def rooms(self, namespace: str = "/") -> Rooms:
        """Return the rooms of ``namespace``."""
        rooms = self._rooms.get(namespace)
        if rooms is None:
            rooms = self._rooms[namespace] = Rooms()
        return rooms

    def publish(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        volatile: bool = False,
        supersedes: Hashable | None = None,
        snapshot: Callable[[], object] | None = None,
    ) -> None:
        """See `Publisher`; the namespace is ``/``."""
        publication = Publication(event, (payload,), volatile=volatile, supersedes=supersedes, snapshot=snapshot)
        self.record(publication, (room,))
        self.deliver(publication, self.rooms().members(room))

    async def publish_in_turns(
        self,
        room: str,
        event: str,
        payload: object,
        *,
        turn: Turn,
        supersedes: Hashable,
        snapshot: Callable[[], object],
    ) -> Collection[object]:
        """See `PatientPublisher`; the namespace is ``/``. While broadcasts are cut, the rest is one more of them."""
        publication = Publication(event, (payload,), supersedes=supersedes, snapshot=snapshot)
        waiting = deque(self.rooms().members(room))
        reached: list[Member] = []
        while waiting:
            size = len(waiting) if self.backlog else min(len(waiting), DELIVERIES_PER_PAUSE)
            here = [member for member in (waiting.popleft() for _ in range(size)) if room in member.rooms]
            self.deliver(publication, here)
            reached += here
            await turn.pause()
        return reached

    def publish_to(
        self,
        rooms: Collection[str],
        event: str,
        payload: object,
        *,
        spared: Collection[str] = (),
        supersedes: Hashable | None = None,
    ) -> None:
        """See `WidePublisher`; the namespace is ``/``."""
        publication = Publication(event, (payload,), supersedes=supersedes)
        self.record(publication, rooms, spared)
        members = self.rooms().union(rooms)
        for room in spared:
            for member in self.rooms().members(room):
                members.pop(member, None)
        self.deliver(publication, members)

    def evict(self, everyone_in: str, room: str) -> None:
        """See `WidePublisher`; what was published in the room before still reaches them, and before this returns."""
        for member in tuple(self.rooms().members(everyone_in)):
            if room in member.rooms:
                self.catch_up(member)
                member.leave(room)
        recovery = self.recoveries.get("/")
        if recovery is not None:
            recovery.evict(everyone_in, room)

    def record(self, publication: Publication, rooms: Iterable[str], spared: Iterable[str] = ()) -> None:
        """Keep an event that must arrive for clients that are away, where they may recover."""
        recovery = self.recoveries.get(publication.namespace)
        if recovery is not None and publication.must_arrive:
            recovery.record(publication, rooms, spared)

    def disconnect(self, room: str, reason: str) -> None:
        """See `Publisher`."""
        self.in_turns(tuple(self.rooms().members(room)), lambda member: member.expel(reason))

    def has_members(self, room: str) -> bool:
        """See `Publisher`."""
        return bool(self.rooms().members(room))

    def deliver(self, publication: Publication, members: Collection[Member]) -> None:
        """Hand ``publication`` to each of ``members``, in the order of calls."""
        if not self.backlog and len(members) <= DELIVERIES_PER_TURN:
            _hand_out(publication, tuple(members))
            return
        if not self.backlog:
            self._call_soon(self._work_off)
        self.backlog.append((publication, dict.fromkeys(members)))
        if len(self.backlog) > MAX_CUT_BROADCASTS:
            self._deliver_some(*self.backlog[0], limit=None)
            self.backlog.popleft()

    def _work_off(self) -> None:
        left = DELIVERIES_PER_TURN
        while self.backlog and left > 0:
            publication, unreached = self.backlog[0]
            left -= self._deliver_some(publication, unreached, left)
            if not unreached:
                self.backlog.popleft()
        if self.backlog:
            self._call_soon(self._work_off)

    def _deliver_some(self, publication: Publication, unreached: dict[Member, None], limit: int | None) -> int:
        members = tuple(islice(unreached, limit))
        for member in members:
            del unreached[member]
        try:
            _hand_out(publication, members)
        except Exception:  # who published it is long gone
            logger.exception("%r could not be delivered to everyone", publication.event)
        return len(members)

    def in_turns(self, members: Sequence[Some], act: Callable[[Some], None]) -> None:
        """Do ``act`` to each of ``members``, to so many in one turn of the loop that others have theirs."""
        first, rest = members[:EXPULSIONS_PER_TURN], members[EXPULSIONS_PER_TURN:]
        if rest:
            self._call_soon(lambda: self.in_turns(rest, act))
        for member in first:
            act(member)

    def finish(self) -> None:
        """Deliver all that is left, without another turn of the loop."""
        while self.backlog:
            publication, unreached = self.backlog[0]
            self._deliver_some(publication, unreached, limit=None)
            self.backlog.popleft()

    def catch_up(self, member: Member) -> None:
        """Deliver what cut broadcasts still hold for ``member``, before it is sent something else."""
        for publication, unreached in self.backlog:
            if member in unreached:
                del unreached[member]
                member.deliver(publication)

    def forget(self, member: Member) -> None:
        """Let go of a member that is gone."""
        for _, unreached in self.backlog:
            unreached.pop(member, None)


def _hand_out(publication: Publication, members: Iterable[Member]) -> None:
    """Deliver to every one of ``members``; what failed for some is raised when all have been tried."""
    failure: Exception | None = None
    for member in members:
        try:
            member.deliver(publication)
        except Exception as error:
            failure = failure or error
    if failure is not None:
        raise failure
