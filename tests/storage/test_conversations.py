from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from server.domain.conversations import Activity
from server.storage.conversations import ConversationRepository
from server.storage.documents import Database, new_id
from tests.support.plans import operations_of

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


@pytest.mark.gen_test
async def test_a_revision_that_is_told_cannot_be_undone(database: Database) -> None:
    conversations = ConversationRepository(database)
    alice, bob = new_id(), new_id()
    opened = await conversations.open_direct(alice, bob, NOW)
    reads: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: conversations.find_for_member(opened.id, alice),
        lambda: conversations.find_direct(alice, bob),
    )
    for read in reads:
        [operation] = await operations_of(database, read)
        assert operation["command"]["readConcern"]["level"] == "majority"
    await conversations.record([Activity(opened.id, 3, 3, NOW, {alice: 3})])
    found = await conversations.find_for_member(opened.id, alice)  # as soon as it is recorded
    assert found is not None and (found.revision, found.last_seq, found.own.read) == (3, 3, 3)
