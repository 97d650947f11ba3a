"""A raw client of the price stream that keeps all it is sent."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from tornado.websocket import WebSocketClientConnection, websocket_connect

PATIENCE_SECONDS = 30.0


class RawPriceClient:
    """Counts every message of both directions."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self._connection = connection
        self.got: list[Any] = []
        self.said = 0

    @classmethod
    async def connect(cls, port: int, query: str = "") -> Self:
        """Connect and take the greeting."""
        client = cls(await websocket_connect(f"ws://127.0.0.1:{port}/ws/stock/prices{query}"))
        assert (await client.next())["type"] == "connected"
        return client

    async def next(self) -> Any:
        """Return the next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self._connection.read_message()
        assert message is not None
        self.got.append(json.loads(message))
        return self.got[-1]

    async def say(self, **message: str) -> None:
        self.said += 1
        await self._connection.write_message(json.dumps(message))

    async def subscribe(self, subscription_type: str, target: str) -> Any:
        """Subscribe; return the present quotes."""
        await self.say(type="subscribe", subscription_type=subscription_type, target=target)
        assert (await self.next())["type"] == "subscribed"
        return await self.next()

    async def until_pong(self) -> list[Any]:
        """Return all that was sent before the answer to a ping."""
        await self.say(type="ping")
        before = len(self.got)
        while (await self.next())["type"] != "pong":
            pass
        return self.got[before:-1]

    async def close(self) -> None:
        self._connection.close()
        await self._read_to_the_end()

    async def cut(self) -> None:
        """Vanish without a close frame."""
        assert self._connection.protocol is not None
        stream = self._connection.protocol.stream
        assert stream is not None
        stream.close()
        await self._read_to_the_end()
        self._connection.close()

    async def _read_to_the_end(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._connection.read_message() is not None:
                pass
