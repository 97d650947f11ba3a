"""Tasks, each with the last events of its history; every change of a task's state is one operation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from server.domain.tasks import (
    MAX_HISTORY,
    OPEN_STATES,
    Ending,
    Message,
    NewTask,
    Task,
    TaskError,
    TaskEvent,
    TaskRecord,
    TaskState,
    Worker,
)
from server.errors import ErrorCode, RequestError
from server.storage.availability import database_call
from server.storage.documents import Database, Document
from server.storage.task_documents import (
    end,
    event_document,
    new_document,
    record_of,
    requeued,
    running,
    task_of,
    text_document,
)

MAX_OPEN = 20
"""Of one user. Each open task holds one of so many numbered places: a unique index counts, whoever races."""

_IN_TURN = [("priority", DESCENDING), ("queued_at", ASCENDING), ("_id", ASCENDING)]
_OPEN = [state.value for state in OPEN_STATES]
_RETRIED = [TaskState.ERROR.value, TaskState.CANCELLED.value]
_LISTED: Document = {
    "history": "$$REMOVE",
    "result": "$$REMOVE",
    "params": {"$cond": [{"$eq": ["$worker", Worker.BUILT_IN.value]}, "$params", "$$REMOVE"]},
}
"""What lists leave out; those of built-in types are small, and say what a task is about."""


class TaskRepository:
    """The collection ``tasks``. ``alive_until`` of a running one is when it is given up, unless it is moved on."""

    def __init__(self, database: Database) -> None:
        self._tasks = database["tasks"]

    @database_call
    async def add(self, owner_id: str, new: NewTask, now: datetime) -> tuple[Task, bool]:
        """Store a new task; return it, or the one that bears its idempotency key, and whether it is new.

        Raises RequestError (limit_reached) when the owner has as many open tasks as there may be.
        """
        document = new_document(owner_id, new, now)
        while True:
            document["place"] = await self._free_place(owner_id)
            try:
                await self._tasks.insert_one(document)
            except DuplicateKeyError:
                earlier = await self.find_by_key(owner_id, new.idempotency_key) if new.idempotency_key else None
                if earlier is not None:
                    return earlier, False
            else:
                return task_of(document), True

    @database_call
    async def find_by_key(self, owner_id: str, key: str) -> Task | None:
        """Return the owner's task with this idempotency key."""
        document = await self._tasks.find_one({"owner_id": owner_id, "idempotency_key": key}, {"history": 0})
        return task_of(document) if document else None

    @database_call
    async def find(self, task_id: str) -> TaskRecord | None:
        """Return a task with its params, its result and its history."""
        document = await self._tasks.find_one({"_id": task_id})
        return record_of(document)

    @database_call
    async def newest(
        self, owner_id: str, state: TaskState | None, kind: str | None, before: str | None, limit: int
    ) -> list[Task]:
        """Return a page of the owner's tasks, newest first, without results, and without params for workers outside."""
        wanted: Document = {"owner_id": owner_id}
        if state is not None:
            wanted["state"] = state.value
        if kind is not None:
            wanted["type"] = kind
        if before is not None:
            wanted["_id"] = {"$lt": before}
        pipeline: list[Document] = [
            {"$match": wanted},
            {"$sort": {"_id": DESCENDING}},
            {"$limit": limit},
            {"$set": _LISTED},
        ]
        return [task_of(document) async for document in self._tasks.aggregate(pipeline)]

    @database_call
    async def count_queued(self, worker: Worker, most: int) -> int:
        """Return how many tasks wait for this kind of worker, at most ``most``."""
        return await self._tasks.count_documents({"state": "queued", "worker": worker.value}, limit=most)

    @database_call
    async def line(self, worker: Worker, most: int) -> list[tuple[str, str]]:
        """Return id and type of the first ``most`` that wait for this kind of worker, in turn; by the index alone."""
        pipeline: list[Document] = [
            {"$match": {"state": "queued", "worker": worker.value}},
            {"$sort": dict(_IN_TURN)},
            {"$limit": most},
            {"$group": {"_id": None, "ids": {"$push": "$_id"}, "types": {"$push": "$type"}}},
        ]
        found = [document async for document in self._tasks.aggregate(pipeline)]  # one document, or none
        return [one for document in found for one in zip(document["ids"], document["types"], strict=True)]

    @database_call
    async def count_open(self) -> dict[tuple[TaskState, Worker], int]:
        """Return how many tasks are open, by state and kind of worker; answered by the index alone."""
        pipeline: list[Document] = [
            {"$match": {"state": {"$in": _OPEN}}},
            {"$group": {"_id": {"state": "$state", "worker": "$worker"}, "count": {"$sum": 1}}},
        ]
        found = self._tasks.aggregate(pipeline, hint="queue")
        return {(TaskState(one["_id"]["state"]), Worker(one["_id"]["worker"])): one["count"] async for one in found}

    @database_call
    async def claim(
        self, worker: Worker, types: Collection[str], runner: str, alive_until: datetime, now: datetime
    ) -> TaskRecord | None:
        """Take the next task that waits: the highest priority, then who waits longest. None waits: None."""
        document = await self._tasks.find_one_and_update(
            {"state": "queued", "worker": worker.value, "type": {"$in": sorted(types)}},
            {"$set": running(runner, alive_until, now)},
            sort=_IN_TURN,
            return_document=ReturnDocument.AFTER,
        )
        return record_of(document)

    @database_call
    async def start(self, task_id: str, runner: str, alive_until: datetime, now: datetime) -> bool:
        """Let a task run that waits for a worker outside; False when it does not (any more)."""
        waiting = {"_id": task_id, "state": "queued", "worker": Worker.EXTERNAL.value}
        result = await self._tasks.update_one(waiting, {"$set": running(runner, alive_until, now)})
        return result.matched_count == 1

    @database_call
    async def write_events(
        self, task_id: str, attempt: int, events: Sequence[TaskEvent], alive_until: datetime | None
    ) -> bool:
        """Add events to the history of a running attempt, and move on when it is given up; False: it has ended."""
        last = events[-1]
        change: Document = {
            "seq": last.seq,
            "step": last.step,
            "total_steps": last.total_steps,
            "progress": last.progress,
            "message": last.message,
            "text": text_document(last.text),
        }
        if alive_until is not None:
            change["alive_until"] = alive_until
        added = {"$each": [event_document(event) for event in events], "$slice": -MAX_HISTORY}
        result = await self._tasks.update_one(
            {"_id": task_id, "state": "running", "attempts": attempt}, {"$set": change, "$push": {"history": added}}
        )
        return result.matched_count == 1

    @database_call
    async def end(
        self,
        task_id: str,
        ending: Ending,
        now: datetime,
        expires_at: datetime,
        *,
        attempt: int | None = None,
        unwritten: Sequence[TaskEvent] | None = None,
    ) -> TaskRecord | None:
        """End an open task (None: it is not open, or another attempt), with what was not written of its history yet.

        ``unwritten`` None: others may have told of it what is not known here.
        """
        wanted: Document = {"_id": task_id, "state": {"$in": _OPEN}}
        if attempt is not None:
            wanted["attempts"] = attempt
        document = await self._tasks.find_one_and_update(
            wanted, end(ending, now, expires_at, unwritten), return_document=ReturnDocument.AFTER
        )
        return record_of(document)

    @database_call
    async def give_up_one(
        self,
        worker: Worker,
        error: TaskError,
        message: Message,
        now: datetime,
        expires_at: datetime,
        silent_at: datetime,
    ) -> TaskRecord | None:
        """End one running task of which nothing was heard in time, as of ``silent_at``; None: there is none."""
        document = await self._tasks.find_one_and_update(
            {"worker": worker.value, "alive_until": {"$lt": silent_at}},
            end(Ending(TaskState.ERROR, message, error.value), now, expires_at, None),
            return_document=ReturnDocument.AFTER,
        )
        return record_of(document)

    @database_call
    async def keep_alive(self, task_ids: Collection[str], runner: str, alive_until: datetime) -> set[str]:
        """Say that a process still runs these; return which of them are still its own."""
        own = {"_id": {"$in": list(task_ids)}, "state": "running", "runner": runner}
        await self._tasks.update_many(own, {"$set": {"alive_until": alive_until}})
        return {document["_id"] async for document in self._tasks.find(own, {"_id": 1})}

    @database_call
    async def requeue(self, task_id: str, owner_id: str, message: Message, now: datetime) -> TaskRecord | None:
        """Let a task that failed or was cancelled wait for another attempt; None: it is neither.

        Raises RequestError (limit_reached), as `add`.
        """
        while True:
            place = await self._free_place(owner_id)
            try:
                document = await self._tasks.find_one_and_update(
                    {"_id": task_id, "state": {"$in": _RETRIED}},
                    requeued(place, message, now),
                    return_document=ReturnDocument.AFTER,
                )
            except DuplicateKeyError:
                continue  # another task of the owner took the place meanwhile
            return record_of(document)

    async def _free_place(self, owner_id: str) -> int:
        cursor = self._tasks.find({"owner_id": owner_id, "place": {"$gte": 0}}, {"place": 1, "_id": 0})
        taken = {document["place"] async for document in cursor}
        free = next((place for place in range(MAX_OPEN) if place not in taken), None)
        if free is None:
            raise RequestError(
                ErrorCode.LIMIT_REACHED, f"you have {MAX_OPEN} tasks that are not over, the most allowed"
            )
        return free
