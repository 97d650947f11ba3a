"""Members, conversations and a history, put into the database past the server."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from server.auth.keys import TokenKeys, secret_key
from server.auth.tokens import AccessTokens
from server.clock import SystemClock
from server.domain.messages import StoredMessage
from server.domain.users import LoginSession, User
from server.storage.documents import Database, Document, new_id
from server.storage.mongo import Mongo
from server.storage.repositories import Repositories

DATABASE_NAME = "stock_insight"
MESSAGES_PER_INSERT = 2000
INSERTS_AT_ONCE = 3
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

    def __init__(self, database: Database, jwt_secret: bytes) -> None:
        self._database = database
        self._stores = Repositories(database)
        self._tokens = AccessTokens(TokenKeys([secret_key(jwt_secret)]), SystemClock(), lifetime_seconds=86_400)
        self._rng = Random(1)  # noqa: S311 - the same in every run

    @classmethod
    @asynccontextmanager
    async def open(cls, mongodb_uri: str, jwt_secret: bytes) -> AsyncIterator[Population]:
        """Connect to a server's database while the block lasts."""
        mongo = await Mongo.open(mongodb_uri, DATABASE_NAME)
        try:
            yield cls(mongo.database, jwt_secret)
        finally:
            mongo.close()

    async def members(self, count: int, prefix: str) -> list[Signed]:
        """Make accounts that are signed in."""
        made: list[Signed] = []
        numbers = iter(range(count))
        while some := list(itertools.islice(numbers, USERS_AT_ONCE)):
            made += await asyncio.gather(*(self._member(f"{prefix}{number}") for number in some))
        return made

    async def _member(self, username: str) -> Signed:
        now = SystemClock().now()
        user = await self._stores.users.add(username, username.capitalize(), "no password", now)
        session = LoginSession(new_id(), user.id, now + timedelta(days=1))
        await self._stores.login_sessions.add(session, f"family {user.id}", f"nonce {user.id}", now)
        return Signed(user, self._tokens.issue(user, session.id))

    async def group(self, members: Sequence[Signed]) -> str:
        """Make a conversation of these members; return its id."""
        ids = [member.user.id for member in members]
        now = SystemClock().now()
        pairs = [(ids[0], other) for other in ids[1:]]
        await asyncio.gather(*(self._stores.friendships.befriend(one, other, now) for one, other in pairs))
        conversation: Document = {
            "_id": new_id(),
            "kind": "group",
            "members": ids,
            "created_at": now,
            "active_at": now,
            "last_seq": 0,
            "revision": 0,
            "read": {},
            "delivered": {},
        }
        await self._database["conversations"].insert_one(conversation)
        return str(conversation["_id"])

    async def fill(self, shelves: Sequence[Shelf], senders: Sequence[Signed]) -> AsyncIterator[int]:
        """Store a history in each conversation; yields how many messages are there."""
        done = 0
        batches = self._batches(shelves, senders)
        while some := list(itertools.islice(batches, INSERTS_AT_ONCE)):
            await asyncio.gather(*map(self._stores.messages.insert, some))
            done += sum(map(len, some))
            yield done
        for shelf in shelves:
            await self._database["conversations"].update_one(
                {"_id": shelf.conversation_id}, {"$set": {"last_seq": shelf.messages, "revision": shelf.messages}}
            )

    def _batches(self, shelves: Sequence[Shelf], senders: Sequence[Signed]) -> Iterator[list[StoredMessage]]:
        for shelf in shelves:
            seqs = iter(range(1, shelf.messages + 1))
            while some := list(itertools.islice(seqs, MESSAGES_PER_INSERT)):
                yield [self._message(shelf.conversation_id, seq, self._rng.choice(senders)) for seq in some]

    def _message(self, conversation_id: str, seq: int, sender: Signed) -> StoredMessage:
        return StoredMessage(
            id=new_id(),
            conversation_id=conversation_id,
            seq=seq,
            sender_id=sender.user.id,
            type="text",
            content=draw_text(self._rng),
            created_at=BEGUN + timedelta(seconds=seq),
        )
