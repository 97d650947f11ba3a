"""Mutated frames, posts and requests: the server serves on, and nothing is left behind."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.support import frames
from tests.support.engineio import SOCKET_PATH, Polling, ProtocolServer, payload
from tests.support.hammering import POLLING, TARGET, assert_healthy, assert_nothing_is_left
from tests.support.mutation import mutate
from tests.support.wire import WebSocketWire, Wire

VALID = [
    frames.text("40"),
    frames.text("40/custom,"),
    frames.text('40{"token":"x"}'),
    frames.text("41"),
    frames.text("3"),
    frames.text("2probe"),
    frames.text("5"),
    frames.text("6"),
    frames.text('42["message",1,{"a":[null,"\\ud800"]}]'),
    frames.text('4212["message-with-ack","é😀"]'),
    frames.text('42/custom,["message"]'),
    frames.text('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'),
    frames.text('461-5[{"_placeholder":true,"num":0}]'),
    frames.text('430["ack"]'),
    frames.binary(b"\x00\x01\x02"),
    frames.binary(b""),
    frames.client_frame(1, b"42[", final=False) + frames.client_frame(0, b'"message"]'),
    frames.client_frame(9, b"ping"),
    frames.client_frame(10),
    frames.close(1000, b"bye"),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.gen_test
async def test_mutated_frames(server: ProtocolServer, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        sid = ""
        if chance.random() < 0.2:
            sid = f"&sid={(await Polling.open(server, SOCKET_PATH)).sid}"
        wire = await WebSocketWire.connect(server.port, TARGET + sid)
        if chance.random() < 0.7:
            wire.send(frames.text("40"))
        for _ in range(chance.randrange(1, 12)):
            wire.send(mutate(chance, chance.choice(VALID), VALID))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        if chance.random() < 0.3:
            wire.reset()
        elif chance.random() < 0.5:
            wire.close()
    await assert_healthy(server)
    await assert_nothing_is_left(server)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.gen_test
async def test_mutated_posts(server: ProtocolServer, seed: int) -> None:
    chance = random.Random(seed)
    packets = [
        "40",
        "41",
        "3",
        "6",
        '42["message",1]',
        "bAQID",
        '451-["message",{"_placeholder":true,"num":0}]',
        "40/custom,",
    ]
    for _ in range(40):
        client = await Polling.open(server, SOCKET_PATH)
        for _ in range(chance.randrange(1, 4)):
            body = payload("40", *chance.choices(packets, k=chance.randrange(1, 6)))
            answer = await client.post_bytes(mutate(chance, body, VALID))
            assert answer.status in (200, 400)
            if chance.random() < 0.3:
                await client.begin_poll()
    await assert_healthy(server)
    await assert_nothing_is_left(server)


REQUESTS = [
    f"GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    f"GET {TARGET} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n".encode()
    + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    f"POST {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n40".encode(),
    f"POST {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n40\r\n0\r\n\r\n".encode(),
    f"OPTIONS {POLLING} HTTP/1.1\r\nHost: x\r\nOrigin: http://a.example\r\n\r\n".encode(),
    f"GET {POLLING}&sid=SID HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
]


@pytest.mark.gen_test
async def test_mutated_requests(server: ProtocolServer) -> None:
    chance = random.Random(11)
    for _ in range(150):
        sid = (await Polling.open(server, SOCKET_PATH)).sid
        wire = await Wire.open(server.port)
        wire.send(mutate(chance, chance.choice(REQUESTS).replace(b"SID", sid.encode()), VALID))
        if chance.random() < 0.5:
            await asyncio.sleep(0)
            wire.close()
    await assert_healthy(server)
    await assert_nothing_is_left(server)
