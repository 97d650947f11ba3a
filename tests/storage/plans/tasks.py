"""The queries of `TaskRepository`: fifty owners of forty tasks, some of each state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from server.domain.known_texts import KnownText
from server.domain.tasks import Ending, Message, NewTask, TaskError, TaskEvent, TaskState, Worker
from server.storage.documents import Document
from server.storage.tasks import TaskRepository
from tests.support.plans import Fault, row

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=60)
EVENT = TaskEvent(2, 1, "progress", 1, 5, 20.0, "x", NOW)
SAID = Message("x", KnownText("tasks.queued"))
DONE = Ending(TaskState.COMPLETED, Message("done"), result=b"{}")
STATES = ("queued", "running", "error", "completed", "cancelled", "completed", "completed", "completed")


def document(owner: int, number: int) -> Document:
    state = STATES[number % len(STATES)]
    open_ones: Document = {"place": number} if state in {"queued", "running"} and number < 20 else {}
    if state == "running":
        open_ones |= {"runner": "one", "alive_until": NOW + timedelta(seconds=owner)}
    return {
        "_id": f"{owner:02}-{number:02}",
        "owner_id": f"user{owner}",
        "type": "analysis" if number % 2 else "training",
        "worker": "built-in" if number % 4 in {0, 1} else "external",
        "idempotency_key": f"key{number}",
        "params": "{}",
        "state": state,
        "priority": number % 6,
        "attempts": 1,
        "seq": 1,
        "step": 0,
        "total_steps": 5,
        "progress": 0.0,
        "message": "x",
        "created_at": NOW,
        "queued_at": NOW + timedelta(seconds=number),
        "history": [],
        **open_ones,
        **({"expires_at": NOW + timedelta(days=3650)} if not open_ones else {}),
    }


DOCUMENTS = {"tasks": [document(owner, number) for owner in range(50) for number in range(40)]}

WAITING = "30-16"

ROWS = (
    row(TaskRepository.add, "user1", NewTask("analysis", Worker.BUILT_IN, b"{}", 5, SAID), NOW),
    row(TaskRepository.find_by_key, "user1", "key2"),
    row(TaskRepository.find, "01-03"),
    row(TaskRepository.newest, "user1", None, None, None, 21),
    row(TaskRepository.newest, "user1", TaskState.COMPLETED, None, "01-30", 10),
    row(TaskRepository.newest, "user1", None, "analysis", None, 10),
    row(TaskRepository.count_queued, Worker.BUILT_IN, 100).excused(
        Fault.EXAMINES, "it counts keys, no more than it is told"
    ),
    row(TaskRepository.line, Worker.BUILT_IN, 100).excused(
        Fault.EXAMINES, "it puts keys, no more than it is told, into one answer"
    ),
    row(TaskRepository.count_open).excused(Fault.EXAMINES, "it counts the keys of what is open, which is bounded"),
    row(TaskRepository.claim, Worker.BUILT_IN, ["analysis", "training"], "one", LATER, NOW),
    row(TaskRepository.start, "02-00", "one", LATER, NOW).excused(Fault.FINDS_NOTHING, "it is a built-in one"),
    row(TaskRepository.write_events, "03-01", 1, [EVENT], LATER),
    row(TaskRepository.end, "03-01", DONE, NOW, LATER, attempt=1, unwritten=[EVENT]),
    row(TaskRepository.give_up_one, Worker.BUILT_IN, TaskError.INTERRUPTED, SAID, NOW, LATER, LATER),
    row(TaskRepository.keep_alive, ["05-01", "06-01", "unknown"], "one", LATER),
    row(TaskRepository.requeue, "07-02", "user7", SAID, NOW),
)
