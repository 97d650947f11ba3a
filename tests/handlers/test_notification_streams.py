from __future__ import annotations

import asyncio
import json
import random
import socket
from typing import Any

import pytest

from server.domain.notifications import Wording
from server.protocol.sse import EventStream
from server.protocol.websocket_frames import CloseCode
from server.services.notification_writer import MAX_BATCH
from server.services.notifications import MAX_IDS, Notice, Words
from tests.support.notified import ChatReader, EventReader, Reader, SocketReader
from tests.support.product_server import ProductServer
from tests.support.wire import Closed, WebSocketWire, request, until

STREAM, SOCKET = "/api/notifications/stream", "/api/ws/notifications"
CHANNELS: dict[str, Any] = {"websocket": SocketReader, "sse": EventReader, "socketio": ChatReader}


async def notify(server: ProductServer, sign_in: Any, title: str, **more: str) -> None:
    said = {"type": "system", "content": "", "link": "/", "source": "tests", **more}
    await server.community.notifications.notify([sign_in["user"]["id"]], Wording(title=title, **said))


async def stored(server: ProductServer, sign_in: Any) -> list[str]:
    """Return the ids of all of a user's notifications, the oldest first."""
    found = await server.community.stores.notifications.newest(sign_in["user"]["id"], 10_000)
    return [notification.id for notification in reversed(found)]


@pytest.mark.gen_test
async def test_the_messages_are_those_of_the_contract(timed_server: ProductServer) -> None:
    alice = await timed_server.register("alice")
    reader = await SocketReader.open(timed_server, alice)
    timed_server.advance(1)
    await notify(timed_server, alice, "Hello", content="World", link="https://example.com/a?b=c", source="me")
    shown = await reader.next_notification()
    assert shown == {
        "id": shown["id"],
        "title": "Hello",
        "content": "World",
        "type": "system",
        "link": "https://example.com/a?b=c",
        "source": "me",
        "created_at": "2026-01-05T02:00:01.000+00:00",
        "status": "unread",
    }
    assert await reader.next_of("unread_counts") == {"notifications": 1}
    reader.say({"type": "ping"})
    assert (await reader.next()).type == "pong"
    timed_server.advance(29.2)
    assert await reader.next_of("heartbeat") == {"timestamp": "2026-01-05T02:00:30.200+00:00"}


@pytest.mark.gen_test
async def test_one_publish_reaches_all_three_channels(server: ProductServer) -> None:
    alice = await server.register("alice")
    readers: list[Reader] = [await channel.open(server, alice) for channel in CHANNELS.values()]
    await notify(server, alice, "Hello")
    got = [await reader.next_notification() for reader in readers]
    assert got[0] == got[1] == got[2]


@pytest.mark.gen_test
@pytest.mark.parametrize("channel", CHANNELS)
async def test_every_stored_one_is_seen_once_and_in_order_whenever_the_client_comes_and_goes(
    server: ProductServer, channel: str
) -> None:
    alice = await server.register("alice")
    dice = random.Random(channel)
    await notify(server, alice, "first")
    [first] = await stored(server, alice)
    count = 300

    async def storm() -> None:
        for begin in range(0, count, 10):
            await asyncio.gather(*(notify(server, alice, f"{n}") for n in range(begin, begin + 10)))

    storming = asyncio.ensure_future(storm())
    seen = [first]
    while len(seen) < count + 1:
        reader: Reader = await CHANNELS[channel].open(server, alice, seen[-1])
        for _ in range(dice.randint(1, 80)):
            if len(seen) == count + 1:
                break
            seen.append((await reader.next_notification())["id"])
        reader.leave()
    await storming
    assert seen == await stored(server, alice)


@pytest.mark.gen_test
async def test_what_another_process_stores_is_fetched_with_the_next_news(server: ProductServer) -> None:
    alice = await server.register("alice")
    reader = await SocketReader.open(server, alice)
    await notify(server, alice, "here")
    assert (await reader.next_notification())["title"] == "here"
    hidden = server.community.notification_writer
    quietly, hidden._publish = hidden._publish, lambda stored: None  # type: ignore[method-assign]
    await notify(server, alice, "elsewhere")
    hidden._publish = quietly  # type: ignore[method-assign]
    await notify(server, alice, "here again")
    assert [(await reader.next_notification())["title"] for _ in range(2)] == ["elsewhere", "here again"]


