"""Progress of tasks over Socket.IO: the same events as the raw stream."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from handlers.events.session import principal_of
from handlers.services import Services
from handlers.task_watch import TaskWatch
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.rooms import task_room
from server.errors import ErrorCode, RequestError
from server.limits import Rate
from server.realtime.hub import Hub
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket

MAX_WATCHED = 64
"""Tasks one connection may watch."""

_ROOM_PREFIX = task_room("")


class WatchTask(Struct):
    """``after_seq``: tell again all that came after that event; without it, the newest alone."""

    task_id: str
    after_seq: Annotated[int, Meta(ge=0)] | None = None


class UnwatchTask(Struct):
    task_id: str


def register(namespace: Namespace, services: Services, hub: Hub) -> None:
    @namespace.on("watch_task", payload=WatchTask, access=Access.MEMBER, rate=Rate(64, 5))
    async def watch_task(socket: Socket, request: WatchTask) -> dict[str, Any]:
        """Acknowledge with the task and what was told of it; all else follows as ``task_progress``."""
        room = task_room(request.task_id)
        socket.leave(room)  # what comes until the ack is in the ack
        watch = TaskWatch(hub, services.tasks, request.task_id)
        try:
            await watch.begin(principal_of(socket), request.after_seq)
            held = sum(other.startswith(_ROOM_PREFIX) for other in socket.rooms)
            if held >= MAX_WATCHED:
                raise RequestError(ErrorCode.LIMIT_REACHED, f"this connection watches {held} tasks, the most allowed")
            events = watch.take()
            socket.join(room)
            return {"task": to_payload(watch.record.task), "events": events}
        finally:
            watch.close()

    @namespace.on("unwatch_task", payload=UnwatchTask, access=Access.MEMBER, rate=Rate(64, 5))
    def unwatch_task(socket: Socket, request: UnwatchTask) -> dict[str, Any]:
        socket.leave(task_room(request.task_id))
        return {"task_id": request.task_id}
