from __future__ import annotations

from collections.abc import Iterator

import pytest
from tornado.ioloop import IOLoop

from server.domain.conversations import Conversation
from server.realtime.publication import Publication
from server.storage.documents import Database
from tests.support.clock import FakeClock
from tests.support.product_server import ChatClient, ProductServer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(io_loop: IOLoop, database: Database, clock: FakeClock) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database, clock)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


def pass_time(server: ProductServer, clock: FakeClock, seconds: float) -> None:
    clock.advance(seconds)
    server.runtime.deadlines.run_due()


async def silent(client: ChatClient) -> None:
    await client.ask("ping")
    await client.next("pong")
    assert client.events.empty()


async def talk(server: ProductServer) -> tuple[ChatClient, ChatClient, ChatClient, str, str]:
    """Return two clients of alice's and one of bob's, all in their conversation, its id and alice's."""
    alice, bob = await server.friends()
    a, a2, b = await server.chat(alice), await server.chat(alice), await server.chat(bob)
    for client, friend in ((a, bob), (a2, bob), (b, alice)):
        joined = await client.ask("join_chat", {"friend_id": friend["user"]["id"]})
    return a, a2, b, joined["conversation"]["id"], alice["user"]["id"]


@pytest.mark.gen_test
async def test_the_other_hears_who_types_until_it_ends(server: ProductServer, clock: FakeClock) -> None:
    a, a2, b, conversation_id, alice_id = await talk(server)
    for is_typing in (True, False):
        assert await a.ask("typing", {"conversation_id": conversation_id, "is_typing": is_typing}) == {"ok": True}
        told = {"conversation_id": conversation_id, "user_id": alice_id, "is_typing": is_typing}
        assert await b.next("typing") == told
    assert await a.ask("typing", {"conversation_id": conversation_id, "is_typing": False}) == {"ok": True}
    pass_time(server, clock, 10)
    for client in (a, a2, b):
        await silent(client)


@pytest.mark.gen_test
async def test_typing_ends_by_itself_unless_it_goes_on(server: ProductServer, clock: FakeClock) -> None:
    a, _, b, conversation_id, _ = await talk(server)
    for _ in range(3):
        await a.ask("typing", {"conversation_id": conversation_id, "is_typing": True})
        assert (await b.next("typing"))["is_typing"] is True
        pass_time(server, clock, 4)
        await silent(b)
    await a.close()
    pass_time(server, clock, 1.3)
    assert (await b.next("typing"))["is_typing"] is False
    pass_time(server, clock, 10)
    await silent(b)


@pytest.mark.gen_test
async def test_a_client_that_is_behind_misses_it(server: ProductServer, monkeypatch: pytest.MonkeyPatch) -> None:
    a, _, b, conversation_id, _ = await talk(server)
    published: list[Publication] = []
    deliver = server.runtime.hub.deliver

    def record(publication: Publication, members: object) -> None:
        published.append(publication)
        deliver(publication, members)  # type: ignore[arg-type]

    monkeypatch.setattr(server.runtime.hub, "deliver", record)
    for is_typing in (True, False):
        await a.ask("typing", {"conversation_id": conversation_id, "is_typing": is_typing})
        await b.next("typing")
    assert [(one.event, one.must_arrive) for one in published] == [("typing", False)] * 2


@pytest.mark.gen_test
async def test_who_may_not_write_does_not_type(server: ProductServer) -> None:
    a, _, b, conversation_id, _ = await talk(server)
    c = await server.chat(await server.register("carol"))
    refusals = [
        await c.ask("typing", {"conversation_id": target, "is_typing": is_typing})
        for target in (conversation_id, "0" * 24, "x")
        for is_typing in (True, False)
    ]
    assert refusals == [refusals[0]] * 6
    assert refusals[0]["error"]["code"] == "not_found"
    await server.community.database["relations"].delete_many({})
    refused = await a.ask("typing", {"conversation_id": conversation_id, "is_typing": True})
    assert refused["error"]["code"] == "not_friends"
    await silent(b)


@pytest.mark.gen_test
async def test_typing_is_limited(server: ProductServer) -> None:
    a = (await talk(server))[0]
    answers = [await a.ask("typing", {"conversation_id": "x", "is_typing": True}) for _ in range(41)]
    assert [answer["error"]["code"] for answer in answers] == ["not_found"] * 40 + ["rate_limited"]


@pytest.mark.gen_test
async def test_each_keystroke_costs_no_query(
    server: ProductServer, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, _, b, conversation_id, _ = await talk(server)
    service = server.community.conversations
    asked: list[str] = []
    get = service.get

    async def count(user_id: str, conversation_id: str) -> Conversation:
        asked.append(conversation_id)
        return await get(user_id, conversation_id)

    monkeypatch.setattr(service, "get", count)
    for _ in range(5):
        for _ in range(3):
            await a.ask("typing", {"conversation_id": conversation_id, "is_typing": True})
            assert (await b.next("typing"))["is_typing"] is True
        pass_time(server, clock, 2)
    assert len(asked) == 2  # once in five seconds of typing
    await a.ask("typing", {"conversation_id": conversation_id, "is_typing": False})
    assert len(asked) == 2
    await server.community.database["relations"].delete_many({})
    pass_time(server, clock, 5)
    refused = await a.ask("typing", {"conversation_id": conversation_id, "is_typing": True})
    assert refused["error"]["code"] == "not_friends"
