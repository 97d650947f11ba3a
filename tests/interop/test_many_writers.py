"""Many write at once over every transport, their connections are cut all the time, and nobody misses anything."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

import pytest
from tornado.ioloop import IOLoop

from server.storage.documents import Database
from tests.support.chatters import Chatter, Request
from tests.support.product_server import ProductServer
from tests.support.wire import close_wires

MEMBERS, CONVERSATIONS, MESSAGES = 50, 20, 10_000
SMALLEST, LARGEST = 4, 12
"""How many take part in a conversation."""
EDITED_SHARE = 0.1
BELL = "that is all"
"""The last message of every conversation, written when nothing else is under way any more."""

LIMIT_SECONDS = 300
"""A quiet machine of two cores needs about thirty."""


class Settled(NamedTuple):
    """Who there is, as they are signed in, and who of them is in which conversation, by id and number."""

    members: Sequence[Any]
    conversations: dict[str, list[int]]


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database, in_front=True)

    async def stop(server: ProductServer) -> None:
        await close_wires()
        await server.stop()

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(lambda: stop(started))


async def befriend(server: ProductServer, one: Any, other: Any) -> None:
    """Let one ask the other, who accepts, unless they are friends already."""
    wanted = {"username": other["user"]["username"]}
    asked = await server.call("POST", "/api/friends/requests", wanted, one["access_token"])
    if asked.status == 201:
        path = f"/api/friends/requests/{asked.data['id']}/accept"
        assert (await server.call("POST", path, token=other["access_token"])).status == 200
    else:
        assert asked.data == {"error": "conflict"}


async def found_group(server: ProductServer, founder: Any, others: Sequence[Any]) -> str:
    """Let somebody who is signed in make a group with others; return its id."""
    for other in others:
        await befriend(server, founder, other)
    body = {"name": "group", "members": [other["user"]["id"] for other in others]}
    made = await server.call("POST", "/api/conversations", body, founder["access_token"])
    assert made.status == 201, made.json
    return str(made.data["conversation"]["id"])


def draw_letters(rng: Random, conversations: dict[str, list[int]]) -> list[list[Request]]:
    """Return what each member writes, in order."""
    letters: list[list[Request]] = [[] for _ in range(MEMBERS)]
    names = list(conversations)
    for number in range(MESSAGES):
        conversation_id = rng.choice(names)
        writer = rng.choice(conversations[conversation_id])
        content = f"{writer} writes {len(letters[writer])} 你好"
        payload = {"conversation_id": conversation_id, "content": content, "client_msg_id": f"{number}"}
        correction = f"{content}, corrected" if rng.random() < EDITED_SHARE else ""
        letters[writer].append(Request("send_message", payload, correction))
    return letters


def count_messages(letters: list[list[Request]]) -> dict[str, int]:
    """Return how many messages each conversation has in the end; the first tells of its making."""
    letters_in = Counter(letter.payload["conversation_id"] for own in letters for letter in own)
    return {conversation_id: 1 + count + 1 for conversation_id, count in letters_in.items()}


async def ring(server: ProductServer, settled: Settled) -> None:
    """Let the founder of each conversation write its last message."""
    for conversation_id, inside in settled.conversations.items():
        founder = await server.chat(settled.members[inside[0]])
        ack = await founder.ask("send_message", {"conversation_id": conversation_id, "content": BELL})
        assert ack["ok"], ack


def told(message: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a message, as a member got it, says of itself."""
    client_msg_id, edited = message.get("client_msg_id"), "edited_at" in message
    return message["seq"], message["id"], message["sender"]["id"], client_msg_id, message["content"], edited


async def stored(database: Database, conversation_id: str) -> list[tuple[Any, ...]]:
    """Return the same of every message in the database."""
    cursor = database["messages"].find({"conversation_id": conversation_id}).sort("seq", 1)
    fields = ("seq", "_id", "sender_id", "client_msg_id", "content")
    return [(*(one.get(field) for field in fields), "edited_at" in one) async for one in cursor]


def written(letters: list[Request], conversation_id: str) -> list[tuple[str, str]]:
    """Return what one writes into a conversation, in order, with the content it has in the end."""
    return [
        (letter.payload["client_msg_id"], letter.correction or letter.payload["content"])
        for letter in letters
        if letter.payload["conversation_id"] == conversation_id
    ]


async def settle(server: ProductServer, rng: Random) -> Settled:
    """Sign everyone in and make the conversations, whose members overlap."""
    members = await asyncio.gather(*(server.register(f"member{number}") for number in range(MEMBERS)))
    conversations: dict[str, list[int]] = {}
    for founder in range(CONVERSATIONS):  # each another one: what may be asked of others at once is limited
        strangers = [number for number in range(MEMBERS) if number != founder]
        inside = [founder, *rng.sample(strangers, rng.randint(SMALLEST, LARGEST) - 1)]
        conversations[await found_group(server, members[founder], [members[one] for one in inside[1:]])] = inside
    return Settled(members, conversations)


@pytest.mark.gen_test(timeout=LIMIT_SECONDS)
async def test_everyone_gets_everything_once_and_in_order(server: ProductServer, database: Database) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown when it fails
    rng = Random(seed)
    members, conversations = settled = await settle(server, rng)
    letters = draw_letters(rng, conversations)
    counts = count_messages(letters)
    chatters = [
        Chatter(
            server.port,
            member["access_token"],
            letters[number],
            {one: counts[one] for one, inside in conversations.items() if number in inside},
            Random(rng.getrandbits(32)),
        )
        for number, member in enumerate(members)
    ]

    async with asyncio.TaskGroup() as group:
        for chatter in chatters:
            group.create_task(chatter.run())
        for chatter in chatters:
            await chatter.written.wait()
        await ring(server, settled)

    assert sum(chatter.connections for chatter in chatters) > 3 * MEMBERS
    assert sum(chatter.sent_again for chatter in chatters) > 3 * MEMBERS
    for conversation_id, inside in conversations.items():
        truth = await stored(database, conversation_id)
        assert [one[0] for one in truth] == list(range(1, counts[conversation_id] + 1))
        for number in inside:
            assert [told(message) for message in chatters[number].received[conversation_id]] == truth
            own = [(one[3], one[4]) for one in truth if one[2] == members[number]["user"]["id"] and one[3]]
            assert own == written(letters[number], conversation_id)
