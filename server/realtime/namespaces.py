"""Namespaces: one with a name of its own, and one that stands for all names that match."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from server.realtime.broadcast import Audience, Broadcast
from server.realtime.hub import Hub
from server.realtime.registration import Behaviour, Registration
from server.realtime.rooms import Rooms
from server.realtime.sockets import Socket

logger = logging.getLogger(__name__)

Matcher = re.Pattern[str] | Callable[[str, Any], bool | Awaitable[bool]]
"""Says which names a dynamic namespace has: those that match as a whole, or for which ``(name, auth)`` holds."""


class Namespace(Registration, Audience):
    """The sockets of one name, and what is registered for them."""

    def __init__(
        self,
        name: str,
        hub: Hub,
        rooms: Rooms,
        behaviour: Behaviour,
        when_empty: Callable[[], object] | None = None,
    ) -> None:
        self.name = name
        self.hub = hub
        self.rooms = rooms
        """Who is where."""
        self.behaviour = behaviour
        self.sockets: dict[str, Socket] = {}
        """The connected sockets, by id."""
        self._present = 0
        self._when_empty = when_empty

    def to(self, *rooms: str) -> Broadcast:
        """Address everyone in any of ``rooms``, or in the namespace when there are none."""
        return Broadcast((self,), rooms)

    def is_socket_id(self, room: str) -> bool:
        """Tell whether ``room`` is the private room of a socket, even if that is away and may come back."""
        if room in self.sockets:
            return True
        recovery = self.hub.recoveries.get(self.name)
        return recovery is not None and recovery.is_away(room)

    def arrive(self) -> None:
        """Count a socket that connects; it need not be accepted."""
        self._present += 1

    def depart(self) -> None:
        """Count a socket, accepted or not, that is gone."""
        self._present -= 1
        if not self._present and self._when_empty is not None:
            self._when_empty()


class DynamicNamespace(Registration, Audience):
    """What is registered here holds for every namespace with a matching name; such a child lives while it has sockets.

    `to` and `emit` reach all children.
    """

    def __init__(self, matcher: Matcher, hub: Hub) -> None:
        if not isinstance(matcher, re.Pattern) and not callable(matcher):
            raise TypeError(f"a matcher is a compiled pattern or a function; got {matcher!r}")
        self.behaviour = Behaviour()
        self.children: dict[str, Namespace] = {}
        """The children there are now, by name."""
        self._matcher = matcher
        self._hub = hub

    def to(self, *rooms: str) -> Broadcast:
        """Address everyone in any of ``rooms``, or in all children when there are none."""
        return Broadcast(self.children.values(), rooms)

    async def matches(self, name: str, auth: Any) -> bool:
        """Tell whether ``name`` is one of its names for a client with this ``auth``; a matcher that fails says no."""
        if isinstance(self._matcher, re.Pattern):
            return self._matcher.fullmatch(name) is not None
        try:
            verdict = self._matcher(name, auth)
            return bool(await verdict if inspect.isawaitable(verdict) else verdict)
        except (Exception, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # else it was something the matcher awaited
            logger.exception("the matcher of a dynamic namespace failed at %r", name)
            return False

    def child(self, name: str) -> Namespace:
        """Return the child ``name``, made when it has no sockets yet."""
        child = self.children.get(name)
        if child is None:
            forget = partial(self.children.pop, name)
            child = self.children[name] = Namespace(name, self._hub, Rooms(), self.behaviour, forget)
        return child
