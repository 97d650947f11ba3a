"""A member who polls, as plain as can be."""

from __future__ import annotations

import json

from tornado.httpclient import AsyncHTTPClient

from tests.support.product_server import ProductServer


class Poller:
    """A member who polls, Engine.IO 4 or 3."""

    def __init__(self, server: ProductServer, version: int, token: str) -> None:
        self._url = f"http://127.0.0.1:{server.port}/socket.io/?EIO={version}&transport=polling"
        self._version = version
        self._token = token

    async def connect(self) -> None:
        """Join the namespace; nothing is waiting then."""
        if self._version == 4:
            opened = await self.poll()
            self._url += f"&sid={json.loads(opened[1:])['sid']}"
            await self.post(f"40{json.dumps({'token': self._token})}")
            assert (await self.poll()).startswith("40{")
        else:
            self._url += f"&token={self._token}"
            opened = await self.poll()
            self._url += f"&sid={json.loads(opened[opened.index('{') : opened.index('}') + 1])['sid']}"
            while not opened.endswith("2:40"):
                opened = await self.poll()

    async def poll(self) -> str:
        answer = await AsyncHTTPClient().fetch(self._url)
        return answer.body.decode()

    async def post(self, packet: str) -> None:
        body = packet if self._version == 4 else f"{len(packet)}:{packet}"
        answer = await AsyncHTTPClient().fetch(self._url, method="POST", body=body)
        assert answer.body == b"ok"

    async def until_packet(self, packet: str) -> None:
        """Poll until a packet comes."""
        while packet not in await self.poll():
            pass
