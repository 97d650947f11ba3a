"""Tasks as documents: how one begins, and the changes that end it or let it wait again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from server.domain.known_texts import KnownText
from server.domain.tasks import MAX_HISTORY, Ending, Message, NewTask, Task, TaskEvent, TaskRecord, TaskState, Worker
from server.storage.documents import Document, new_id

SEQ_GAP = 1000
"""What ends a running task without knowing what its worker said last leaves so many numbers for that."""

_HELD_WHILE_OPEN = ["place", "runner", "alive_until"]


def new_document(owner_id: str, new: NewTask, now: datetime) -> Document:
    """Return a task that waits for its first attempt; a repository gives it its place in the line."""
    document: Document = {
        "_id": new_id(),
        "owner_id": owner_id,
        "type": new.type,
        "worker": new.worker.value,
        "params": new.params.decode(),  # as text: JSON knows keys and numbers that the database does not
        "state": TaskState.QUEUED.value,
        "priority": new.priority,
        "attempts": 1,
        "seq": 1,
        "step": 0,
        "total_steps": new.total_steps,
        "progress": 0.0,
        "message": new.message.words,
        "text": text_document(new.message.text),
        "created_at": now,
        "queued_at": now,
    }
    if new.idempotency_key is not None:
        document["idempotency_key"] = new.idempotency_key
    said = new.message
    first = TaskEvent(1, 1, "progress", 0, new.total_steps, 0.0, said.words, now, text=said.text)
    document["history"] = [event_document(first)]
    return document


def running(runner: str, alive_until: datetime, now: datetime) -> Document:
    """Return what is set of a task that a runner takes."""
    return {"state": "running", "started_at": now, "runner": runner, "alive_until": alive_until}


def end(ending: Ending, now: datetime, expires_at: datetime, unwritten: Sequence[TaskEvent] | None) -> list[Document]:
    """Return the pipeline that ends a task: its last event is numbered behind all others."""
    completed = ending.state is TaskState.COMPLETED
    fields: Document = {
        "state": ending.state.value,
        **_reached(unwritten, completed=completed),
        **_said(ending.message),
        "finished_at": now,
        "expires_at": expires_at,
    }
    last = _event("completed" if completed else "error", ending.message, now)
    if ending.error is not None:
        fields["error"] = last["error"] = {"$literal": ending.error}
    if ending.result is not None:
        fields["result"] = {"$literal": ending.result.decode()}
    told = [event_document(event) for event in unwritten or ()]
    return [{"$set": fields}, {"$set": {"history": _history(last, told)}}, {"$unset": _HELD_WHILE_OPEN}]


def requeued(place: int, message: Message, now: datetime) -> list[Document]:
    """Return the pipeline that makes an ended task wait for its next attempt."""
    fields: Document = {
        "state": TaskState.QUEUED.value,
        "place": place,
        "attempts": {"$add": ["$attempts", 1]},
        "seq": {"$add": ["$seq", 1]},
        "step": 0,
        "progress": 0.0,
        **_said(message),
        "queued_at": now,
    }
    history = _history(_event("progress", message, now))
    ended = ["error", "result", "started_at", "finished_at", "expires_at"]
    return [{"$set": fields}, {"$set": {"history": history}}, {"$unset": ended}]


def _reached(unwritten: Sequence[TaskEvent] | None, *, completed: bool) -> Document:
    """Return what a pipeline sets of how far a task that ends has come, and the number of its last event."""
    gap = {"$cond": [{"$eq": ["$state", "running"]}, SEQ_GAP, 1]} if unwritten is None else 1
    newest = unwritten[-1] if unwritten else None
    step: Any = newest.step if newest else "$step"
    total: Any = newest.total_steps if newest else "$total_steps"
    progress: Any = newest.progress if newest else "$progress"
    return {
        "seq": {"$add": [{"$max": ["$seq", newest.seq if newest else 0]}, gap]},
        "step": total if completed else step,
        "total_steps": total,
        "progress": 100.0 if completed else progress,
    }


def _event(kind: str, message: Message, now: datetime) -> Document:
    """Return the event that a pipeline tells of a task, as it is after the first stage."""
    return {
        "seq": "$seq",
        "attempt": "$attempts",
        "type": kind,
        "step": "$step",
        "total_steps": "$total_steps",
        "progress": "$progress",
        "message": "$message",
        **({} if message.text is UNSET else {"text": "$text"}),
        "timestamp": now,
    }


def _history(last: Document, told: Sequence[Document] = ()) -> Document:
    """Return the newest of a task's events, with those that were told meanwhile and one more."""
    return {"$slice": [{"$concatArrays": ["$history", {"$literal": told}, [last]]}, -MAX_HISTORY]}


def _said(message: Message) -> Document:
    """Return what a pipeline sets for what is told of a task."""
    return {"message": {"$literal": message.words}, "text": {"$literal": text_document(message.text)}}


def text_document(text: KnownText | UnsetType) -> Document | None:
    """Return a known text as it is stored; None where there is none."""
    return None if text is UNSET else msgspec.to_builtins(text)


def event_document(event: TaskEvent) -> Document:
    """Return an event as the history holds it."""
    document: Document = msgspec.to_builtins(event, builtin_types=(datetime,))
    return document


def record_of(document: Document | None) -> TaskRecord | None:
    """Return the task of a document, with its events."""
    if document is None:
        return None
    return TaskRecord(task_of(document), [msgspec.convert(event, TaskEvent) for event in document["history"]])


def task_of(document: Document) -> Task:
    """Return the task of a document."""
    return Task(
        id=document["_id"],
        owner_id=document["owner_id"],
        type=document["type"],
        worker=Worker(document["worker"]),
        state=TaskState(document["state"]),
        priority=document["priority"],
        attempts=document["attempts"],
        seq=document["seq"],
        step=document["step"],
        total_steps=document["total_steps"],
        progress=document["progress"],
        message=document["message"],
        text=msgspec.convert(document["text"], KnownText) if document.get("text") else UNSET,
        created_at=document["created_at"],
        started_at=document.get("started_at", UNSET),
        finished_at=document.get("finished_at", UNSET),
        error=document.get("error", UNSET),
        params=_json(document, "params"),
        result=_json(document, "result"),
    )


def _json(document: Document, field: str) -> Any:
    return msgspec.json.decode(document[field]) if field in document else UNSET
