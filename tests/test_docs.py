"""What the documents say holds: the README's program runs, lists are complete, the translations agree."""

from __future__ import annotations

import queue
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import socketio

from server.errors import ErrorCode
from server.protocol.engineio import RequestFault

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def code_blocks(name: str, language: str) -> list[str]:
    return [body for kind, body in CODE.findall((ROOT / name).read_text()) if kind == language]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_readme_example_echoes(tmp_path: Path, free_port: int) -> None:
    [program] = code_blocks("README.md", "python")
    script = tmp_path / "echo.py"
    script.write_text(program.replace("8001", str(free_port)))
    with subprocess.Popen([sys.executable, script], env={"PYTHONPATH": str(ROOT), "PATH": ""}) as process:
        try:
            echoed: queue.Queue[str] = queue.Queue()
            client = socketio.Client()
            client.on("echo", echoed.put)
            client.connect(f"http://127.0.0.1:{free_port}", wait_timeout=10, retry=True)
            assert client.call("echo", "hello", timeout=10) == "hello"
            assert echoed.get(timeout=10) == "hello"
            client.disconnect()
        finally:
            process.kill()


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
