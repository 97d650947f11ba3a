"""Subscribers of prices in one thread over one epoll: what reaches whom after a push, and when."""

from __future__ import annotations

import json
import select
import socket
import statistics
import time
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from benchmarks.prices.listing import STRATEGY_NAMES, Listing
from benchmarks.site import WrongAnswerError
from benchmarks.websocket_client import PATIENCE_SECONDS, RECEIVE_BYTES, SOCKETIO_PATH, WebSocketClient

SMALL_BUFFER = 4096
STOCK, STRATEGY = 1, 2
BOTH = STOCK | STRATEGY

Target = tuple[str, str]


class PushTimes(NamedTuple):
    """How long after a push the first, the middle and the last delivery came, and its answer; seconds."""

    first: float
    median: float
    last: float
    answer: float


class News(NamedTuple):
    """What an update says: about what, and whether it has the prices of the last push, all of them and no others."""

    target: Target
    is_newest: bool


class Subscriber(WebSocketClient):
    """A client that is subscribed to one strategy and one stock."""

    path: str

    def __init__(self, port: int, strategy: str, code: str, receive_buffer: int) -> None:
        super().__init__(port, self.path, receive_buffer)
        self.bits: dict[Target, int] = {("strategy", strategy): STRATEGY, ("stock", code): STOCK}
        self.got = 0
        """Of which of the two the update of this push has come."""

    @abstractmethod
    def subscribe(self, token: str) -> None:
        """Sign in, if that is needed, and subscribe; return when all of it is answered."""

    @abstractmethod
    def update(self, text: bytes) -> dict[str, Any] | None:
        """Return the update that a message is; None for what keeps a connection alive."""

    def expect(self, *starts: bytes) -> None:
        """Take messages until each of these beginnings has come, one after the other."""
        waiting = list(starts)
        while waiting:
            for text in self.take() or self.receive():
                if not text.startswith(waiting.pop(0)):
                    raise WrongAnswerError(f"a subscriber was answered {text[:200]!r}")


class RawSubscriber(Subscriber):
    """One of the raw stream."""

    path = "/ws/stock/prices"

    def subscribe(self, token: str) -> None:
        self.expect(b'{"type":"connected"')
        for kind, name in self.bits:
            message = {"type": "subscribe", "subscription_type": kind, "target": name}
            self.send_text(orjson.dumps(message))
            self.expect(b'{"type":"subscribed"', b'{"type":"price_update"')

    def update(self, text: bytes) -> dict[str, Any] | None:
        update: dict[str, Any] = orjson.loads(text)
        return update if update.pop("type") == "price_update" else None


class SocketIOSubscriber(Subscriber):
    """One of Socket.IO."""

    path = SOCKETIO_PATH

    def subscribe(self, token: str) -> None:
        self.expect(b"0")
        self.send_text(b"40" + orjson.dumps({"token": token}))
        self.expect(b"40")
        for kind, name in self.bits:
            target = {"subscription_type": kind, "target": name}
            self.send_text(b'420["subscribe_prices",%b]' % orjson.dumps(target))
            self.expect(b'430[{"ok":true')

    def update(self, text: bytes) -> dict[str, Any] | None:
        if text == b"2":
            self.send_text(b"3")
            return None
        event, update = orjson.loads(text.removeprefix(b"42"))
        return update if event == "price_update" else None


