"""Socket.IO clients among those that are counted."""

from __future__ import annotations

from handlers.events.session import principal_of
from server.realtime.attendance import Attendance
from server.realtime.namespaces import Namespace
from server.realtime.sockets import CONNECTED, Socket


def register(namespace: Namespace, attendance: Attendance) -> None:
    @namespace.on_connect
    def arrive(socket: Socket) -> None:
        if socket.state is CONNECTED:  # a connect handler before this one may have sent it away
            attendance.arrive(socket, "socketio", principal_of(socket).username, socket.handshake.address)

    @namespace.on_disconnect
    def depart(socket: Socket, _reason: str) -> None:
        attendance.depart(socket)
