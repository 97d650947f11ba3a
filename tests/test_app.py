"""The main job, as a new user has it: ``python run.py``, chat, prices, stop, start again."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import websocket
from pymongo import MongoClient

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
NODE = shutil.which("node")
TIMEOUT_SECONDS = 60


class RunningServer:
    """A ``run.py`` in its own process, over ``directory``."""

    def __init__(self, process: subprocess.Popen[str], directory: Path, until: str) -> None:
        self.process = process
        self.directory = directory
        self.lines: list[str] = []
        self.url = self._wait_until(until)

    def _wait_until(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                found = re.search(r"listening on (http\S+?)/ ", line)
                return found[1] if found else ""
        raise AssertionError(f"it ended with {self.process.wait()}: {''.join(self.lines)}")

    @property
    def password(self) -> str:
        return (self.directory / "demo_password").read_text().strip()

    @property
    def mongod_pid(self) -> int:
        return int((self.directory / "mongodb" / "db" / "mongod.lock").read_text())

    def call(self, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, headers), timeout=TIMEOUT_SECONDS) as answer:
            return json.load(answer)

    def sign_in(self, username: str) -> str:
        data = self.call("/api/auth/login", {"username": username, "password": self.password})["data"]
        return str(data["access_token"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.lines += self.process.communicate(timeout=TIMEOUT_SECONDS)[0].splitlines(keepends=True)
        return self.process.returncode


@contextmanager
def running(
    directory: Path, *arguments: str, stderr: int = subprocess.STDOUT, until: str = "listening on"
) -> Iterator[RunningServer]:
    command = [sys.executable, "run.py", "--port=0", f"--data_dir={directory}", "--price_push_interval=0.1", *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True, env={"PATH": os.environ["PATH"]}
    ) as process:
        try:
            yield RunningServer(process, directory, until)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(TIMEOUT_SECONDS)


def kill_while_a_task_runs(server: RunningServer) -> None:
    """Kill the server; before that it is stopped where it stands, as often as none of its own tasks is running then."""
    port = (server.directory / "mongodb" / "port").read_text().strip()
    with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}/?directConnection=true") as client:
        tasks = client["stock_insight"]["tasks"]
        while True:
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(0.1)  # what it has already asked of the database is done
            if tasks.count_documents({"type": "analysis", "state": "running"}):
                break
            server.process.send_signal(signal.SIGCONT)
            assert tasks.count_documents({"type": "analysis", "state": {"$ne": "completed"}}), "all have been done"
    server.process.kill()
    server.process.wait(TIMEOUT_SECONDS)


def is_alive(pid: int) -> bool:
    try:
        return "mongod" in Path(f"/proc/{pid}/comm").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(
    NODE is None or not (ROOT / "node_modules" / "socket.io-client").exists(),
    reason="needs node and the npm package socket.io-client (make setup)",
)
def test_two_people_chat_and_their_history_survives_a_restart(tmp_path: Path) -> None:
    assert NODE is not None
    rounds = 5
    with running(tmp_path) as server:
        chat = subprocess.run(
            [NODE, "tests/support/chat_members.mjs", server.url, server.password, str(rounds)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert chat.returncode == 0, chat.stderr
        seen = json.loads(chat.stdout)
        mongod_pid = server.mongod_pid
        assert is_alive(mongod_pid)
        assert server.stop() == 0
        assert not is_alive(mongod_pid)
        assert "Traceback" not in "".join(server.lines)
    sent = [f"{name} {number} 你好 😀" for number in range(rounds) for name in ("alice", "bob")]
    assert seen["acks"] == [[True, seq] for seq in range(1, 2 * rounds + 1)]
    assert seen["alice"] == seen["bob"] == [[seq, text] for seq, text in enumerate(sent, 1)]
    with running(tmp_path) as server:
        path = f"/api/conversations/{seen['conversation_id']}/messages"
        page = server.call(path, token=server.sign_in("bob"))["data"]
        assert [message["content"] for message in reversed(page["messages"])] == sent
        assert page["has_more"] is False


def test_a_raw_client_sees_prices_move_and_is_told_goodbye(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        url = server.url.replace("http", "ws") + "/ws/stock/prices"
        stream: Any = websocket.create_connection(url, timeout=TIMEOUT_SECONDS)
        assert json.loads(stream.recv())["type"] == "connected"
        stream.send(json.dumps({"type": "subscribe", "subscription_type": "stock", "target": "600519"}))
        assert json.loads(stream.recv())["type"] == "subscribed"
        prices: set[float] = set()
        while len(prices) < 2:
            update = json.loads(stream.recv())
            assert (update["type"], update["target"], update["count"]) == ("price_update", "600519", 1)
            prices.add(update["data"][0]["price"])
        assert server.stop() == 0
        while last := stream.recv():
            assert json.loads(last)["type"] == "price_update"
        stream.sock.close()


def test_the_password_and_tokens_reach_no_log_line(tmp_path: Path) -> None:
    with running(tmp_path, "--log_level=debug") as server:
        token = server.sign_in("alice")
        with pytest.raises(websocket.WebSocketBadStatusException):
            websocket.create_connection(
                f"{server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket&sid=x&token={token}"
            )
        password = server.password
        assert server.stop() == 0
        logged = [line for line in server.lines if not line.startswith("Demo accounts")]
        assert token not in "".join(logged)
        assert password not in "".join(logged)


def test_a_crash_interrupts_what_runs_and_what_waits_is_done_later(tmp_path: Path) -> None:
    with running(tmp_path, "--external_task_types=training") as server:
        token = server.sign_in("alice")
        outside = server.call("/api/tasks", {"type": "training"}, token)["data"]["task_id"]
        server.call(f"/api/tasks/{outside}/progress", {"step": 1, "total_steps": 2, "progress": 50})
        body = {"type": "analysis", "symbol": "600519", "days": 1000}
        ids = [server.call("/api/tasks", body, token)["data"]["task_id"] for _ in range(19)]
        kill_while_a_task_runs(server)
    with running(tmp_path, "--external_task_types=training") as server:
        token = server.sign_in("alice")

        def states() -> list[tuple[str, str]]:
            tasks = server.call("/api/tasks?limit=100", token=token)["data"]["tasks"]
            return [(task["state"], task.get("error", "")) for task in tasks if task["id"] in ids]

        interrupted = states().count(("error", "interrupted"))
        assert interrupted in {1, 2}  # as many as there are workers, at the most
        while ("queued", "") in states() or ("running", "") in states():
            time.sleep(0.05)
        assert states().count(("completed", "")) == len(ids) - interrupted
        # A worker outside did not die with the server, and goes on.
        done = server.call(f"/api/tasks/{outside}/complete", {"result": 1})["data"]
        assert done == {"task_id": outside, "state": "completed"}
        assert server.stop() == 0
        assert "Traceback" not in "".join(server.lines)


def test_a_taken_port_is_one_sentence_and_leaves_no_mongod(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refusal = rf"(?s)ended with 2: .*cannot listen on 127\.0\.0\.1:{port}"
        with pytest.raises(AssertionError, match=refusal), running(tmp_path, f"--port={port}"):
            pass
    assert (tmp_path / "mongodb" / "db" / "mongod.lock").read_text() == ""


def test_a_signal_during_the_start_ends_it_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "run.py", "--port=0", f"--data_dir={tmp_path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        lock = tmp_path / "mongodb" / "owner.lock"
        while not (lock.exists() and lock.read_text()):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    mongod_lock = tmp_path / "mongodb" / "db" / "mongod.lock"
    assert not mongod_lock.exists() or not is_alive(int(mongod_lock.read_text() or 0))


def test_a_mongod_that_dies_stops_the_server_with_one_sentence(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        os.kill(server.mongod_pid, signal.SIGKILL)
        server.lines += server.process.communicate(timeout=TIMEOUT_SECONDS)[0].splitlines(keepends=True)
        output = "".join(server.lines)
        assert server.process.returncode == 1
        assert "ERROR server.app: the private mongod ended by itself (exit code -9)" in output
        assert server.lines[-1].startswith("Stock Insight had to stop: the private mongod ended by itself")
        assert "Traceback" not in output


def test_sign_ins_under_way_are_answered_before_the_stop(tmp_path: Path) -> None:
    with running(tmp_path) as server, ExitStack() as stack:
        people = [
            stack.enter_context(closing(HTTPConnection(server.url.removeprefix("http://"), timeout=TIMEOUT_SECONDS)))
            for _ in range(8)
        ]
        body = json.dumps({"username": "alice", "password": server.password})
        for one in people:
            one.request("POST", "/api/auth/login", body)
        # All have been asked before one is answered, which takes a password's time.
        select.select([one.sock for one in people], [], [], TIMEOUT_SECONDS)
        assert server.stop() == 0
        answers = [json.load(one.getresponse()) for one in people]
        assert all(answer["data"]["access_token"] for answer in answers), answers
        assert "Traceback" not in "".join(server.lines)


def test_a_stdout_that_is_closed_stops_nothing(tmp_path: Path) -> None:
    with running(tmp_path, stderr=subprocess.PIPE, until="Demo accounts") as server:
        assert server.process.stdout is not None
        log = server.process.stderr
        assert log is not None
        server.process.stdout.close()
        # It finds out when it says that it is listening.
        while str(Path(f"/proc/{server.process.pid}/fd/1").readlink()) != os.devnull:
            assert server.process.poll() is None
            time.sleep(0.01)
        mongod_pid = server.mongod_pid
        server.process.send_signal(signal.SIGHUP)
        told = log.read()
        assert server.process.wait(TIMEOUT_SECONDS) == 0, told
        assert "stopped" in told
        assert "Traceback" not in told
        assert "Exception" not in told
        assert not is_alive(mongod_pid)


def test_a_unix_socket_is_not_taken_from_a_living_server(tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    option = f"--unix_socket={path}"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with running(tmp_path / "one", option) as server:
        with (
            pytest.raises(AssertionError, match=r"(?s)ended with 2: .*another server is listening there"),
            running(tmp_path / "two", option),
        ):
            pass
        assert path.exists()
        assert server.stop() == 0
    assert not path.exists()


def test_a_body_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS) as client:
            client.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 4")


def test_figures_are_told_on_an_address_of_their_own(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, f"--metrics_address=127.0.0.1:{port}") as server:
        server.call("/api/users?query=x", token=server.sign_in("alice"))
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_SECONDS) as answer:
            text = answer.read().decode()
        ready = server.call("/health")
        assert server.stop() == 0
    assert re.search(r'stock_insight_http_requests_total\{route="/api/users",status="2xx"\} 1.0', text)
    assert re.search(r'stock_insight_database_duration_seconds_count\{command="find"\} [1-9]', text)
    assert "stock_insight_loop_delay_seconds_count" in text
    assert "stock_insight_stored_messages_total 0.0" in text
    assert ready["details"]["parts"] == {"database": "ok"}
