"""Measure what the search index costs: ``python -m benchmarks.search_index``; ``--help`` tells the options.

Two databases on one mongod of its own get the same messages in turns, with search terms and without; then the one that
has them is searched.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from server.domain.messages import Search, StoredMessage
from server.domain.search_terms import query_of, terms_of
from server.market.instruments import INSTRUMENTS
from server.storage.documents import Database
from server.storage.embedded import EmbeddedMongod
from server.storage.indexes import create_indexes
from server.storage.message_search import MessageSearch
from server.storage.messages import MessageRepository
from server.storage.mongo import Mongo

BATCH = 100
TURN = 5000
SEARCHES = 15
BEGINNING = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
BUSY = "0" * 24
"""The conversation of every second message; the others are spread over 200."""


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


CHINESE = _words(
    "今天 明天 昨天 大盘 涨停 跌停 涨了 跌了 买入 卖出 加仓 减仓 清仓 抄底 追高 止损 止盈 成交量 换手率 主力 资金",
    "流入 流出 板块 龙头 利好 利空 财报 业绩 分红 融资 融券 均线 金叉 死叉 突破 回调 反弹 震荡 横盘 支撑 压力",
    "估值 市盈率 北向 散户 机构 基金 我觉得 你看 怎么样 还可以 不错 太高了 太低了 什么时候 为什么 没有 已经 可能",
    "应该 一定 真的 哈哈 谢谢 早上好 收盘 开盘 午后 尾盘 新能源 半导体 白酒 医药 银行 券商 人工智能 芯片 光伏",
    "锂电池 消费 地产 军工 有色 煤炭 石油 电力 公告 停牌 复牌 解禁",
)
ENGLISH = _words(
    "the a to is and of it this that for on up down buy sell hold stop loss profit market price volume today",
    "tomorrow why when looks good bad high low AI chip bank earnings report growth dividend yield PE ratio",
    "breakout support resistance trend long short position risk ETF index futures bond rate cut hike inflation",
    "macro ok thanks lol maybe really think",
)
CHINESE_SIGNS = ("，", "。", "！", "？", "…", "")
QUERIES = ("茅台", "贵州茅台", "茅", "600519", "6005", "earn", "t", "金叉 突破", "北向资金流入", "没有这个词吧")


class Turn(NamedTuple):
    """What it took to store some messages, with terms and without."""

    with_terms: float
    without: float


def make_messages(count: int, seed: int = 1) -> list[StoredMessage]:
    """Return a community's messages: mostly short, two of three in Chinese, with names, codes and prices."""
    chance = random.Random(seed)  # noqa: S311
    seqs: dict[str, int] = {}
    messages = []
    for number in range(count):
        conversation_id = BUSY if number % 2 else f"{chance.randrange(1, 201):024x}"
        seqs[conversation_id] = seqs.get(conversation_id, 0) + 1
        messages.append(
            StoredMessage(
                id=f"{number:024x}",
                conversation_id=conversation_id,
                seq=seqs[conversation_id],
                sender_id=f"{chance.randrange(1, 501):024x}",
                type="text",
                content=make_content(chance),
                created_at=BEGINNING + timedelta(seconds=number),
                client_msg_id=f"{chance.getrandbits(64):016x}",
            )
        )
    return messages


def make_content(chance: random.Random) -> str:
    """Return one message: on average six words."""
    length = min(60, 1 + int(chance.expovariate(1 / 6)))
    if chance.random() < 1 / 3:
        return " ".join(_with_facts(chance, ENGLISH, length))
    return "".join(word + (chance.choice(CHINESE_SIGNS)) for word in _with_facts(chance, CHINESE, length))


def _with_facts(chance: random.Random, words: Sequence[str], length: int) -> list[str]:
    instruments = list(INSTRUMENTS)
    facts = (
        lambda: chance.choice(instruments).name,
        lambda: chance.choice(instruments).code,
        lambda: f"{chance.uniform(1, 2000):.2f}",
    )
    return [chance.choice(facts)() if chance.random() < 0.15 else chance.choice(words) for _ in range(length)]


