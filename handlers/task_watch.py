"""How a connection begins to watch a task: what was told before and what is told now, each once and in order."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from server.domain.payloads import to_payload
from server.domain.rooms import session_room, task_room
from server.domain.tasks import TaskRecord, told
from server.domain.users import Principal
from server.realtime.hub import Hub
from server.realtime.publication import Publication
from server.services.tasks import TaskService, events_of_attempt


class TaskWatch:
    """Listens in the room of a task from before the database is asked until the connection enters it itself.

    `begin`, which raises RequestError (not_found), then `take`, and the connection joins in the same turn of the loop;
    `close` in every case.
    """

    def __init__(self, hub: Hub, tasks: TaskService, task_id: str) -> None:
        self.rooms: set[str] = set()
        self.record: TaskRecord
        self.is_cut = False
        """Whether whoever wants to watch was signed out meanwhile."""
        self._hub = hub
        self._tasks = tasks
        self._task_id = task_id
        self._first: list[dict[str, Any]] = []
        self._heard: list[dict[str, Any]] = []

    @property
    def room(self) -> str:
        return task_room(self._task_id)

    async def begin(self, principal: Principal, after_seq: int | None) -> None:
        """Listen, and ask what was told before."""
        self._hub.rooms().join(self, session_room(principal.session_id))
        self._hub.rooms().join(self, self.room)
        self.record = await self._tasks.find(principal, self._task_id)
        result = self.record.task.result if not self.record.task.is_open else UNSET
        events = events_of_attempt(self.record, after_seq)
        self._first = [to_payload(told(self._task_id, event, result)) for event in events]

    def take(self) -> list[dict[str, Any]]:
        """Return all that was told until now, without what the client has."""
        self._hub.catch_up(self)
        last = self._first[-1]["data"]["seq"]
        return self._first + [event for event in self._heard if event["data"]["seq"] > last]

    def close(self) -> None:
        """Listen no longer."""
        self._hub.rooms().leave_all(self)
        self._hub.forget(self)

    # For the hub; see `Member`.

    def deliver(self, publication: Publication) -> None:
        self._heard.append(publication.args[0])

    def leave(self, room: str) -> None:
        self._hub.rooms().leave(self, room)

    def expel(self, reason: str) -> None:
        self.is_cut = True


def has_ended(event: dict[str, Any]) -> bool:
    """Tell whether nothing follows in this attempt."""
    return bool(event["type"] != "progress")
