"""Makes what notifies people."""

from __future__ import annotations

from server.assembly.ground import Ground
from server.services.notices import Notices
from server.services.notification_jobs import NotificationJobs
from server.services.notification_writer import NotificationWriter
from server.services.notifications import NotificationService
from server.services.presence import PresenceService
from server.services.unread_counts import UnreadCounts


def open_notifications(ground: Ground) -> NotificationService:
    stores = ground.stores
    counts = UnreadCounts(stores.notifications, ground.hub)
    ground.stack.push_async_callback(counts.close)
    writer = NotificationWriter(stores.notifications, ground.hub, counts)
    ground.stack.push_async_callback(writer.close)
    return NotificationService(
        stores.notifications,
        stores.notification_preferences,
        stores.users,
        writer,
        counts,
        ground.hub,
        ground.clock,
        ground.settings.default_locale,
    )


def open_notices(ground: Ground, notifications: NotificationService) -> Notices:
    notices = Notices(notifications, ground.texts.text)
    ground.stack.push_async_callback(notices.settle)
    return notices


def open_notification_jobs(
    ground: Ground, presence: PresenceService, notifications: NotificationService
) -> NotificationJobs:
    stores = ground.stores
    jobs = NotificationJobs(stores.notification_jobs, stores.users, presence, notifications, ground.clock)
    jobs.start()
    ground.stack.push_async_callback(jobs.close)
    return jobs
