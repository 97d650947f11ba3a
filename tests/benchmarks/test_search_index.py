from __future__ import annotations

import re

import pytest

from benchmarks.search_index import QUERIES, make_messages, report
from server.domain.search_terms import query_of
from server.storage.mongo import Mongo


def test_the_messages_are_the_same_each_time_and_numbered_without_holes() -> None:
    messages = make_messages(2000)
    assert messages == make_messages(2000)
    busy = [message.seq for message in messages if message.conversation_id == "0" * 24]
    assert busy == list(range(1, 1001))
    assert any(query_of("茅台").matches(message.content) for message in messages)


@pytest.mark.gen_test
async def test_a_small_run_reports_every_figure(mongodb_uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        await report(mongodb_uri, 300)
    finally:
        mongo = await Mongo.open(mongodb_uri, "indexed")
        for name in ("indexed", "plain"):
            await mongo.database.client.drop_database(name)
        mongo.close()
    printed = capsys.readouterr().out
    assert printed.startswith("300 messages, on average ")
    assert all(f"| {query} | " in printed for query in QUERIES)
    with_terms, without = re.search(r"\| conversation_terms \| (\d+) \| (\d+) \|", printed).groups()  # type: ignore[union-attr]
    assert int(with_terms) > int(without) == 0
