"""Engine.IO sessions of clients that come and go: packets in and out over each transport, and an end by reset.

Nothing here has a time limit: how long a packet may take is for the test to say.
"""

from __future__ import annotations

import json
from random import Random
from typing import Protocol

from tests.support import frames
from tests.support.frames import ServerFrame
from tests.support.wire import WebSocketWire, Wire

PATH = "/socket.io/?EIO=4&transport="


class Line(Protocol):
    """One session; what ends it raises EOFError or ConnectionError."""

    async def send(self, *packets: str) -> None:
        """Send packets; over HTTP this waits for the answer."""

    async def receive(self) -> list[str]:
        """Return the next packets, as many as are there."""

    def send_part(self, share: float, *packets: str) -> None:
        """Send a first part of the packets' bytes, cut anywhere."""

    def reset(self) -> None:
        """Vanish without a word."""


class WebSocketLine:
    """A session over a WebSocket from the start, or the second part of one that began with polling."""

    def __init__(self, wire: WebSocketWire) -> None:
        self._wire = wire
        self._rest = b""

    @classmethod
    async def open(cls, port: int) -> WebSocketLine:
        """Do the handshake; the open packet has been read."""
        line = cls(await WebSocketWire.connect(port, PATH + "websocket"))
        [opened] = await line.receive()
        assert opened.startswith("0"), opened
        return line

    async def send(self, *packets: str) -> None:
        """See `Line`."""
        self._wire.send_text(*packets)

    async def receive(self) -> list[str]:
        """See `Line`."""
        found: list[ServerFrame] = []
        while not found:
            data = await self._wire.reader.read(1 << 16)
            if not data:
                raise EOFError
            found, self._rest = frames.read_server_frames(self._rest + data)
        assert all(frame.first == 0x81 for frame in found), found
        return [frame.payload.decode() for frame in found]

    def send_part(self, share: float, *packets: str) -> None:
        """See `Line`."""
        data = b"".join(map(frames.text, packets))
        self._wire.send(data[: int(len(data) * share)])

    def reset(self) -> None:
        """See `Line`."""
        self._wire.reset()


class PollingLine:
    """A session over long-polling: one connection for polls, one for what is sent, both kept."""

    def __init__(self, port: int, polls: Wire, posts: Wire, sid: str) -> None:
        self._port = port
        self._polls = polls
        self._posts = posts
        self._target = f"{PATH}polling&sid={sid}"
        self._websocket_target = f"{PATH}websocket&sid={sid}"
        self._polling = False

    @classmethod
    async def open(cls, port: int) -> PollingLine:
        """Do the handshake."""
        polls, posts = await Wire.open(port), await Wire.open(port)
        polls.send_request("GET", PATH + "polling")
        answer = await polls.late_answer()
        assert answer.status == 200, answer
        return cls(port, polls, posts, json.loads(answer.body[1:])["sid"])

    async def send(self, *packets: str) -> None:
        """See `Line`; a poll waits meanwhile."""
        self._begin_poll()
        self.send_part(1, *packets)
        answer = await self._posts.late_answer()
        assert answer.body == b"ok", answer

    async def receive(self) -> list[str]:
        """See `Line`."""
        self._begin_poll()
        answer = await self._polls.late_answer()
        self._polling = False
        assert answer.status == 200, answer
        return answer.body.decode().split("\x1e")

    def send_part(self, share: float, *packets: str) -> None:
        """See `Line`."""
        body = "\x1e".join(packets).encode()
        self._posts.send_request("POST", self._target, {"Content-Length": str(len(body))})
        self._posts.send(body[: int(len(body) * share)])

    def reset(self) -> None:
        """See `Line`."""
        self._polls.reset()
        self._posts.reset()

    async def begin_upgrade(self) -> WebSocketLine:
        """Open a WebSocket for this session and see it answered, while a poll waits."""
        self._begin_poll()
        line = WebSocketLine(await WebSocketWire.connect(self._port, self._websocket_target))
        await line.send("2probe")
        assert await line.receive() == ["3probe"]
        return line

    def _begin_poll(self) -> None:
        if not self._polling:
            self._polls.send_request("GET", self._target)
            self._polling = True


class UpgradingLine:
    """A session that begins with polling and goes on over a WebSocket after some polls."""

    def __init__(self, polling: PollingLine, polls: int) -> None:
        self._line: Line = polling
        self._polling = polling
        self._polls = polls

    @classmethod
    async def open(cls, port: int, rng: Random) -> UpgradingLine:
        """Do the handshake."""
        return cls(await PollingLine.open(port), rng.randint(0, 4))

    async def send(self, *packets: str) -> None:
        """See `Line`."""
        await self._line.send(*packets)

    async def receive(self) -> list[str]:
        """See `Line`; the upgrade is done when it is time."""
        self._polls -= 1
        if self._polls != -1:
            return await self._line.receive()
        line = await self._polling.begin_upgrade()
        packets = await self._polling.receive()
        await line.send("5")
        self._line = line
        return packets

    def send_part(self, share: float, *packets: str) -> None:
        """See `Line`."""
        self._line.send_part(share, *packets)

    def reset(self) -> None:
        """See `Line`."""
        self._line.reset()
        self._polling.reset()


async def open_line(port: int, rng: Random) -> Line:
    """Open a session over any transport."""
    match rng.randrange(3):
        case 0:
            return await WebSocketLine.open(port)
        case 1:
            return await PollingLine.open(port)
    return await UpgradingLine.open(port, rng)
