"""Where it is measured: cores, limits, versions."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON_PACKAGES = (
    "tornado",
    "orjson",
    "msgspec",
    "python-socketio",
    "python-engineio",
    "uvicorn",
    "uvloop",
    "httptools",
    "websockets",
    "aiohttp",
)
NODE_PACKAGES = ("socket.io", "engine.io", "ws", "socket.io-msgpack-parser")


class Cores(NamedTuple):
    """One core for the server and one for the load generator."""

    server: int
    generator: int

    def pinned(self, core: int, command: Sequence[str]) -> list[str]:
        """Return a command that keeps to one core, where there is a choice and a way."""
        if self.server == self.generator or shutil.which("taskset") is None:
            return list(command)
        return ["taskset", "-c", str(core), *command]


def choose_cores() -> Cores:
    """Return the first and the last core that may be used."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[0], cores[-1])


def raise_file_limit() -> None:
    """Let servers and generator, which inherit it, open as many files as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def describe(compiler: str) -> dict[str, str]:
    """Return the machine, the kernel and every version that matters."""
    models = re.findall(r"^model name\s*: (.*)$", _read(Path("/proc/cpuinfo")), re.MULTILINE)
    packages = json.loads(_read(ROOT / "package-lock.json"))["packages"]
    node = (f"{name} {packages[f'node_modules/{name}']['version']}" for name in NODE_PACKAGES)
    return {
        "machine": f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": ", ".join([platform.python_version(), *_python_versions()]),
        "Node": ", ".join([_output("node", "--version"), *node]),
        "compiler": _output(compiler, "--version").partition("\n")[0],
        "commit": _output("git", "describe", "--always", "--dirty"),
    }


def _python_versions() -> Iterator[str]:
    for name in PYTHON_PACKAGES:
        with suppress(PackageNotFoundError):  # a server that is not measured need not be installed
            yield f"{name} {version(name)}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
