from __future__ import annotations

import asyncio

import msgspec
import pytest

from server.domain.known_texts import KnownText
from server.domain.tasks import TaskState
from server.domain.users import ProfileChange
from server.market.instruments import INSTRUMENTS, InstrumentTable
from server.services.task_notices import TaskNotices
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher
from tests.support.tasks import PATIENCE_SECONDS


@pytest.mark.gen_test
async def test_who_asked_is_told_of_the_end_in_their_language(database: Database) -> None:
    community = Community(database, FakeClock(), RecordingPublisher(), notifies=True)
    alice = await community.member("alice")
    await community.users.update(alice.user_id, ProfileChange(locale="zh-TW"))
    done, failed, cancelled = [(await community.tasks.create(alice, "training", {})).id for _ in range(3)]
    analysis = (await community.tasks.create(alice, "analysis", {"symbol": "600519"})).id
    workers, tasks = community.task_parts.workers, community.task_parts.runner
    await workers.complete(done, None, None, None)
    await community.notices.settle()
    await workers.fail(failed, None, None, None)
    await community.notices.settle()
    await community.tasks.cancel(alice, cancelled)
    is_analysed = asyncio.Event()
    community.task_parts.journal.on_end.append(lambda _: is_analysed.set())
    await tasks.start()
    await asyncio.wait_for(is_analysed.wait(), PATIENCE_SECONDS)
    await tasks.stop()
    await community.notices.settle()
    told = (await community.notifications.page(alice, None, None, None, 10)).notifications[::-1]
    assert [(one.type, one.title, one.content, one.link, one.source) for one in told] == [
        ("task", "任務完成", "training", "", f"task:{done}"),
        ("task_failed", "任務失敗", "training", "", f"task:{failed}"),
        ("task", "分析完成", "贵州茅台（600519.SH）", "/#/market/600519.SH", f"task:{analysis}"),
    ]
    assert [one.text for one in told] == [
        KnownText("notices.task_completed", {"type": "training"}),
        KnownText("notices.task_failed", {"type": "training"}),
        KnownText("notices.analysis_completed", {"name": "贵州茅台", "symbol": "600519.SH"}),
    ]


@pytest.mark.gen_test
async def test_a_stock_is_named_as_in_the_table_that_is_served(database: Database) -> None:
    community = Community(database, FakeClock(), RecordingPublisher())
    alice = await community.member("alice")
    known = INSTRUMENTS.find("600519")
    assert known is not None
    task = await community.tasks.create(alice, "analysis", {"symbol": known.symbol})
    ended = msgspec.structs.replace(task, state=TaskState.COMPLETED)
    table = InstrumentTable([msgspec.structs.replace(known, name="Renamed")])
    TaskNotices(community.notices, table).task_ended(ended)
    await community.notices.settle()
    [told] = (await community.notifications.page(alice, None, None, None, 10)).notifications
    assert told.content == f"Renamed ({known.symbol})"
