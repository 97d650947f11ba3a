"""Every event of the product, registered in one place."""

from __future__ import annotations

from typing import Any

from handlers.events import attendance, chat, notifications, ping, presence, prices, session, tasks, typing
from handlers.services import Services
from server.errors import ErrorCode, RequestError
from server.realtime.runtime import Runtime
from server.realtime.socketio_server import SocketIOServer
from server.realtime.sockets import Socket


def register(sio: SocketIOServer, services: Services, runtime: Runtime) -> None:
    """Register all events; ValueError when one has no access rule."""
    namespace = sio.root
    session.register(namespace, services, runtime)
    attendance.register(namespace, services.attendance)
    presence.register(namespace, services.presence)
    chat.register(namespace, services)
    typing.register(sio, namespace, services)
    notifications.register(namespace, services.notifications)
    ping.register(namespace, sio.clock)
    prices.register(namespace, services.prices)
    tasks.register(namespace, services, runtime.hub)
    unguarded = [str(name) for name, spec in namespace.behaviour.events.items() if spec.access is None]
    if unguarded:
        raise ValueError(f"events without an access rule: {', '.join(unguarded)}")

    def refuse_unknown(socket: Socket, event: str | float) -> None:
        known = ", ".join(sorted(str(name) for name in namespace.behaviour.events))
        raise RequestError(ErrorCode.UNKNOWN_EVENT, f"there is no event {str(event)[:64]!r}; there are {known}")

    namespace.behaviour.on_unknown_event = refuse_unknown
    namespace.behaviour.wrap_ack = _acknowledge


def _acknowledge(result: Any) -> dict[str, Any]:
    return {"ok": True, **(result or {})}
