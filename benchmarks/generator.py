"""The load generator: built from ``benchmarks/load`` with the machine's C compiler, and run."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.machine import Cores
from benchmarks.scenarios import Scenario

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "benchmarks" / "load"
PROGRAM = ROOT / "build" / "load"
LIMIT_SOURCE = ROOT / "benchmarks" / "peers" / "limit.c"
LIMIT_PROGRAM = ROOT / "build" / "limit"
FLAGS = ("-O3", "-std=gnu11", "-Wall", "-Wextra")
LIMIT_SECONDS = 300.0


class BuildError(Exception):
    """There is no load generator; the text says why and what to do."""


class MeasurementError(Exception):
    """A run gave no figure; the text says why."""


def find_compiler() -> str:
    """Return the path of the C compiler.

    Raises:
        BuildError: there is none.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise BuildError("the load generator needs a C compiler (Debian: apt-get install gcc libc6-dev)")
    return compiler


def build() -> None:
    """Compile the load generator and the peer in C, unless they are newer than their sources.

    Raises:
        BuildError: there is no compiler, or it refuses.
    """
    _build(PROGRAM, sorted(SOURCES.glob("*.[ch]")))
    _build(LIMIT_PROGRAM, [LIMIT_SOURCE])


def _build(program: Path, sources: list[Path]) -> None:
    compiler = find_compiler()
    if program.exists() and program.stat().st_mtime > max(path.stat().st_mtime for path in sources):
        return
    program.parent.mkdir(exist_ok=True)
    files = [str(path) for path in sources if path.suffix == ".c"]
    command = [compiler, *FLAGS, "-o", str(program), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BuildError(f"{program.name} does not compile:\n{done.stderr}")


def measure(scenario: Scenario, port: int, pid: int, cores: Cores, times: list[str]) -> dict[str, Any]:
    """Run a scenario against the server on a port; return what the generator found.

    Raises:
        MeasurementError: the server failed, or an answer was wrong.
    """
    command = [str(PROGRAM), "--port", str(port), "--server-pid", str(pid), *times, *scenario.load.split()]
    command = cores.pinned(cores.generator, command)
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"not done within {LIMIT_SECONDS:.0f} s") from None
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise MeasurementError(f"the generator ended with {done.returncode}: {done.stderr[-200:]}") from None
    if "error" in result:
        raise MeasurementError(result["error"])
    return result
