"""Tasks, for who asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from handlers.base import ApiHandler
from handlers.events.outgoing import TaskTold
from handlers.operations import operation
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.service_keys import Scope
from server.domain.tasks import DEFAULT_PRIORITY, Message, Stage, Task, TaskState, told
from server.errors import ErrorCode, RequestError

MAX_RESULT_BODY_BYTES = 1 << 20

REPORTED = "what workers report stands in the history of the task"

Attempt = Annotated[int, Meta(ge=1)] | None
Words = Annotated[str, Meta(max_length=500)]


class NewTaskBody(Struct):
    """Every further field is a parameter of the task."""

    type: str
    priority: int = DEFAULT_PRIORITY


class TasksQuery(Struct):
    """``before`` is the id of the last task of the page before."""

    state: TaskState | None = None
    type: str | None = None
    before: str | None = None
    limit: Annotated[int, Meta(ge=1)] = 20


class ClaimBody(Struct):
    """``types`` empty: every external type."""

    types: Annotated[list[str], Meta(max_length=100)] = []


class ProgressBody(Struct):
    """``attempt`` is the one that the worker was given; without it, the present one is meant."""

    message: Words = ""
    step: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    total_steps: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    progress: Annotated[float, Meta(ge=0, le=100)] = 0.0
    attempt: Attempt = None


class CompleteBody(Struct):
    result: Any = None
    message: Words | None = None
    attempt: Attempt = None


class FailBody(Struct):
    """``error`` is for programs, ``message`` for people."""

    error: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}\Z")] | None = None
    message: Words | None = None
    attempt: Attempt = None


class TasksHandler(ApiHandler):
    access = Access.MEMBER

    @operation(query=TasksQuery, answers={"tasks": list[Task], "has_more": bool})
    async def get(self, query: TasksQuery) -> None:
        """List the caller's tasks, newest first."""
        page = await self.services.tasks.list(self.principal, query.state, query.type, query.before, query.limit)
        self.answer({"tasks": to_payload(page.tasks), "has_more": page.has_more})

    @operation(
        body=NewTaskBody,
        answers={"task_id": str},
        status=202,
        headers=("Idempotency-Key",),
        errors=(ErrorCode.CONFLICT, ErrorCode.LIMIT_REACHED),
    )
    async def post(self, body: NewTaskBody) -> None:
        """Ask for a task."""
        fields: dict[str, Any] = msgspec.json.decode(self.request.body)
        params = {name: value for name, value in fields.items() if name not in NewTaskBody.__struct_fields__}
        key = self.request.headers.get("Idempotency-Key")
        task = await self.services.tasks.create(self.principal, body.type, params, body.priority, key)
        self.answer({"task_id": task.id})


class TaskHandler(ApiHandler):
    access = Access.MEMBER

    @operation(answers=Task)
    async def get(self, task_id: str) -> None:
        """Show a task."""
        record = await self.services.tasks.find(self.principal, task_id)
        self.answer(to_payload(record.task))

    @operation(answers=Task, errors=(ErrorCode.CONFLICT,))
    async def delete(self, task_id: str) -> None:
        """Cancel a task that is not over."""
        self.answer(to_payload(await self.services.tasks.cancel(self.principal, task_id)))


class TaskRetryHandler(ApiHandler):
    access = Access.MEMBER

    @operation(
        answers={"task_id": str, "attempts": int}, status=202, errors=(ErrorCode.CONFLICT, ErrorCode.LIMIT_REACHED)
    )
    async def post(self, task_id: str) -> None:
        """Try a task again that failed or was cancelled."""
        task = await self.services.tasks.retry(self.principal, task_id)
        self.answer({"task_id": task.id, "attempts": task.attempts})


class TaskProgressHandler(ApiHandler):
    """Read by who asked for the task, written by its worker."""

    access = Access.MEMBER
    service_scope = Scope.TASKS
    unaudited = REPORTED
    access_by_method: ClassVar[Mapping[str, Access]] = {"POST": Access.OPERATOR}

    @operation(answers={"events": list[TaskTold]})
    async def get(self, task_id: str) -> None:
        """Show what was told of a task, without its result."""
        record = await self.services.tasks.find(self.principal, task_id)
        self.answer({"events": [to_payload(_without_result(told(task_id, event))) for event in record.events]})

    @operation(body=ProgressBody, errors=(ErrorCode.CONFLICT,))
    async def post(self, task_id: str, body: ProgressBody) -> None:
        """Report how far a task has come."""
        if body.total_steps and body.step > body.total_steps:
            detail = f"got step {body.step} of {body.total_steps}; a step is at most total_steps"
            raise RequestError(ErrorCode.INVALID_INPUT, detail)
        stage = Stage(body.step, body.total_steps, round(body.progress, 2), Message(body.message))
        await self.services.task_workers.progress(task_id, stage, body.attempt)
        self.answer(None)


class TaskClaimHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED

    @operation(body=ClaimBody, answers={"task": Task | None})
    async def post(self, body: ClaimBody) -> None:
        """Take the next task that waits for a worker."""
        task = await self.services.task_workers.claim(body.types)
        self.answer({"task": to_payload(task) if task else None})


class TaskCompleteHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED
    max_body_bytes = MAX_RESULT_BODY_BYTES

    @operation(body=CompleteBody, answers={"task_id": str, "state": TaskState}, errors=(ErrorCode.CONFLICT,))
    async def post(self, task_id: str, body: CompleteBody) -> None:
        """Report that a task is done, with its result."""
        task = await self.services.task_workers.complete(task_id, body.result, body.message, body.attempt)
        self.answer({"task_id": task.id, "state": task.state.value})


class TaskFailHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED

    @operation(body=FailBody, answers={"task_id": str, "state": TaskState}, errors=(ErrorCode.CONFLICT,))
    async def post(self, task_id: str, body: FailBody) -> None:
        """Report that a task failed."""
        task = await self.services.task_workers.fail(task_id, body.error, body.message, body.attempt)
        self.answer({"task_id": task.id, "state": task.state.value})


def _without_result(event: dict[str, Any]) -> dict[str, Any]:
    event["data"].pop("result", None)
    return event
