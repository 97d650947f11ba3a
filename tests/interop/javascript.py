"""A version of socket.io-client, in a Node process of its own."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.interop.matrix import ABSENT, Failure, Server, expected

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("client.mjs")
NODE = shutil.which("node")
GRACE_SECONDS = 30.0
"""A scenario that is over time must be reported after this long; else Node itself hangs."""


def node_version() -> str:
    """Return the major version of Node.js."""
    if NODE is None:
        return "none"
    return subprocess.check_output([NODE, "--version"], text=True).strip().removeprefix("v").partition(".")[0]


@dataclass(frozen=True)
class JavaScriptClient:
    """``package`` is its folder in node_modules; ``lacks`` are the scenarios that it has no way to do."""

    package: str
    parser: str | None = None
    lacks: frozenset[str] = frozenset()

    @cached_property
    def label(self) -> str:
        """See `Client`."""
        label = f"socket.io-client {_version(self.package)}"
        return f"{label}, {self.parser} {_version(self.parser)}" if self.parser else label

    @property
    def missing(self) -> str | None:
        """See `Client`."""
        if NODE is None:
            return "Node.js is not installed: the JavaScript clients cannot be tried"
        for package in filter(None, (self.package, self.parser)):
            if not (ROOT / "node_modules" / package).is_dir():
                return f"{package} is not in node_modules: `npm ci` installs it"
        return None

    def expected(self, transports: str) -> dict[str, Any]:
        """See `Client`."""
        every = expected(transports, **dict.fromkeys(self.lacks, ABSENT))
        if _version(self.package).startswith("2."):  # no auth but a query, no message but the data
            every["connect"][0] = {"token": "好😀"}
            every["refused"][0] = every["refused"][0][1:]
            every["namespaces"][-1] = [{"message": "Invalid namespace"}, False]
        if self.parser:  # MessagePack has no way to write half a surrogate pair
            every["unicode"][0].pop()
        return every

    async def run(self, server: Server, transports: str, seconds: Mapping[str, float]) -> dict[str, Any]:
        """See `Client`."""
        order = {
            "folder": str(ROOT),
            "name": self.package,
            "parser": self.parser,
            "port": server.port,
            "recoveringPort": server.recovering_port,
            "transports": transports,
            "scenarios": dict(seconds),
        }
        assert NODE is not None
        process = await asyncio.create_subprocess_exec(
            NODE, str(SCRIPT), json.dumps(order), stdout=asyncio.subprocess.PIPE
        )
        try:
            return await _results(process, server, seconds)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _results(process: Process, server: Server, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Do what the script asks for, and collect what it prints, until it ends or hangs."""
    assert process.stdout is not None
    results: dict[str, Any] = {}
    patience = max(seconds.values()) + GRACE_SECONDS
    while line := await _line(process.stdout, patience):
        said = json.loads(line)
        if "restart" in said:
            await server.restart(said["restart"])
        elif "failed" in said:
            results[said["scenario"]] = Failure(said["failed"])
        else:
            results[said["scenario"]] = said["result"]
    return results


async def _line(stream: asyncio.StreamReader, seconds: float) -> bytes:
    try:
        return await asyncio.wait_for(stream.readline(), seconds)
    except TimeoutError:
        return b""


def _version(package: str | None) -> str:
    manifest = ROOT / "node_modules" / str(package) / "package.json"
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"]) if manifest.exists() else "not installed"
