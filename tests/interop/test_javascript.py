"""The real socket.io-client, newest and oldest of version 4, over every transport."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from server.protocol.engineio_session import EngineOptions
from tests.apps.interop import make_app
from tests.support.engineio import ProtocolServer

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("client.mjs")
OPTIONS = EngineOptions(ping_interval=0.1, ping_timeout=10.0)
TRANSPORTS = ["polling", "websocket", "polling,websocket"]


def expected(transports: str) -> dict[str, Any]:
    """Return what every client must have seen."""
    binary = [{"bytes": [1, 2, 3]}, {"a": [{"bytes": []}, {"b": {"bytes": [255]}}]}, "text", {"bytes": [0]}]
    return {
        "auth": [{"token": "好😀", "list": [1, {"a": None}]}, transports.rpartition(",")[2]],
        "refused": [
            {
                "message": "the token is not good",
                "data": {"code": "unauthorized", "hint": ["good", "😀"]},
                "connected": False,
            },
            [{"token": "good"}],
        ],
        "unknown_namespace": ["Invalid namespace", None],
        "echo": [1, -1.5, None, True, "é😀\ud800", [[]], {"ключ": {"b": ""}}],
        "binary": [binary, binary, 0],
        "question": [["the answer to", "a", {"b": {"bytes": [1]}}, {"bytes": [9]}]],
        "namespaces": [[{"token": "custom"}], ["c"], ["r"], True, ["root stays"]],
        "order": True,
        "order_through_the_upgrade": True,
        "heartbeat": ["alive"],
        "expelled": ["io server disconnect", True, False],
        "restart": ["transport", ["again"]],  # close, or error when no poll was waiting
    }


@pytest.fixture
def node() -> str:
    """Return the program that runs JavaScript."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node.js is not installed: the JavaScript clients cannot be tried")
    return program


@pytest.mark.parametrize("transports", TRANSPORTS)
@pytest.mark.parametrize("package", ["socket.io-client", "socket.io-client-4.0.1"])
@pytest.mark.gen_test
async def test_every_scenario(io_loop: object, node: str, package: str, transports: str) -> None:
    if not (ROOT / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is not in node_modules: `npm ci` installs it")
    server = ProtocolServer(make_app, OPTIONS, real_time=True)
    process = await asyncio.create_subprocess_exec(
        node,
        str(SCRIPT),
        str(ROOT),
        package,
        str(server.port),
        transports,
        stdout=asyncio.subprocess.PIPE,
    )
    results: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        async for line in process.stdout:
            said = json.loads(line)
            if "ready" in said:
                await server.stop()
                server = ProtocolServer(make_app, OPTIONS, real_time=True, port=server.port)
            else:
                results[said["scenario"]] = said["result"]
        assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await server.stop()
    assert results == expected(transports)
