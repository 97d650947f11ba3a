"""Many sockets at once: whom a broadcast addresses, and what can be done with them."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from server.realtime.acks import SocketDisconnectedError
from server.realtime.publication import Publication
from server.realtime.rooms import Member
from server.realtime.sockets import Socket, check_event_name

if TYPE_CHECKING:
    from server.realtime.namespaces import Namespace

ASKED_PER_TURN = 500
"""A question to more sockets is cut, so that others have their turn of the loop: each is encoded for itself."""


class Replies(NamedTuple):
    """What came back from a question to many."""

    answers: dict[str, list[Any]]
    """The arguments of each ack, by socket id."""
    missing: tuple[str, ...]
    """The ids of those who left or did not answer in time."""


@dataclass(slots=True, eq=False)
class Broadcast:
    """Addresses many sockets of a namespace, or of several; built step by step, each step a new object."""

    namespaces: Collection[Namespace]
    rooms: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    is_volatile: bool = False
    is_local: bool = False

    def to(self, *rooms: str) -> Broadcast:
        """Add ``rooms``; a socket's id is a room with that socket in it."""
        return Broadcast(self.namespaces, self.rooms + rooms, self.spared, self.is_volatile, self.is_local)

    def except_(self, *rooms: str) -> Broadcast:
        """Leave out everyone in ``rooms``."""
        return Broadcast(self.namespaces, self.rooms, self.spared + rooms, self.is_volatile, self.is_local)

    @property
    def volatile(self) -> Broadcast:
        """Let clients that are behind miss it."""
        return Broadcast(self.namespaces, self.rooms, self.spared, True, self.is_local)

    @property
    def local(self) -> Broadcast:
        """Address this process alone; without others it changes nothing."""
        return Broadcast(self.namespaces, self.rooms, self.spared, self.is_volatile, True)

    # Sending.

    def emit(self, event: str, *args: Any) -> None:
        """Send an event to all of them, encoded once; it never waits for anyone."""
        check_event_name(event)
        for namespace in tuple(self.namespaces):
            publication = Publication(
                event, args, namespace=namespace.name, volatile=self.is_volatile, local=self.is_local
            )
            namespace.hub.record(publication, self.rooms, self.spared)
            namespace.hub.deliver(publication, self._members(namespace))

    async def call(self, event: str, *args: Any, timeout: float = 10.0) -> Replies:
        """Send an event to every socket of them and return what they acknowledge within ``timeout`` seconds.

        Whoever does not answer in time, or leaves, is among the missing.
        """
        check_event_name(event)
        if self.is_volatile:
            raise ValueError("what asks for an answer is not volatile")
        sockets = self._sockets()
        asked: dict[str, asyncio.Future[list[Any]]] = {}
        try:
            for number, socket in enumerate(sockets, 1):
                with suppress(SocketDisconnectedError):
                    asked[socket.id] = socket.ask(event, args, timeout)
                if number % ASKED_PER_TURN == 0:
                    await asyncio.sleep(0)
            replies = await asyncio.gather(*asked.values(), return_exceptions=True)
        finally:
            for future in asked.values():
                future.cancel()
        answers = {id_: reply for id_, reply in zip(asked, replies, strict=True) if isinstance(reply, list)}
        return Replies(answers, tuple(socket.id for socket in sockets if socket.id not in answers))

    # The sockets themselves.

    async def fetch_sockets(self) -> list[Socket]:
        """Return the sockets."""
        return self._sockets()

    def join(self, *rooms: str) -> None:
        """Let all of them enter ``rooms``. ValueError for the id of a socket: that room is private."""
        sockets = self._sockets()
        if any(namespace.is_socket_id(room) for namespace in self.namespaces for room in rooms):
            raise ValueError("a socket's own room is private")
        for socket in sockets:
            for room in rooms:
                socket.join(room)

    def leave(self, *rooms: str) -> None:
        """Let all of them leave ``rooms``."""
        for socket in self._sockets():
            for room in rooms:
                socket.leave(room)

    def disconnect(self, *, close: bool = False) -> None:
        """Disconnect each of them as `Socket.disconnect` does; a large crowd not all in one turn of the loop."""
        sockets = self._sockets()
        if sockets:
            sockets[0].namespace.hub.in_turns(sockets, lambda socket: socket.disconnect(close=close))

    def _sockets(self) -> list[Socket]:
        members = (member for namespace in self.namespaces for member in self._members(namespace))
        return [member for member in members if isinstance(member, Socket)]  # a raw client is none

    def _members(self, namespace: Namespace) -> Collection[Member]:
        if len(self.rooms) == 1 and not self.spared and self.rooms[0] not in namespace.sockets:
            return namespace.rooms.members(self.rooms[0])
        if self.rooms:
            members = namespace.rooms.union(self.rooms)
            members.update((namespace.sockets[room], None) for room in self.rooms if room in namespace.sockets)
        else:
            members = dict.fromkeys(namespace.sockets.values())
        for room in self.spared:
            if room in namespace.sockets:
                members.pop(namespace.sockets[room], None)
            for member in namespace.rooms.members(room):
                members.pop(member, None)
        return members


class Audience(ABC):
    """Base of whatever everyone in it can be reached through."""

    @abstractmethod
    def to(self, *rooms: str) -> Broadcast:
        """Address everyone in any of ``rooms``, or simply everyone when there are none."""

    def emit(self, event: str, *args: Any) -> None:
        """Send an event to everyone."""
        self.to().emit(event, *args)

    async def call(self, event: str, *args: Any, timeout: float = 10.0) -> Replies:
        """Ask everyone; see `Broadcast.call`."""
        return await self.to().call(event, *args, timeout=timeout)

    async def fetch_sockets(self) -> list[Socket]:
        """Return everyone's sockets."""
        return await self.to().fetch_sockets()

    def disconnect_sockets(self, *, close: bool = False) -> None:
        """Disconnect everyone."""
        self.to().disconnect(close=close)
