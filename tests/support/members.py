"""Clients of one namespace with the server's socket of each."""

from __future__ import annotations

import json
from typing import Any

from server.realtime.sockets import Socket
from tests.support import frames
from tests.support.engineio import SOCKET_PATH, ProtocolServer
from tests.support.engineio import Socket as Client


async def connect(server: ProtocolServer, *namespaces: str, auth: str = "") -> Client:
    """Connect a client to ``namespaces``, none of which emits anything; the answers have been read."""
    client = await Client.start(server, SOCKET_PATH)
    for namespace in namespaces or ("/",):
        prefix = "40" if namespace == "/" else f"40{namespace},"
        client.send_text(prefix + auth)
        answer = await client.text()
        assert answer.startswith(f'{prefix}{{"sid":'), answer
    return client


async def join(server: ProtocolServer, namespace: str = "/") -> tuple[Client, Socket]:
    """Connect a client; return it and its socket."""
    client = await Client.start(server, SOCKET_PATH)
    prefix = "40" if namespace == "/" else f"40{namespace},"
    client.send_text(prefix)
    answer = await client.text()
    assert answer.startswith(prefix), answer
    return client, server.sio.namespace(namespace).sockets[json.loads(answer[len(prefix) :])["sid"]]


Pair = tuple[Client, Socket]


async def crowd(server: ProtocolServer, count: int, room: str = "room") -> list[Pair]:
    """Connect so many clients, all in ``room``."""
    members = [await join(server) for _ in range(count)]
    for _, socket in members:
        socket.join(room)
    return members


async def events(client: Client, count: int) -> list[Any]:
    """Return the payloads of the next events of ``/``."""
    received = [await client.text() for _ in range(count)]
    assert all(packet.startswith("42[") for packet in received), received
    return [json.loads(packet[2:]) for packet in received]


async def silent(client: Client) -> None:
    """Check that all it sent has been taken, and that it was sent nothing that was not read."""
    client.send(frames.client_frame(9, b"silence"))
    assert await client.frame() == (0x8A, b"silence")
