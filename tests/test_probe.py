"""``python -m server.probe`` against a real server, against nothing, and through a proxy that breaks WebSockets."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tornado.ioloop import IOLoop

from server.storage.documents import Database
from tests.support.product_server import ProductServer

STEPS = ["health", "polling handshake", "upgrade", "WebSocket", "round trip", "raw prices", "notifications", "SSE"]


class Outcome(NamedTuple):
    """How a run of the probe ended."""

    code: int
    out: str
    err: str

    @property
    def steps(self) -> dict[str, str]:
        """What is said of each step."""
        return {name: mark for mark, name in re.findall(r"^(ok|FAIL|skip) +(.*?)  +[\d.]+ ms", self.out, re.MULTILINE)}


async def probe(*arguments: str, **environment: str) -> Outcome:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server.probe",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


@pytest.fixture
def server(io_loop: IOLoop, database: Database) -> Iterator[ProductServer]:
    async def start() -> ProductServer:
        return ProductServer(database)

    started = io_loop.run_sync(start)
    assert started is not None
    yield started
    io_loop.run_sync(started.stop)


class StrippingProxy:
    """A proxy that leaves `Upgrade` out of what it passes on, as one does that was not told of WebSockets."""

    def __init__(self, port: int) -> None:
        self._behind = port
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        self._writers += [writer, behind_writer]
        behind_writer.write(re.sub(rb"(?mi)^(?:Upgrade|Connection): [^\r]*\r\n", b"", head))
        while data := await behind_reader.read(65536):
            writer.write(data)
        writer.close()


@pytest.mark.gen_test
async def test_all_is_green_with_a_token_which_is_never_shown(server: ProductServer) -> None:
    token = (await server.register("alice"))["access_token"]
    outcome = await probe(f"http://127.0.0.1:{server.port}/", "--token", token)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    assert list(outcome.steps) == STEPS
    assert "FAIL" not in outcome.out and outcome.steps["round trip"] == "ok"
    assert re.search(r"p50 [\d.]+ ms, p99 [\d.]+ ms of 20 pings", outcome.out)
    assert re.search(r"^\d green, 0 red", outcome.out.splitlines()[-1])
    assert token not in outcome.out
    assert "\x1b" not in outcome.out


@pytest.mark.gen_test
async def test_it_signs_in_by_itself(server: ProductServer) -> None:
    await server.register("alice")
    url = f"http://127.0.0.1:{server.port}"
    outcome = await probe(url, "--username=alice", PROBE_PASSWORD="correct horse")
    assert (outcome.code, outcome.steps["round trip"]) == (0, "ok"), outcome
    wrong = await probe(url, "--username=alice", PROBE_PASSWORD="wrong horse")
    assert wrong.code == 2 and "username and password" in wrong.err


@pytest.mark.gen_test
async def test_a_token_that_does_not_hold_is_red_and_not_shown(server: ProductServer) -> None:
    outcome = await probe(f"http://127.0.0.1:{server.port}", "--token=bad.secret.token")
    assert outcome.code == 1, outcome
    assert {name: outcome.steps[name] for name in STEPS[:4]} == {
        "health": "ok",
        "polling handshake": "ok",
        "upgrade": "FAIL",
        "WebSocket": "FAIL",
    }
    assert "bad.secret.token" not in outcome.out + outcome.err


@pytest.mark.gen_test
async def test_a_proxy_without_upgrade_is_found(server: ProductServer) -> None:
    proxy = StrippingProxy(server.port)
    port = await proxy.start()
    token = (await server.register("alice"))["access_token"]
    outcome = await probe(f"http://127.0.0.1:{port}", "--token", token)
    await proxy.stop()
    assert outcome.code == 1, outcome
    assert (outcome.steps["health"], outcome.steps["polling handshake"]) == ("ok", "ok")
    for name in ("upgrade", "WebSocket", "round trip", "raw prices"):
        assert outcome.steps[name] == "FAIL"
    assert "is the proxy passing Upgrade" in outcome.out


@pytest.mark.gen_test
async def test_nothing_answers() -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    outcome = await probe(f"http://127.0.0.1:{port}")
    assert (outcome.code, outcome.steps) == (2, {}), outcome
    assert "is the server running" in outcome.err and "Traceback" not in outcome.err


@pytest.mark.parametrize("arguments", [("ftp://127.0.0.1",), ("--token",), ("--token=a", "--username=b"), ("a", "b")])
@pytest.mark.gen_test
async def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    outcome = await probe(*arguments)
    assert outcome.code == 2 and outcome.err and "Traceback" not in outcome.err
