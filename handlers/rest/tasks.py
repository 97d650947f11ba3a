"""Tasks, for who asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from handlers.base import ApiHandler
from server.auth.access import Access
from server.domain.payloads import to_payload
from server.domain.service_keys import Scope
from server.domain.tasks import DEFAULT_PRIORITY, Stage, TaskState, told
from server.errors import ErrorCode, RequestError

MAX_RESULT_BODY_BYTES = 1 << 20

REPORTED = "what workers report stands in the history of the task"

Attempt = Annotated[int, Meta(ge=1)] | None
Message = Annotated[str, Meta(max_length=500)]


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

    message: Message = ""
    step: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    total_steps: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    progress: Annotated[float, Meta(ge=0, le=100)] = 0.0
    attempt: Attempt = None


class CompleteBody(Struct):
    result: Any = None
    message: Message | None = None
    attempt: Attempt = None


class FailBody(Struct):
    """``error`` is for programs, ``message`` for people."""

    error: Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,64}\Z")] | None = None
    message: Message | None = None
    attempt: Attempt = None


class TasksHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self) -> None:
        query = self.query(TasksQuery)
        page = await self.services.tasks.list(self.principal, query.state, query.type, query.before, query.limit)
        self.answer({"tasks": to_payload(page.tasks), "has_more": page.has_more})

    async def post(self) -> None:
        body = self.body(NewTaskBody)
        fields: dict[str, Any] = msgspec.json.decode(self.request.body)
        params = {name: value for name, value in fields.items() if name not in NewTaskBody.__struct_fields__}
        key = self.request.headers.get("Idempotency-Key")
        task = await self.services.tasks.create(self.principal, body.type, params, body.priority, key)
        self.answer({"task_id": task.id}, status=202, message="rest.accepted")


class TaskHandler(ApiHandler):
    access = Access.MEMBER

    async def get(self, task_id: str) -> None:
        record = await self.services.tasks.find(self.principal, task_id)
        self.answer(to_payload(record.task))

    async def delete(self, task_id: str) -> None:
        self.answer(to_payload(await self.services.tasks.cancel(self.principal, task_id)))


class TaskRetryHandler(ApiHandler):
    access = Access.MEMBER

    async def post(self, task_id: str) -> None:
        task = await self.services.tasks.retry(self.principal, task_id)
        self.answer({"task_id": task.id, "attempts": task.attempts}, status=202, message="rest.accepted")


class TaskProgressHandler(ApiHandler):
    """Read by who asked for the task, written by its worker."""

    access = Access.MEMBER
    service_scope = Scope.TASKS
    unaudited = REPORTED
    access_by_method: ClassVar[Mapping[str, Access]] = {"POST": Access.OPERATOR}

    async def get(self, task_id: str) -> None:
        record = await self.services.tasks.find(self.principal, task_id)
        self.answer({"events": [to_payload(_without_result(told(task_id, event))) for event in record.events]})

    async def post(self, task_id: str) -> None:
        body = self.body(ProgressBody)
        if body.total_steps and body.step > body.total_steps:
            detail = f"got step {body.step} of {body.total_steps}; a step is at most total_steps"
            raise RequestError(ErrorCode.INVALID_INPUT, detail)
        stage = Stage(body.step, body.total_steps, round(body.progress, 2), body.message)
        await self.services.task_workers.progress(task_id, stage, body.attempt)
        self.answer(None)


class TaskClaimHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED

    async def post(self) -> None:
        task = await self.services.task_workers.claim(self.body(ClaimBody).types)
        self.answer({"task": to_payload(task) if task else None})


class TaskCompleteHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED
    max_body_bytes = MAX_RESULT_BODY_BYTES

    async def post(self, task_id: str) -> None:
        body = self.body(CompleteBody)
        task = await self.services.task_workers.complete(task_id, body.result, body.message, body.attempt)
        self.answer({"task_id": task.id, "state": task.state.value})


class TaskFailHandler(ApiHandler):
    access = Access.OPERATOR
    service_scope = Scope.TASKS
    unaudited = REPORTED

    async def post(self, task_id: str) -> None:
        body = self.body(FailBody)
        task = await self.services.task_workers.fail(task_id, body.error, body.message, body.attempt)
        self.answer({"task_id": task.id, "state": task.state.value})


def _without_result(event: dict[str, Any]) -> dict[str, Any]:
    event["data"].pop("result", None)
    return event
