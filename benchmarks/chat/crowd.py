"""Many Socket.IO clients in one thread over one epoll: who writes what, when it is acked, when everyone has it."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import orjson

from benchmarks.chat.population import Signed, draw_text
from benchmarks.site import WrongAnswerError
from benchmarks.websocket_client import SOCKETIO_PATH, WebSocketClient

PATIENCE_SECONDS = 15.0


@dataclass
class Traffic:
    """What a load brought: how long each message took to be acked, and to reach each of its readers."""

    acked: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)


class Client(WebSocketClient):
    """One member's connection, in one conversation."""

    def __init__(self, port: int, member: Signed, conversation_id: str, group_size: int) -> None:
        self.conversation_id = conversation_id
        self.group_size = group_size
        self.waits = False
        """Whether a message of this member is not acked yet."""
        self.sent_at = 0.0
        super().__init__(port, SOCKETIO_PATH)
        self._ask(b"40" + orjson.dumps({"token": member.token}), b"40")
        place = orjson.dumps({"conversation_id": conversation_id})
        joined = orjson.loads(self._ask(b'420["join_chat",%b]' % place, b'430[{"ok":true')[3:])
        self._last_seq: int = joined[0]["conversation"]["last_seq"]
        self._delivery = b'42["new_message",{"conversation_id":"%b",' % conversation_id.encode()

    def _ask(self, packet: bytes, answer: bytes) -> bytes:
        """Send a packet and return its answer: nothing else happens now."""
        self.send_text(packet)
        while True:
            for text in self.receive():
                if text.startswith(answer):
                    return text
                if not text.startswith((b"0", b"42")):  # the open packet; who of the friends is there
                    raise WrongAnswerError(f"{packet[:40]!r} was answered by {text[:200]!r}")

    def send(self, content: str, due: float) -> None:
        """Write a message that counts from ``due`` on."""
        payload = {"conversation_id": self.conversation_id, "content": f"{due:.6f} {content}"}
        self.sent_at, self.waits = due, True
        self.send_text(b'421["send_message",%b]' % orjson.dumps(payload))

    def check(self, text: bytes) -> None:
        """Raise WrongAnswerError unless a new message is the next one of this member's conversation."""
        start = text.index(b'"seq":') + 6
        seq = int(text[start : text.index(b",", start)])
        if seq != self._last_seq + 1 or not text.startswith(self._delivery):
            raise WrongAnswerError(f"behind message {self._last_seq} of {self.conversation_id} came {text[:300]!r}")
        self._last_seq = seq


class Crowd:
    """Clients that write as fast as they are answered, or at a fixed pace all together."""

    def __init__(self, port: int, groups: Sequence[tuple[str, Sequence[Signed]]]) -> None:
        self._clients: dict[int, Client] = {}
        self._poll = select.epoll()
        for conversation_id, members in groups:
            for member in members:
                client = Client(port, member, conversation_id, len(members))
                self._clients[client.sock.fileno()] = client
                self._poll.register(client.sock, select.EPOLLIN)
        self._rng = Random(2)  # noqa: S311 - the same in every run
        self._contents = [draw_text(self._rng) for _ in range(1000)]
        self._traffic = Traffic()
        self._counts_from = 0.0
        self._ends_at = 0.0
        self._unanswered = 0
        self._undelivered = 0
        self._eager = False

    def close(self) -> None:
        """End every connection."""
        for client in self._clients.values():
            client.sock.close()
        self._poll.close()

    def talk(self, rate: float, warm_up: float, seconds: float) -> Traffic:
        """Write ``rate`` messages a second, 0: everyone the next as soon as the last is acked; return what came of it.

        Raises:
            WrongAnswerError: a message was refused, lost, doubled, out of order, or reached somebody wrong.
        """
        self._traffic = Traffic()
        now = time.monotonic()
        self._counts_from, self._ends_at = now + warm_up, now + warm_up + seconds
        self._eager = not rate
        if self._eager:
            for client in self._clients.values():
                self._send(client, time.monotonic())
        due = now
        while (now := time.monotonic()) < self._ends_at:
            while rate and due <= now:
                self._send_as_someone(due)
                due += 1 / rate
            self._turn((due if rate else self._ends_at) - now)
        self._drain()
        return self._traffic

    def _drain(self) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while self._unanswered or self._undelivered:
            if time.monotonic() > patience:
                raise WrongAnswerError(f"{self._unanswered} acks and {self._undelivered} deliveries did not come")
            self._turn(0.1)

    def _send_as_someone(self, due: float) -> None:
        clients = list(self._clients.values())
        free = next((one for one in self._rng.choices(clients, k=50) if not one.waits), None)
        if free is None:
            raise WrongAnswerError("the server does not keep pace: nobody is free to write")
        self._send(free, due)

    def _send(self, client: Client, due: float) -> None:
        client.send(self._rng.choice(self._contents), due)
        self._unanswered += 1
        self._undelivered += client.group_size

    def _turn(self, timeout: float) -> None:
        for descriptor, _ in self._poll.poll(max(0.0, timeout)):
            client = self._clients[descriptor]
            texts = client.receive()
            now = time.monotonic()
            for text in texts:
                self._take(client, text, now)

    def _counts(self, due: float, now: float) -> bool:
        """Tell whether a message belongs to the figures: by when it was due, or with eager writers by when it came."""
        return self._counts_from <= now < self._ends_at if self._eager else self._counts_from <= due

    def _take(self, client: Client, text: bytes, now: float) -> None:
        if text.startswith(b'42["new_message"'):
            client.check(text)
            start = text.index(b'"content":"') + 11
            due = float(text[start : text.index(b" ", start)])
            self._undelivered -= 1
            if self._counts(due, now):
                self._traffic.delivered.append(now - due)
        elif text.startswith(b'431[{"ok":true') and client.waits:
            self._unanswered -= 1
            client.waits = False
            if self._counts(client.sent_at, now):
                self._traffic.acked.append(now - client.sent_at)
            if self._eager and now < self._ends_at:
                self._send(client, now)
        elif text == b"2":
            client.send_text(b"3")
        elif not text.startswith((b'42["user_', b'42["conversation_updated"')):
            raise WrongAnswerError(f"got {text[:200]!r}")
