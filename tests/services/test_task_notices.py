from __future__ import annotations

from typing import Any

import pytest

from server.domain.tasks import TaskState
from server.domain.users import ProfileChange
from server.errors import ErrorCode, RequestError
from server.services.task_notices import TaskNotices
from server.storage.documents import Database
from server.storage.repositories import Repositories
from tests.support.leftovers import ErrorLog
from tests.support.tasks import EXTERNAL, Workshop, principal


class RecordingNotifier:
    """Keeps what it is to tell, or fails."""

    def __init__(self) -> None:
        self.told: list[tuple[list[str], dict[str, str]]] = []
        self.fails = False

    async def notify(self, user_ids: Any, **words: str) -> None:
        if self.fails:
            raise RequestError(ErrorCode.UNAVAILABLE)
        self.told.append((list(user_ids), words))


def text(locale: str | None, key: str, /, **_: object) -> str:
    return f"{locale}: {key}"


@pytest.mark.gen_test
async def test_who_asked_is_told_of_the_end_in_his_language(database: Database, logged_errors: ErrorLog) -> None:
    shop, notifier, users = Workshop(database), RecordingNotifier(), Repositories(database).users
    notices = TaskNotices(users, notifier, text)
    shop.journal.on_end.append(notices.task_ended)
    user = await users.add("alice", "Alice", "no password", shop.clock.now())
    await users.update(user.id, ProfileChange(locale="zh-TW"))
    owner = principal("alice")
    known = type(owner)(user.id, "alice", owner.session_id, owner.expires_at)
    done, failed, cancelled = [await shop.ask(known, kind=EXTERNAL) for _ in range(3)]
    await shop.workers.complete(done, None, None, None)
    await notices.close()
    await shop.workers.fail(failed, None, None, None)
    await shop.service.cancel(known, cancelled)
    await notices.close()
    assert notifier.told == [
        (
            [user.id],
            {
                "type": kind,
                "title": f"zh-TW: tasks.notice.task_{end}",
                "content": EXTERNAL,
                "link": "",
                "source": f"task:{task_id}",
            },
        )
        for kind, end, task_id in (("task", "completed", done), ("task_failed", "failed", failed))
    ]
    notifier.fails = True
    again = await shop.ask(owner, kind=EXTERNAL)
    await shop.workers.complete(again, None, None, None)
    await notices.close()
    assert (await shop.stored(again)).task.state is TaskState.COMPLETED
    assert len(logged_errors.pop_all()) == 1
