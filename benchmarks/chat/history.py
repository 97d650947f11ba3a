"""How long reading takes where much is stored: one request after the other on one connection."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from random import Random
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.chat.population import Shelf, Signed
from benchmarks.site import WrongAnswerError

PATIENCE_SECONDS = 30.0
PAGE = 50


class Query(NamedTuple):
    """What is asked, and how many rows of what the answer has at least."""

    name: str
    paths: Sequence[str]
    least: int
    noun: str = "messages"


def queries(shelves: Sequence[Shelf], count: int) -> Iterator[Query]:
    """Yield everything that is asked; the first shelf is the long one."""
    rng = Random(3)  # noqa: S311 - the same in every run
    base = "/api/conversations"
    long = f"{base}/{shelves[0].conversation_id}/messages"
    anywhere = [f"{base}/{rng.choice(shelves).conversation_id}/messages" for _ in range(count)]
    deep = [rng.randint(PAGE + 1, shelves[0].messages - PAGE) for _ in range(count)]
    yield Query("newest page of any conversation", [f"{path}?limit={PAGE}" for path in anywhere], PAGE)
    yield Query("newest page of the long one", [f"{long}?limit={PAGE}"] * count, PAGE)
    yield Query("a page deep in it (before_seq)", [f"{long}?limit={PAGE}&before_seq={seq}" for seq in deep], PAGE)
    yield Query("what follows deep in it (after_seq)", [f"{long}?limit={PAGE}&after_seq={seq}" for seq in deep], PAGE)
    for words in ("茅台", "moving average"):
        paths = [f"{path}?{urlencode({'limit': PAGE, 'q': words})}" for path in anywhere]
        yield Query(f"search for {words}", [*paths, f"{long}?{urlencode({'limit': PAGE, 'q': words})}"], 1)
    yield Query(f"the list of {len(shelves)} conversations", [base] * (count // 10 + 1), len(shelves), "conversations")


class Reader:
    """Members who ask the REST interface in turn: how often one may search is limited."""

    def __init__(self, port: int, members: Sequence[Signed]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._headers = cycle([{"Authorization": f"Bearer {member.token}"} for member in members])

    def measure(self, query: Query) -> list[float]:
        """Ask everything; return how long each answer took.

        Raises:
            WrongAnswerError: an answer was not what it should be.
        """
        self._time(query, query.paths[0])
        return [self._time(query, path) for path in query.paths]

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _time(self, query: Query, path: str) -> float:
        headers = next(self._headers)
        begun = time.monotonic()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = answer.read()
        taken = time.monotonic() - begun
        if answer.status != 200 or len(json.loads(body)["data"][query.noun]) < query.least:
            raise WrongAnswerError(f"{path} was answered {answer.status} {body[:200]!r}")
        return taken
