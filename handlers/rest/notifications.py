"""Notifications: as their users read them, and as operators send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from handlers.base import ApiHandler
from handlers.operations import operation
from handlers.rest.answers import NotificationJob, Notified
from server.auth.access import Access
from server.domain.notifications import Job, Notification, Preferences, QuietHours, Status, Wording
from server.domain.payloads import to_payload
from server.domain.service_keys import Scope
from server.domain.users import UserFilter
from server.errors import ErrorCode, RequestError
from server.services.notifications import MAX_RECEIVERS


class ListQuery(Struct):
    """``limit`` above the most that is given counts as the most."""

    status: Status | None = None
    type: str | None = None
    before: str | None = None
    limit: Annotated[int, Meta(ge=1)] = 50


class ReadAllQuery(Struct):
    """``through`` is the id of the newest that has been seen."""

    through: str | None = None


class SentBody(Struct):
    """One of ``user_id``, ``user_ids``, ``filter`` and ``all`` says to whom."""

    title: str
    type: str
    user_id: str | UnsetType = UNSET
    user_ids: list[str] | UnsetType = UNSET
    filter: UserFilter | UnsetType = UNSET
    all: Literal[True] | UnsetType = UNSET
    content: str = ""
    link: str = ""
    source: str = ""


class PreferencesBody(Struct):
    """What is not given is not wanted any more."""

    muted_types: tuple[str, ...] = ()
    quiet_hours: QuietHours | None = None


class NotificationsHandler(ApiHandler):
    """Reading is every member's; sending is for operators."""

    access = Access.MEMBER
    access_by_method: ClassVar = {"POST": Access.OPERATOR}
    service_scope = Scope.NOTIFICATIONS
    audited: ClassVar[Mapping[str, str]] = {"POST": "notification.send"}
    audited_fields = ("user_id", "user_ids", "filter", "all", "type", "title")

    @operation(
        query=ListQuery, answers={"notifications": list[Notification], "has_more": bool, "retention_seconds": float}
    )
    async def get(self, query: ListQuery) -> None:
        """List the caller's notifications, newest first."""
        page = await self.services.notifications.page(
            self.principal, query.status, query.type, query.before, query.limit
        )
        seconds = self.services.notifications.retention.total_seconds()
        self.answer({**to_payload(page._asdict()), "retention_seconds": seconds})

    @operation(body=SentBody, answers=(Notified, NotificationJob), status=(201, 202))
    async def post(self, body: SentBody) -> None:
        """Notify some users: 201, or begin to notify everyone, or whom a filter means: 202."""
        wording = Wording(body.title, body.content, body.type, body.link, body.source)
        receivers = _receivers(body)
        if receivers is None:
            meant = None if body.filter is UNSET else body.filter
            job = await self.services.notification_jobs.add(wording, meant)
            self.set_status(202)
            self.answer(_shown(job))
        else:
            notified = await self.services.notifications.notify(receivers, wording)
            self.answer({"notified": notified})


class NotificationHandler(ApiHandler):
    access = Access.MEMBER

    @operation()
    async def delete(self, notification_id: str) -> None:
        """Remove a notification."""
        await self.services.notifications.remove(self.principal, notification_id)
        self.answer(None)


class ReadNotificationHandler(ApiHandler):
    access = Access.MEMBER

    @operation()
    async def post(self, notification_id: str) -> None:
        """Mark a notification as read."""
        await self.services.notifications.mark_one_read(self.principal, notification_id)
        self.answer(None)


class ReadAllNotificationsHandler(ApiHandler):
    access = Access.MEMBER

    @operation(query=ReadAllQuery, answers={"marked": int})
    async def post(self, query: ReadAllQuery) -> None:
        """Mark all notifications as read, or all up to one."""
        self.answer({"marked": await self.services.notifications.mark_all_read(self.principal, query.through)})


class UnreadCountHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers={"count": int})
    async def get(self) -> None:
        """Count the unread notifications."""
        self.answer({"count": await self.services.notifications.count_unread(self.principal)})


class NotificationPreferencesHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers=Preferences)
    async def get(self) -> None:
        """Show what the caller does not want to hear."""
        self.answer(to_payload(await self.services.notifications.preferences(self.principal)))

    @operation(body=PreferencesBody, answers=Preferences)
    async def put(self, body: PreferencesBody) -> None:
        """Say what the caller does not want to hear."""
        preferences = Preferences(tuple(dict.fromkeys(body.muted_types)), body.quiet_hours)
        await self.services.notifications.set_preferences(self.principal, preferences)
        self.answer(to_payload(preferences))


class NotificationJobHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.NOTIFICATIONS

    @operation(answers=NotificationJob)
    async def get(self, job_id: str) -> None:
        """Show how far it has come to notify everyone, or whom a filter means."""
        self.answer(_shown(await self.services.notification_jobs.find(job_id)))


class StreamStatisticsHandler(ApiHandler):
    """Who has streams of notifications open; without the envelope."""

    access = Access.OPERATOR

    @operation(
        answers={"total_users": int, "total_connections": int, "users": dict[str, int]}, media_type="application/json"
    )
    async def get(self) -> None:
        """Show who has streams of notifications open."""
        users = self.services.notification_streams.by_username()
        self.finish_json({"total_users": len(users), "total_connections": sum(users.values()), "users": users})


def _receivers(body: SentBody) -> list[str] | None:
    """Return to whom it goes; None: a job finds them. RequestError (invalid_input) unless that is said once."""
    given = [value for value in (body.user_id, body.user_ids, body.filter, body.all) if value is not UNSET]
    if len(given) != 1:
        raise RequestError(ErrorCode.INVALID_INPUT, "one of user_id, user_ids, filter and all: true has to be given")
    if isinstance(body.user_id, str):
        return [body.user_id]
    if not isinstance(body.user_ids, list):
        return None
    if not 1 <= len(body.user_ids) <= MAX_RECEIVERS:
        raise RequestError(
            ErrorCode.INVALID_INPUT, f"got {len(body.user_ids)} user_ids, allowed are 1 to {MAX_RECEIVERS}"
        )
    return list(dict.fromkeys(body.user_ids))


def _shown(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "total": max(job.total, job.done),
        "done": job.done,
        "notified": job.notified,
        "state": job.state,
    }
