"""Notifications of tasks that are over."""

from __future__ import annotations

from msgspec import UNSET

from server.domain.tasks import Task, TaskState
from server.market.instruments import InstrumentTable
from server.services.notices import Notices
from server.services.notifications import Notice


class TaskNotices:
    """Tells owners of what completed or failed; who cancelled a task knows."""

    def __init__(self, notices: Notices, instruments: InstrumentTable) -> None:
        self._notices = notices
        self._instruments = instruments

    def task_ended(self, task: Task) -> None:
        """Notify the owner of a task, in the background."""
        if task.state is TaskState.CANCELLED:
            return
        is_completed = task.state is TaskState.COMPLETED
        ending = "completed" if is_completed else "failed"
        if symbol := _symbol(task):
            instrument = self._instruments.find(symbol)
            name = instrument.name if instrument else symbol
            words = self._notices.words(f"analysis_{ending}", name=name, symbol=symbol)
        else:
            words = self._notices.words(f"task_{ending}", type=task.type)
        link = f"/#/market/{symbol}" if symbol else ""
        kind = "task" if is_completed else "task_failed"
        self._notices.tell([Notice(task.owner_id, words, kind, link, f"task:{task.id}")])


def _symbol(task: Task) -> str:
    """Return the stock that an analysis was of."""
    if task.type != "analysis" or task.params is UNSET:
        return ""
    return str(task.params["symbol"])