async def store(database: Database, messages: Sequence[StoredMessage]) -> float:
    """Store messages as the writer does, batch by batch; return the seconds it took."""
    repository = MessageRepository(database)
    begun = time.perf_counter()
    for start in range(0, len(messages), BATCH):
        await repository.insert(messages[start : start + BATCH])
    return time.perf_counter() - begun


async def store_in_turns(indexed: Database, plain: Database, messages: Sequence[StoredMessage]) -> list[Turn]:
    """Store everything in both databases, a part here and a part there, so that a slow minute falls on both."""
    turns = []
    for start in range(0, len(messages), TURN):
        part = messages[start : start + TURN]
        with_terms = await store(indexed, part)
        with patch("server.storage.messages.terms_of", lambda _: []):
            without = await store(plain, part)
        turns.append(Turn(with_terms, without))
    return turns


async def bytes_per_message(database: Database) -> dict[str, float]:
    """Return what each index, and the documents, take on the disk; all of it has been written there."""
    await database.client.admin.command("fsync")
    facts = await database.command("collStats", "messages")
    sizes = {"documents": facts["storageSize"], **facts["indexSizes"]}
    return {name: size / facts["count"] for name, size in sizes.items()}


async def search_milliseconds(database: Database, text: str) -> tuple[float, int]:
    """Return how long one page of a search takes in the busy conversation (median), and how many it shows."""
    search, query, times = MessageSearch(database), query_of(text), []
    for _ in range(SEARCHES):
        begun = time.perf_counter()
        found = await search.find(BUSY, Search(), query, 51)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times), min(len(found), 50)


async def report(uri: str, count: int) -> None:
    """Measure and print."""
    messages = make_messages(count)
    mongos = [await Mongo.open(uri, name) for name in ("indexed", "plain")]
    indexed, plain = (mongo.database for mongo in mongos)
    for database in (indexed, plain):
        await create_indexes(database)
    await plain["messages"].drop_index("conversation_terms")
    turns = await store_in_turns(indexed, plain, messages)
    characters = statistics.mean(len(message.content) for message in messages)
    terms = statistics.mean(len(terms_of(message.content)) for message in messages)
    print(f"{count:,} messages, on average {characters:.1f} characters and {terms:.1f} terms\n")
    print("| stored in batches of 100, majority and journal | messages/s |\n| --- | ---: |")
    for name, seconds in zip(("with search terms", "without"), map(sum, zip(*turns, strict=True)), strict=True):
        print(f"| {name} | {count / seconds:,.0f} |")
    print(f"\nSlower by (median of {len(turns)} turns): {statistics.median(a / b for a, b in turns) - 1:.0%}\n")
    sizes, plain_sizes = await bytes_per_message(indexed), await bytes_per_message(plain)
    print("| bytes on the disk, per message | with search terms | without |\n| --- | ---: | ---: |")
    for name, size in sizes.items():
        print(f"| {name} | {size:.0f} | {plain_sizes.get(name, 0):.0f} |")
    print(f"\n| query, in a conversation of {count // 2:,} | found | ms |\n| --- | ---: | ---: |")
    for text in QUERIES:
        milliseconds, found = await search_milliseconds(indexed, text)
        print(f"| {text} | {found if found < 50 else '50 and more'} | {milliseconds:.1f} |")
    for mongo in mongos:
        mongo.close()


async def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_index", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--cache", type=float, default=1.0, help="of the mongod, in GB; default: %(default)s")
    options = parser.parse_args(arguments)
    directory = Path(tempfile.mkdtemp(prefix="stock-insight-search-"))
    mongod = EmbeddedMongod(directory)
    try:
        with patch("server.storage.embedded.CACHE_GIGABYTES", options.cache):
            uri = await mongod.start()
        await report(uri, options.messages)
    finally:
        await mongod.stop()
        shutil.rmtree(directory)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
