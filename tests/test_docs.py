"""What the documents say holds: the README's program runs, lists are complete, the translations agree."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import socketio  # type: ignore[import-untyped]

from server.errors import ErrorCode
from server.protocol.engineio_request import RequestFault
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def code_blocks(name: str, language: str) -> list[str]:
    return [body for kind, body in CODE.findall((ROOT / name).read_text()) if kind == language]


@pytest.fixture
def readme_server(tmp_path: Path) -> Iterator[str]:
    """The README's program in its own process; its address."""
    [program] = code_blocks("README.md", "python")
    port = str(free_port())
    script = tmp_path / "echo.py"
    script.write_text(program.replace("8001", port))
    with subprocess.Popen([sys.executable, script], env={"PYTHONPATH": str(ROOT), "PATH": ""}) as process:
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.mark.gen_test
async def test_the_readme_example_echoes(readme_server: str) -> None:
    echoed: asyncio.Queue[str] = asyncio.Queue()
    client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.05)
    client.on("echo", echoed.put)
    await client.connect(readme_server, wait_timeout=30, retry=True)
    assert await client.call("echo", "hello", timeout=30) == "hello"
    assert await asyncio.wait_for(echoed.get(), 30) == "hello"
    await client.disconnect()


def test_every_error_code_is_listed_with_its_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert {slug: int(status) for slug, status in rows} == {code.slug: code.status for code in ErrorCode}


def test_every_request_fault_is_in_the_protocol_table() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text()
    for fault in RequestFault:
        if fault is not RequestFault.FORBIDDEN:  # its text names the Origin
            assert fault.message in text


def test_the_chinese_readme_mirrors_the_english_one() -> None:
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))
    levels = [re.findall(r"^#+", text, re.MULTILINE) for text in (CODE.sub("", english), CODE.sub("", chinese))]
    assert levels[0] == levels[1]
    for language in ("python", "js"):
        assert code_blocks("README.md", language) == code_blocks("README.zh-CN.md", language)
    links = [sorted(set(re.findall(r"\((docs/[\w.-]+)\)", text))) for text in (english, chinese)]
    assert links[0] == links[1]
    assert all((ROOT / link).exists() for link in links[0])