@pytest.mark.gen_test
@pytest.mark.parametrize("channel", ["websocket", "sse"])
async def test_who_was_away_gets_it_at_the_next_connection(server: ProductServer, channel: str) -> None:
    alice = await server.register("alice")
    await notify(server, alice, "while away")
    first: Reader = await CHANNELS[channel].open(server, alice)
    assert (await first.next_notification())["title"] == "while away"
    await notify(server, alice, "while here")
    assert (await first.next_notification())["title"] == "while here"
    await server.community.counts.close()
    second: Reader = await CHANNELS[channel].open(server, alice)
    await notify(server, alice, "news")
    assert (await second.next_notification())["title"] == "news"


@pytest.mark.gen_test
async def test_one_too_many_closes_the_oldest_whatever_it_speaks(server: ProductServer) -> None:
    alice, bob = await server.register("alice"), await server.register("bob")
    events = await EventReader.open(server, alice)
    assert (await events.next()).type == "connected"
    sockets = [await SocketReader.open(server, alice) for _ in range(2)]
    others = await SocketReader.open(server, bob)
    sockets.append(await SocketReader.open(server, alice))
    reason = "at most 3 connections of one user"
    assert await events.next_of("closed") == {"code": 4008, "reason": reason}
    assert await events.wire.ended() == b""
    fourth = await EventReader.open(server, alice)
    assert (await fourth.next()).type == "connected"
    assert await sockets[0].wire.closed() == Closed(4008, reason)
    operator = await server.operator()
    answer = await server.call("GET", "/api/ws/stats", token=operator["access_token"])
    assert answer.json == {"total_users": 2, "total_connections": 4, "users": {"alice": 3, "bob": 1}}
    others.leave()
    await until(lambda: server.services.notification_streams.by_username() == {"alice": 3})


@pytest.mark.gen_test
async def test_a_token_that_expires_a_logout_and_a_ban_end_streams(timed_server: ProductServer) -> None:
    server = timed_server
    streams = server.services.notification_streams

    async def both(sign_in: Any) -> tuple[SocketReader, EventReader]:
        events = await EventReader.open(server, sign_in)
        assert (await events.next()).type == "connected"
        return await SocketReader.open(server, sign_in), events

    async def cut(socket: SocketReader, events: EventReader, reason: str) -> None:
        assert await socket.wire.closed() == Closed(4401, reason)
        assert await events.next_of("closed") == {"code": 4401, "reason": reason}
        assert await events.wire.ended() == b""
        assert streams.by_username() == {}

    alice = await server.register("alice")
    opened = await both(alice)
    await server.community.accounts.logout(server.community.tokens.verify(alice["access_token"]).session_id)
    await cut(*opened, "signed out")
    bob = await server.register("bob")
    opened = await both(bob)
    await server.community.moderation.ban(bob["user"]["id"], "spam")
    await cut(*opened, "signed out")
    carol = await server.register("carol")
    opened = await both(carol)
    server.advance(29 * 60)
    assert streams.by_username() == {"carol": 2}
    server.advance(60)
    await cut(*opened, "token expired")


@pytest.mark.gen_test
async def test_nothing_is_sent_without_a_token_or_to_a_foreign_page(server: ProductServer) -> None:
    alice = await server.register("alice")
    for query in ("", "?token=", "?token=nonsense"):
        wire = await WebSocketWire.connect(server.port, SOCKET + query)
        frame = await wire.frame()
        assert int.from_bytes(frame.payload[:2], "big") == CloseCode.UNAUTHORIZED
        answer = await request(server.port, "GET", STREAM + query)
        assert (answer.status, answer.json()["data"]) == (401, {"error": "unauthorized"})
    head = await server.fetch(f"{STREAM}?token={alice['access_token']}", "HEAD")
    assert head.code == 405
    for path in (STREAM, SOCKET):
        own = f"{path}?token={alice['access_token']}"
        foreign = await request(server.port, "GET", own, {"Origin": "http://evil.example"})
        assert (foreign.status, foreign.json()["code"]) == (403, 4)
        odd = await request(server.port, "GET", f"{own}&after=nonsense")
        assert odd.status == 400
    assert server.services.notification_streams.by_username() == {}


@pytest.mark.gen_test
async def test_an_event_stream_passes_proxies_and_shows_that_it_lives(timed_server: ProductServer) -> None:
    alice = await timed_server.register("alice")
    reader = await EventReader.open(timed_server, alice, headers={"Origin": "http://allowed.example"})
    assert reader.head["content-type"] == "text/event-stream; charset=utf-8"
    assert reader.head["cache-control"] == "no-cache, no-transform"
    assert reader.head["x-accel-buffering"] == "no"
    assert reader.head["access-control-allow-origin"] == "http://allowed.example"
    await reader.next()
    for _ in range(2):
        timed_server.advance(15.2)
    await notify(timed_server, alice, "Hello")
    await reader.next_notification()
    assert reader.comments == 2


