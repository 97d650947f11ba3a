"""Members who write, edit and read as a real client does, on connections that are cut over and over."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import orjson

from tests.support.lines import Line, open_line

MAX_UNACKED = 4
SHORTEST_STEPS, LONGEST_STEPS = 2, 200
"""How many times a connection is read from or written to before it is cut."""


class CutError(Exception):
    """The client has cut its own connection."""


class Request(NamedTuple):
    """An event that is sent again until it is acked; with a correction the message is edited then."""

    event: str
    payload: Mapping[str, Any]
    correction: str = ""


class Chatter:
    """One member, who writes ``letters`` and reads until so many messages of each conversation are there.

    What was sent and not acked is sent again in the same order on the next connection, under the same client id. A
    message out of turn is an AssertionError, whatever connection it comes on. Who has written everything connects once
    more and is not cut again: what this last connection is not told, nothing will bring.
    """

    def __init__(
        self, port: int, token: str, letters: Sequence[Request], expected: Mapping[str, int], rng: Random
    ) -> None:
        self._port = port
        self._token = token
        self._letters = deque(letters)
        self._rng = rng
        self._unacked: deque[Request] = deque()
        self._outgoing: list[str] = []
        self._asked: dict[int, Request] = {}
        """What is to be acked on this connection, by the number of the ack."""
        self._connected = False
        self._steps = 0
        """How many the connection has left."""
        self._revisions: dict[str, int] = {}
        self.received: dict[str, list[dict[str, Any]]] = {conversation_id: [] for conversation_id in expected}
        self._missing = sum(expected.values())
        self.written = asyncio.Event()
        if not letters:
            self.written.set()
        self._pause_seconds = 0
        """How long to stay away, as the server said: who comes back all the time may enter no more for a while."""
        self.connections = 0
        self.sent_again = 0

    async def run(self) -> None:
        """Connect again and again until everything is written and read."""
        while self._missing or not self.written.is_set():
            await asyncio.sleep(self._pause_seconds)
            self._pause_seconds = 0
            self._steps = self._rng.randint(SHORTEST_STEPS, LONGEST_STEPS)
            line = await open_line(self._port, self._rng)
            self.connections += 1
            try:
                await self._live(line)
            except (CutError, EOFError, ConnectionError):
                continue
            finally:
                line.reset()

    async def _live(self, line: Line) -> None:
        self._connected = False
        self._asked.clear()
        self._outgoing = ["40" + _json({"token": self._token})]
        while self._missing:
            if self._outgoing:
                await self._write(line)
            self._step(line)
            for packet in await line.receive():
                self._take(packet)
            if self._connected:
                self._write_letters()

    def _step(self, line: Line) -> None:
        if self.written.is_set():
            return
        self._steps -= 1
        if not (self._letters or self._unacked):
            self.written.set()
        elif self._steps > 0:
            return
        line.send_part(self._rng.random(), *self._outgoing)
        raise CutError

    async def _write(self, line: Line) -> None:
        self._step(line)
        packets, self._outgoing = self._outgoing, []
        await line.send(*packets)

    def _ask(self, request: Request) -> None:
        number = len(self._asked)
        self._asked[number] = request
        self._outgoing.append(f"42{number}{_json([request.event, request.payload])}")

    def _write_letters(self) -> None:
        while self._letters and len(self._unacked) < MAX_UNACKED:
            letter = self._letters.popleft()
            self._unacked.append(letter)
            self._ask(letter)

    def _take(self, packet: str) -> None:
        if packet.startswith("42"):
            event, payload = orjson.loads(packet[2:])
            self._hear(event, payload)
        elif packet.startswith("43"):
            number, _, rest = packet[2:].partition("[")
            self._be_answered(self._asked[int(number)], orjson.loads("[" + rest)[0])
        elif packet.startswith("40"):
            self._begin()
        elif packet == "2":
            self._outgoing.append("3")
        else:
            assert packet == "6", packet

    def _begin(self) -> None:
        """Enter every conversation where it was left, and send again what may not have arrived."""
        self._connected = True
        self.sent_again += len(self._unacked)
        for conversation_id, messages in self.received.items():
            place: dict[str, Any] = {"conversation_id": conversation_id, "after_seq": len(messages)}
            if conversation_id in self._revisions:
                place["after_revision"] = self._revisions[conversation_id]
            self._ask(Request("join_chat", place))
        for request in self._unacked:
            self._ask(request)

    def _hear(self, event: str, payload: Any) -> None:
        match event:
            case "new_message":
                self._keep(payload["message"])
            case "message_updated":
                self._replace(payload["message"])

    def _be_answered(self, request: Request, answer: Any) -> None:
        if request.event == "join_chat" and not answer["ok"]:
            assert answer["error"]["code"] == "rate_limited", (request, answer)
            self._pause_seconds = answer["error"]["retry_after"] * len(self.received)  # that all may be entered then
            raise CutError
        assert answer["ok"], (request, answer)
        if request.event == "join_chat":
            assert not answer["has_more"]
            for message in answer["messages"]:
                self._keep(message)
            for message in answer["updated"]:
                self._replace(message)
            conversation = answer["conversation"]
            self._revisions[conversation["id"]] = conversation["revision"]
            return
        assert self._unacked.popleft() is request, "answered out of turn"
        if request.correction:
            edit = {"message_id": answer["message"]["id"], "content": request.correction}
            self._letters.insert(self._rng.randint(0, len(self._letters)), Request("edit_message", edit))

    def _keep(self, message: dict[str, Any]) -> None:
        messages = self.received[message["conversation_id"]]
        assert message["seq"] == len(messages) + 1, (message, f"after {len(messages)}")
        messages.append(message)
        self._missing -= 1

    def _replace(self, message: dict[str, Any]) -> None:
        messages = self.received[message["conversation_id"]]
        assert message["seq"] <= len(messages), (message, f"changed, after {len(messages)}")
        messages[message["seq"] - 1] = message


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
