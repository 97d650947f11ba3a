"""Notifying everyone, or whom a filter means, in the background: batch after batch, and on after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from tornado.ioloop import PeriodicCallback

from server.clock import Clock
from server.domain.ids import is_id
from server.domain.notifications import Job, JobStep, Wording
from server.domain.users import UserFilter
from server.errors import ErrorCode, RequestError
from server.services.notifications import NotificationService, checked_wording
from server.services.presence import PresenceService
from server.storage.notification_jobs import NotificationJobRepository
from server.storage.users import UserRepository

logger = logging.getLogger(__name__)

USERS_PER_STEP = 200
LEASE = timedelta(seconds=60)
CHECK_MS = 15_000


class NotificationJobs:
    """Each step stores its notifications and how far the job has come in one transaction: nobody is notified twice.

    Who works on a job holds a lease that each step renews. When it runs out, any process goes on. A filter is asked of
    one batch at a time, by ids: however few it means, no query looks at more users than a batch has.
    """

    def __init__(
        self,
        jobs: NotificationJobRepository,
        users: UserRepository,
        presence: PresenceService,
        notifications: NotificationService,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._users = users
        self._presence = presence
        self._notifications = notifications
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._checking: asyncio.Task[None] | None = None
        self._closed = False
        self._timer = PeriodicCallback(self.check, CHECK_MS)

    def start(self) -> None:
        """Look for jobs that nobody goes on with, now and then."""
        self._timer.start()
        self.check()

    async def close(self) -> None:
        """Stop behind the present step; another start goes on."""
        self._timer.stop()
        self._closed = True
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is under way here."""
        while pending := [*self._running.values(), *filter(None, [self._checking])]:
            await asyncio.wait(pending)

    async def add(self, wording: Wording, meant: UserFilter | None = None) -> Job:
        """Begin to notify everyone, or whom a filter means; RequestError: invalid_input, unavailable."""
        checked_wording(wording)
        if meant == UserFilter():
            raise RequestError(ErrorCode.INVALID_INPUT, "the filter is empty; everyone is notified by all: true")
        job = await self._jobs.add(wording, meant, await self._users.count(), self._clock.now(), self._lease())
        self._work_on(job)
        return job

    async def find(self, job_id: str) -> Job:
        """Return how far a job has come; RequestError (not_found)."""
        job = await self._jobs.find(job_id) if is_id(job_id) else None
        if job is None:
            raise RequestError(ErrorCode.NOT_FOUND, "there is no such job")
        return job

    def check(self) -> None:
        """Take over jobs that nobody goes on with."""
        if self._checking is None and not self._closed:
            self._checking = asyncio.get_running_loop().create_task(self._claim())

    async def _claim(self) -> None:
        try:
            while job := await self._jobs.claim(self._clock.now(), self._lease()):
                self._work_on(job)
        except Exception as error:  # whatever it was, the next check tries again
            logger.warning("jobs that notify were not looked for: %r", error)
        finally:
            self._checking = None

    def _work_on(self, job: Job) -> None:
        if job.id not in self._running and not self._closed:
            self._running[job.id] = asyncio.get_running_loop().create_task(self._work(job))

    async def _work(self, job: Job) -> None:
        present: Job | None = job
        try:
            while present is not None and present.state == "running" and not self._closed:
                await self._step(present)
                present = await self._jobs.find(job.id)
        except Exception as error:  # whatever it was, somebody goes on when the lease has run out
            logger.warning("job %s that notifies goes on later: %r", job.id, error)
        finally:
            del self._running[job.id]

    async def _step(self, job: Job) -> None:
        user_ids = await self._users.ids_after(job.after, USERS_PER_STEP)
        meant = user_ids if job.filter is None else await self._meant(user_ids, job.filter)
        step = JobStep(
            job.id,
            job.after,
            user_ids[-1] if user_ids else job.after,
            len(user_ids),
            len(meant),
            len(user_ids) < USERS_PER_STEP,
            self._lease(),
        )
        await self._notifications.announce_step(job.wording, meant, step)

    async def _meant(self, user_ids: Sequence[str], by: UserFilter) -> list[str]:
        meant = await self._users.matching(user_ids, by)
        if by.active_since is None:
            return meant
        presences = await self._presence.of(meant)
        seen = ((user_id, presences[user_id].last_seen) for user_id in meant)
        return [user_id for user_id, at in seen if at is not None and at >= by.active_since]

    def _lease(self) -> datetime:
        return self._clock.now() + LEASE
