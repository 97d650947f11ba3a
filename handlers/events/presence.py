"""Presence: every connection of a member is a device, which says when it rests."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from handlers.events.session import principal_of
from server.auth.access import Access
from server.domain.presence import PresenceState
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.sockets import CONNECTED, Socket
from server.services.presence import PresenceService


class SetPresence(Struct):
    state: Literal["online", "idle"]


def register(namespace: Namespace, presence: PresenceService) -> None:
    @namespace.on_connect
    def arrive(socket: Socket) -> None:
        if socket.state is CONNECTED:  # a connect handler before this one may have sent it away
            presence.arrive(principal_of(socket).user_id, socket)

    @namespace.on_disconnect
    def depart(socket: Socket, _reason: str) -> None:
        presence.depart(principal_of(socket).user_id, socket)

    @namespace.on("set_presence", payload=SetPresence, access=Access.MEMBER, rate=Rate(20, 1))
    def set_presence(socket: Socket, request: SetPresence) -> None:
        presence.set_state(principal_of(socket).user_id, socket, PresenceState(request.state))