@pytest.mark.gen_test
async def test_who_does_not_read_is_closed_and_goes_on_where_it_was(timed_server: ProductServer) -> None:
    server = timed_server
    alice = await server.register("alice")
    streams = server.services.notification_streams
    slow = await EventReader.open(server, alice)
    await slow.next()
    await until(lambda: not server.community.counts._touched)
    slow.wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
    written = 0
    many = [Notice(alice["user"]["id"], lambda _: Words("Hello", "x" * 5000), "system", "/", "tests")] * MAX_BATCH
    while streams.by_username():
        written += await server.community.notifications.announce(many)
        assert written < 20_000
    assert server.runtime.metrics.slow_consumer_closes == 1
    slow.leave()
    again = await EventReader.open(server, alice, (await stored(server, alice))[-2])
    assert (await again.next_notification())["id"] == (await stored(server, alice))[-1]


@pytest.mark.gen_test
async def test_a_peer_that_has_vanished_is_let_go(timed_server: ProductServer) -> None:
    alice = await timed_server.register("alice")
    streams = timed_server.services.notification_streams
    epoll: Any = timed_server.runtime.connections.epoll
    silent = await SocketReader.open(timed_server, alice)  # its TCP lives, and answers no ping
    reset = await EventReader.open(timed_server, alice)
    await reset.next()
    [sse] = [one for one in epoll.connections.values() if isinstance(getattr(one, "_reader", None), EventStream)]
    assert sse._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    reset.wire.reset()
    await until(lambda: streams.by_username() == {"alice": 1})
    timed_server.advance(30.2)
    assert streams.by_username() == {"alice": 1}
    timed_server.advance(30.2)
    assert streams.by_username() == {}
    silent.leave()


@pytest.mark.gen_test
async def test_what_is_read_on_one_device_is_read_on_all(server: ProductServer) -> None:
    alice = await server.register("alice")
    here, there = await SocketReader.open(server, alice), await EventReader.open(server, alice)
    await notify(server, alice, "one")
    await notify(server, alice, "two")
    ids = [(await here.next_notification())["id"] for _ in range(2)]
    here.say({"type": "mark_read", "ids": [ids[0], "nonsense", "f" * 24]})
    assert await there.next_of("notifications_read") == {"ids": [ids[0]]}
    while (await there.next_of("unread_counts"))["notifications"] != 1:
        pass
    token = alice["access_token"]
    await notify(server, alice, "three")
    read_all = "/api/notifications/read_all"
    assert (await server.call("POST", f"{read_all}?through={ids[1]}", token=token)).data == {"marked": 1}
    assert (await server.call("POST", f"{read_all}?through=nonsense", token=token)).status == 400
    assert await there.next_of("notifications_read") == {"through": ids[1]}
    [three] = (await server.call("GET", "/api/notifications?limit=1", token=token)).data["notifications"]
    assert (three["title"], three["status"]) == ("three", "unread")
    assert (await server.call("POST", read_all, token=token)).data == {"marked": 1}
    assert await there.next_of("notifications_read") == {"through": three["id"]}
    assert (await server.call("DELETE", f"/api/notifications/{ids[1]}", token=token)).status == 200
    assert await there.next_of("notifications_removed") == {"ids": [ids[1]]}


@pytest.mark.gen_test
async def test_bad_messages_are_answered_and_change_nothing(timed_server: ProductServer) -> None:
    alice = await timed_server.register("alice")
    reader = await SocketReader.open(timed_server, alice)
    odd: list[Any] = [
        "x",
        [],
        {},
        {"type": "pong"},
        {"type": "mark_read"},
        {"type": "mark_read", "ids": [1]},
        {"type": "mark_read", "ids": ["x"] * (MAX_IDS + 1)},
        {"type": "resume", "after": "nonsense"},
        {"type": "resume", "after": None},
    ]
    for message in odd:
        reader.say(message)
        assert (await reader.next_of("error"))["error"] == "invalid_input", message
    reader.wire.send_binary(b"\xff")
    assert (await reader.next_of("error"))["error"] == "invalid_input"
    reader.wire.send_text(*[json.dumps({"type": "ping"})] * 100)
    assert (await reader.next_of("error"))["error"] == "rate_limited"


@pytest.mark.gen_test
async def test_going_on_behind_the_end_misses_nothing(server: ProductServer) -> None:
    alice = await server.register("alice")
    reader = await SocketReader.open(server, alice, "f" * 24)
    streams = server.services.notification_streams
    assert streams.by_username() == {"alice": 1}
    await notify(server, alice, "Hello")
    assert (await reader.next_notification())["title"] == "Hello"
