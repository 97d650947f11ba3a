"""Members and a history, put into the database past the server, and groups that the server makes of members."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from pymongo import WriteConcern
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from benchmarks.site import Site, WrongAnswerError
from server.auth.keys import TokenKeys, secret_key
from server.auth.tokens import AccessTokens
from server.clock import SystemClock
from server.domain.messages import StoredMessage
from server.domain.users import LoginSession, User
from server.storage.documents import Document, new_id
from server.storage.indexes import create_indexes
from server.storage.messages import document_of
from server.storage.mongo import Mongo
from server.storage.repositories import Repositories

DATABASE_NAME = "stock_insight"
CACHE = "1G"
"""What the database keeps in memory of a million messages and their indexes."""

TEXTS = 20_000
"""How many different messages there are."""

MESSAGES_PER_INSERT = 5000
INSERTS_AT_ONCE = 2
GROUP_SECONDS = 60.0
USERS_AT_ONCE = 50
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
CHINESE = (
    "今天大盘走势怎么样",
    "贵州茅台又涨了两个点",
    "我觉得可以再等等",
    "成交量明显放大",
    "北向资金净流入",
    "止损位设在哪里",
    "明天开盘再看",
    "谢谢分享",
)
ENGLISH = (
    "looks like a breakout",
    "volume is up again",
    "I would wait for the close",
    "the moving average holds",
    "what is your target",
    "bought some more today",
    "earnings are on Thursday",
    "ok",
)


class Signed(NamedTuple):
    """A member with an access token."""

    user: User
    token: str


class Shelf(NamedTuple):
    """A conversation that holds a history: its id and how many messages."""

    conversation_id: str
    messages: int


def draw_text(rng: Random) -> str:
    """Return a message as people write them: two in three Chinese, short ones most."""
    words = CHINESE if rng.random() < 2 / 3 else ENGLISH
    return "，".join(rng.choices(words, k=min(8, 1 + int(rng.expovariate(0.8)))))


class Population:
    """Fills the database of a server."""

    def __init__(self, mongo: Mongo, site: Site) -> None:
        self._database = mongo.database
        self._port = site.port
        self._stores = Repositories(mongo.database)
        self._tokens = AccessTokens(TokenKeys([secret_key(site.jwt_secret)]), SystemClock(), lifetime_seconds=86_400)
        self._rng = Random(1)  # noqa: S311 - the same in every run

    @classmethod
    @asynccontextmanager
    async def open(cls, site: Site) -> AsyncIterator[Population]:
        """Connect to a server's database while the block lasts."""
        mongo = await Mongo.open(site.mongodb_uri, DATABASE_NAME)
        try:
            yield cls(mongo, site)
        finally:
            mongo.close()

    async def members(self, count: int, prefix: str) -> list[Signed]:
        """Make accounts that are signed in."""
        made: list[Signed] = []
        numbers = iter(range(count))
        while some := list(itertools.islice(numbers, USERS_AT_ONCE)):
            made += await asyncio.gather(*(self._member(f"{prefix}{number}") for number in some))
        return made

    async def operator(self, username: str) -> str:
        """Make an operator's account; return its access token."""
        user, token = await self._member(username)
        await self._stores.users.promote(user.id)
        return token

    async def _member(self, username: str) -> Signed:
        now = SystemClock().now()
        user = await self._stores.users.add(username, username.capitalize(), "no password", now)
        session = LoginSession(new_id(), user.id, now + timedelta(days=1))
        await self._stores.login_sessions.add(session, f"family {user.id}", f"nonce {user.id}", now)
        return Signed(user, self._tokens.issue(user, session.id))

    async def group(self, members: Sequence[Signed]) -> str:
        """Let the first member make friends of the others and a group of them all; return its id."""
        ids = [member.user.id for member in members]
        now = SystemClock().now()
        pairs = [(ids[0], other) for other in ids[1:]]
        await asyncio.gather(*(self._stores.friendships.befriend(one, other, now) for one, other in pairs))
        request = HTTPRequest(
            f"http://127.0.0.1:{self._port}/api/conversations",
            "POST",
            {"Authorization": f"Bearer {members[0].token}"},
            json.dumps({"name": "group", "members": ids[1:]}),
            request_timeout=GROUP_SECONDS,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        if response.code != 201:
            raise WrongAnswerError(f"a group of {len(ids)} was answered {response.code} {response.body[:200]!r}")
        return str(json.loads(response.body)["data"]["conversation"]["id"])

    async def fill(self, shelves: Sequence[Shelf], senders: Sequence[Signed]) -> AsyncIterator[int]:
        """Store a history in each conversation, whose first message says who made it; yields how many are there.

        They are stored without waiting for the journal, and indexed when all of them are there.
        """
        await self._database.client.admin.command(
            "setParameter", 1, wiredTigerEngineRuntimeConfig=f"cache_size={CACHE}"
        )
        messages = self._database["messages"].with_options(write_concern=WriteConcern(w=1, j=False))
        await messages.drop_indexes()
        done = 0
        batches = self._batches(shelves, senders)
        while some := list(itertools.islice(batches, INSERTS_AT_ONCE)):
            await asyncio.gather(*(messages.insert_many(batch, ordered=False) for batch in some))
            done += sum(map(len, some))
            yield done
        await create_indexes(self._database)
        for shelf in shelves:
            last = 1 + shelf.messages
            await self._database["conversations"].update_one(
                {"_id": shelf.conversation_id}, {"$set": {"last_seq": last, "revision": last}}
            )

    def _batches(self, shelves: Sequence[Shelf], senders: Sequence[Signed]) -> Iterator[list[Document]]:
        texts = [self._text() for _ in range(TEXTS)]
        for shelf in shelves:
            seqs = iter(range(2, 2 + shelf.messages))
            while some := list(itertools.islice(seqs, MESSAGES_PER_INSERT)):
                yield [
                    self._rng.choice(texts)
                    | {
                        "_id": new_id(),
                        "conversation_id": shelf.conversation_id,
                        "seq": seq,
                        "sender_id": self._rng.choice(senders).user.id,
                        "created_at": BEGUN + timedelta(seconds=seq),
                    }
                    for seq in some
                ]

    def _text(self) -> Document:
        """Return a message as the server stores it, but for what is each message's own."""
        return document_of(StoredMessage("", "", 0, "", "text", draw_text(self._rng), BEGUN))
