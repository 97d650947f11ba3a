"""Notifications of tasks that are over."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from msgspec import UNSET

from server.domain.tasks import Task, TaskState
from server.services.notifier import Notifier
from server.storage.users import UserRepository

logger = logging.getLogger(__name__)


class LocalText(Protocol):
    """Returns a text in a language, None for the server's own."""

    def __call__(self, locale: str | None, key: str, /, **values: object) -> str: ...


class TaskNotices:
    """Tells owners of what completed or failed; who cancelled a task knows."""

    def __init__(self, users: UserRepository, notifier: Notifier, text: LocalText) -> None:
        self._users = users
        self._notifier = notifier
        self._text = text
        self._under_way: set[asyncio.Task[None]] = set()

    def task_ended(self, task: Task) -> None:
        """Notify the owner of a task, in the background."""
        if task.state is not TaskState.CANCELLED:
            notice = asyncio.get_running_loop().create_task(self._notify(task))
            self._under_way.add(notice)
            notice.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait for the notices under way."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _notify(self, task: Task) -> None:
        try:
            owner = await self._users.find(task.owner_id)
            locale = owner.locale if owner is not None and owner.locale is not UNSET else None
            kind = "analysis" if task.type == "analysis" else "task"
            ending = "completed" if task.state is TaskState.COMPLETED else "failed"
            symbol = _symbol(task)
            await self._notifier.notify(
                [task.owner_id],
                type="task" if task.state is TaskState.COMPLETED else "task_failed",
                title=self._text(locale, f"tasks.notice.{kind}_{ending}"),
                content=symbol or task.type,
                link=f"/#/market/{symbol}" if symbol else "",
                source=f"task:{task.id}",
            )
        except Exception:  # the task is over all the same
            logger.exception("no notification of task %s", task.id)


def _symbol(task: Task) -> str:
    """Return the stock that an analysis was of."""
    if task.type != "analysis" or task.params is UNSET:
        return ""
    return str(task.params["symbol"])