class Subscribers:
    """Everyone: those that read, and those that do not."""

    def __init__(self, port: int, listing: Listing, kind: type[Subscriber], tokens: Sequence[str], idle: int) -> None:
        self._listing = listing
        self._pushes = 0
        self._seen: dict[bytes, News] = {}
        """What the messages since the push say; whoever gets the same bytes gets the same."""
        self._poll = select.epoll()
        self._post = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self._all: list[Subscriber] = []
        for number, token in enumerate(tokens):
            strategy = STRATEGY_NAMES[number % len(STRATEGY_NAMES)]
            code = listing.codes[number % len(listing.codes)]
            client = kind(port, strategy, code, SMALL_BUFFER if number < idle else 0)
            self._all.append(client)
            client.subscribe(token)
        self._idle, readers = self._all[:idle], self._all[idle:]
        self._readers = {client.sock.fileno(): client for client in readers}
        for descriptor in (*self._readers, self._post.fileno()):
            self._poll.register(descriptor, select.EPOLLIN)

    def close(self) -> None:
        """End every connection."""
        for client in self._all:
            client.sock.close()
        self._post.close()
        self._poll.close()

    def push(self) -> PushTimes:
        """Change every quote; return how long it took until everyone who reads had what is theirs, and nothing else.

        Raises:
            WrongAnswerError: something was lost, doubled, wrong, or reached somebody wrong.
        """
        self._pushes += 1
        self._seen.clear()
        for client in self._all:
            client.got = 0
        times: list[float] = []
        begun = time.monotonic()
        self._send_push()
        answered, answer = 0.0, b""
        while len(times) < 2 * len(self._readers) or not answered:
            if time.monotonic() - begun > PATIENCE_SECONDS:
                raise WrongAnswerError(f"{len(times)} of {2 * len(self._readers)} deliveries came")
            times += self._turn(0.1)
            if not answered and (part := self._answer()):
                answer += part
                answered = time.monotonic() - begun if _is_whole(answer) else 0.0
        self._check_answer(answer)
        taken = [moment - begun for moment in times]
        return PushTimes(taken[0], statistics.median(taken), taken[-1], answered)

    def rest(self, seconds: float) -> None:
        """Take what keeps connections alive; an update is wrong now."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self._turn(left):
                raise WrongAnswerError("an update came without a push")

    def catch_up(self) -> None:
        """Let those that did not read do so until they have the newest prices of what is theirs."""
        for client in self._idle:
            client.got = 0
            while client.got != BOTH:
                for text in client.receive():
                    news = self._news(client, text)
                    if news is not None and news.is_newest:
                        client.got |= client.bits[news.target]

    def _turn(self, timeout: float) -> list[float]:
        """Return when each update came that came now."""
        times: list[float] = []
        for descriptor, _ in self._poll.poll(timeout):
            client = self._readers.get(descriptor)
            if client is None:
                continue  # the answer to the push
            texts = client.receive()
            now = time.monotonic()
            for text in texts:
                if self._take(client, text):
                    times.append(now)
        return times

    def _take(self, client: Subscriber, text: bytes) -> bool:
        """Check a message of one who reads; tell whether it is an update."""
        news = self._news(client, text)
        if news is None:
            return False
        bit = client.bits.get(news.target, 0)
        if not news.is_newest or not bit or client.got & bit:
            raise WrongAnswerError(f"after push {self._pushes} came an update that is wrong here: {text[:300]!r}")
        client.got |= bit
        return True

    def _news(self, client: Subscriber, text: bytes) -> News | None:
        """Return what a message tells; None when it is no update."""
        news = self._seen.get(text)
        if news is None and (update := client.update(text)) is not None:
            target = (update["subscription_type"], update["target"])
            prices = {row["code"]: row["price"] for row in update["data"]}
            is_whole = update["count"] == len(update["data"]) == len(prices)
            news = News(target, is_whole and prices == self._listing.expected(target, self._pushes))
            self._seen[text] = news
        return news

    def _send_push(self) -> None:
        body = self._listing.quotes(self._pushes)
        head = (
            f"POST /api/websocket/push/prices?strategy={STRATEGY_NAMES[0]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._post.sendall(head.encode() + body)

    def _answer(self) -> bytes:
        """Return what there is now of the answer to a push."""
        try:
            return self._post.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""

    def _check_answer(self, answer: bytes) -> None:
        data = json.loads(answer.partition(b"\r\n\r\n")[2])["data"]
        found = data["stocks"], data["clients"], data["delivered"]
        if found != (len(self._listing.codes), len(self._all), 2 * len(self._all)):
            raise WrongAnswerError(f"a push to {len(self._all)} was answered by {data}")


def _is_whole(answer: bytes) -> bool:
    """Tell whether an answer has all of its body."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if end and not head.startswith(b"HTTP/1.1 200"):
        raise WrongAnswerError(f"a push was answered {answer[:300]!r}")
    length = next((line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b"")
    return bool(end) and len(body) == int(length)
