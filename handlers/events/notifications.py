"""Notifications over Socket.IO: ``notification`` comes by itself; here a client asks for what it missed."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from handlers.events.session import principal_of
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.limits import Rate
from server.realtime.namespaces import Namespace
from server.realtime.sockets import Socket
from server.services.notifications import MAX_LISTED, NotificationService, place_of


class ResumeNotifications(Struct):
    after: str


class MarkNotificationsRead(Struct):
    ids: list[str]


def register(namespace: Namespace, notifications: NotificationService) -> None:
    @namespace.on("resume_notifications", payload=ResumeNotifications, access=Access.MEMBER, rate=Rate(20, 2))
    async def resume(socket: Socket, request: ResumeNotifications) -> dict[str, Any]:
        place = place_of("after", request.after)
        page = await notifications.following(principal_of(socket).user_id, place, MAX_LISTED)
        return {"notifications": to_payload(page.notifications), "has_more": page.has_more}

    @namespace.on("mark_notifications_read", payload=MarkNotificationsRead, access=Access.MEMBER, rate=Rate(20, 2))
    async def mark_read(socket: Socket, request: MarkNotificationsRead) -> dict[str, Any]:
        return {"ids": await notifications.mark_read(principal_of(socket), request.ids)}
