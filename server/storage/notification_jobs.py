"""Jobs that notify everyone, or those whom a filter means, user after user."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import convert, to_builtins
from pymongo import ReturnDocument

from server.domain.notifications import Job, JobStep, Wording
from server.domain.users import UserFilter
from server.storage.availability import database_call
from server.storage.documents import Database, Document, new_id
from server.storage.transactions import Session

KEPT = timedelta(days=7)
"""How long a job can be asked for."""


class NotificationJobRepository:
    """The collection ``notification_jobs``; a step is recorded in the transaction that stores its notifications."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["notification_jobs"]

    @database_call
    async def add(
        self, wording: Wording, meant: UserFilter | None, total: int, now: datetime, lease_until: datetime
    ) -> Job:
        document: Document = {
            "_id": new_id(),
            "wording": to_builtins(wording),
            "filter": to_builtins(meant),
            "total": total,
            "done": 0,
            "notified": 0,
            "after": "",
            "state": "running",
            "created_at": now,
            "lease_until": lease_until,
            "expires_at": now + KEPT,
        }
        await self._jobs.insert_one(document)
        return _job(document)

    @database_call
    async def find(self, job_id: str) -> Job | None:
        document = await self._jobs.find_one({"_id": job_id})
        return _job(document) if document else None

    @database_call
    async def claim(self, now: datetime, lease_until: datetime) -> Job | None:
        """Take over a job that nobody goes on with."""
        document = await self._jobs.find_one_and_update(
            {"state": "running", "lease_until": {"$lt": now}},
            {"$set": {"lease_until": lease_until}},
            return_document=ReturnDocument.AFTER,
        )
        return _job(document) if document else None


async def record_step(database: Database, step: JobStep, session: Session) -> bool:
    """Move a job on; False when that was done already."""
    change: Document = {
        "$set": {"after": step.through, "lease_until": step.lease_until},
        "$inc": {"done": step.count, "notified": step.notified},
    }
    if step.is_last:
        change["$set"]["state"] = "done"
    where = {"_id": step.job_id, "after": step.after, "state": "running"}
    result = await database["notification_jobs"].update_one(where, change, session=session)
    return result.matched_count == 1


def _job(document: Document) -> Job:
    return Job(
        document["_id"],
        Wording(**document["wording"]),
        convert(document["filter"], UserFilter | None),
        document["total"],
        document["done"],
        document["notified"],
        document["after"],
        document["state"],
        document["created_at"],
    )
