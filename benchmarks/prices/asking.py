"""How long ``GET /api/signals/buy`` takes, asked for from a process of its own."""

from __future__ import annotations

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.prices.listing import STRATEGY_NAMES
from benchmarks.site import WrongAnswerError

PATIENCE_SECONDS = 15.0
LIMIT = 50
WARM_UP = 2
"""Of each connection."""
CONNECTIONS = 10
"""Over which requests at a fixed rate are spread: one that waits does not hold up the next."""


def ask(port: int, signals: int, requests: int, rate: float) -> list[float]:
    """Return how long each answer took: at a fixed rate since it was due, with the rate 0 one after the other.

    Raises:
        WrongAnswerError: an answer is wrong, or has other signals than there are.
    """
    if not rate:
        return _ask(port, signals, requests, 0, 0)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        each, pause = requests // CONNECTIONS, CONNECTIONS / rate
        asked = [threads.submit(_ask, port, signals, each, pause, number / rate) for number in range(CONNECTIONS)]
        return [taken for one in asked for taken in one.result()]


def _ask(port: int, signals: int, requests: int, pause: float, delay: float) -> list[float]:
    """Ask over one connection, each ``pause`` seconds after the ``delay``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    times: list[float] = []
    begun = time.monotonic() + delay
    for number in range(WARM_UP + requests):
        due = begun + number * pause if pause else time.monotonic()
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("GET", f"/api/signals/buy?strategy={STRATEGY_NAMES[number % 3]}&limit={LIMIT}")
        answer = connection.getresponse()
        body = answer.read()
        times.append(time.monotonic() - due)
        if answer.status != 200 or json.loads(body)["data"]["count"] != min(signals, LIMIT):
            raise WrongAnswerError(f"signals were answered {answer.status} {body[:200]!r}")
    connection.close()
    return times[WARM_UP:]
