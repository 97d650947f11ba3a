"""The application's own ping, beside the protocol's."""

from __future__ import annotations

from typing import Any

from server.auth.access import Access
from server.clock import Clock
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket

# Socket.IO 2 clients keep `ping` and `pong` for themselves.
_ANSWERS = {"ping": "pong", "app_ping": "app_pong"}


def register(namespace: Namespace, clock: Clock) -> None:
    """Answer a ping with whatever arguments by the server's time, as an event and in the ack."""
    for event, answer in _ANSWERS.items():
        namespace.on(event, access=Access.MEMBER, rate=Rate(50, 20))(_responder(answer, clock))


def _responder(answer: str, clock: Clock) -> Any:
    def respond(socket: Socket, *_args: object) -> dict[str, Any]:
        time = {"timestamp": clock.now().isoformat(timespec="milliseconds")}
        socket.emit(answer, time)
        return time

    return respond
