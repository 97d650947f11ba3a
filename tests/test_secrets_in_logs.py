"""The log of a running server holds none of the secrets that were used on all its doors."""

from __future__ import annotations

import json
import re
import socket
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
import websocket

from tests.test_app import RunningServer, running

PASSWORD = "a-secret-of-alice"
NEW_PASSWORD = "another-secret-of-alice"


class Visitor:
    """Uses every door of a server, right and wrong, and remembers what nobody may read."""

    def __init__(self, server: RunningServer) -> None:
        self._url = server.url
        self._host = server.url.removeprefix("http://")
        self.secrets: set[str] = {PASSWORD, NEW_PASSWORD}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self._url + path, data, headers, method=method), timeout=60) as answer:
                text = answer.read().decode()
        except HTTPError as error:
            with error:
                text = error.read().decode()
        self._remember(text)
        return json.loads(text) if text.startswith("{") else text

    def _remember(self, text: str) -> None:
        self.secrets |= set(re.findall(r'"(?:access_token|refresh_token|sid)":"([^"]{12,})"', text))

    def watch(self, path: str, *messages: str, token: str = "") -> None:
        """Open a WebSocket, send these and close."""
        headers = [f"Authorization: Bearer {token}"] if token else []
        url = f"ws://{self._host}{path}"
        stream = websocket.create_connection(url, timeout=60, header=headers)
        sock = stream.sock
        assert sock is not None
        with closing(sock):  # which `close` forgets once the server has hung up
            stream.settimeout(0.3)
            with suppress(websocket.WebSocketException, OSError):
                for message in messages:
                    stream.send(message)
                while text := stream.recv():
                    self._remember(str(text))

    def register_and_sign_in(self) -> str:
        account = {"username": "erin", "password": PASSWORD}
        self.call("POST", "/api/auth/register", account)
        self.call("POST", "/api/auth/login", account | {"password": NEW_PASSWORD})
        self.call("POST", "/api/auth/login", json.dumps(account).encode()[:-1])
        data = self.call("POST", "/api/auth/login", account)["data"]
        token = str(data["access_token"])
        change = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
        self.call("PATCH", "/api/users/me/password", change, Authorization=f"Bearer {token}")
        for _ in range(2):  # the second time it is a thief's
            self.call("POST", "/api/auth/refresh", {"refresh_token": data["refresh_token"]})
        self.call("GET", "/api/users/me", Cookie=f"stock_insight_session={data['refresh_token']}")
        return str(self.call("POST", "/api/auth/login", account | {"password": NEW_PASSWORD})["data"]["access_token"])

    def use_streams(self, token: str) -> None:
        connect = f'40{{"token":"{token}"}}'
        query = "/socket.io/?EIO=4&transport=websocket"
        self.watch(query, connect, f'420["refresh_token",{{"token":"{token}"}}]', '421["join_chat",{"friend_id":7}]')
        self.watch(f"{query}&token={quote(token)}", "40", f'42["nonsense","{token}"]')
        self.watch(query, "40", token=token)
        self.watch(query, f'40{{"token":"{token}x"}}', f"4{token}")
        self.watch(f"/ws/stock/prices?token={token}", f'{{"type":"{token}"}}', token)
        opened = self.call("GET", "/socket.io/?EIO=4&transport=polling")
        sid = json.loads(opened[1:])["sid"]
        self.secrets.add(sid)
        path = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
        self.call("POST", path, connect.encode())
        self.call("GET", path)
        self.call("POST", path, b"x" + token.encode())
        self.call("GET", path)
        self.call("GET", f"/socket.io/?EIO=4&transport={token}&sid={sid}")

    def use_keys(self) -> None:
        made = self.call("POST", "/api/service_keys", {"name": "k", "scopes": ["metrics"]})
        key = made["data"]["key"]
        self.secrets.add(key.split("_", 2)[2])
        self.call("GET", "/metrics", Authorization=f"Bearer {key}")
        self.call("GET", "/api/users/me", Authorization=f"Bearer {key}")
        self.call("GET", f"/api/nothing/{key}?token={key}")
        self.call("GET", "/metrics", Authorization=f"Bearer {key}x")

    def send_nonsense(self, token: str) -> None:
        """Say secrets where they do not belong, to Tornado itself, too."""
        for line in (f"GET /?token={token} HTTP/9.9", f"{token}", f"GET /x HTTP/1.1\r\nAuthorization {token}"):
            host, _, port = self._host.partition(":")
            with socket.create_connection((host, int(port)), timeout=60) as connection:
                connection.sendall(f"{line}\r\n\r\n".encode())
                with suppress(OSError):
                    connection.recv(1000)


def telling_part(secret: str) -> str:
    """Return what nobody may read a beginning of; all JWTs begin alike, and are worth nothing without their end."""
    return secret.rpartition(".")[2][:12]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_secret_reaches_the_log(tmp_path: Path, log_format: str) -> None:
    with running(tmp_path, "--log_level=debug", f"--log_format={log_format}") as server:
        visitor = Visitor(server)
        token = visitor.register_and_sign_in()
        visitor.use_streams(token)
        visitor.use_keys()
        visitor.send_nonsense(token)
        visitor.call("POST", "/api/auth/logout", b"{}", Authorization=f"Bearer {token}")
        assert server.stop() == 0
    log = [line for line in server.lines if not line.startswith(("Demo accounts", "Stock Insight"))]
    assert len(visitor.secrets) >= 10
    for secret in map(telling_part, visitor.secrets):
        assert [line for line in log if secret in line] == []
    text = "".join(log)
    assert "engine.io open" in text and "engine.io close" in text and "stream close" in text
    assert "bytes_in=" in text
    if log_format == "json":
        records = [json.loads(line) for line in log]
        opened = [one["connection"] for one in records if one["message"].startswith("engine.io open")]
        closed = [one["connection"] for one in records if one["message"].startswith("engine.io close")]
        assert sorted(opened) == sorted(closed)
        assert len(set(opened)) == len(opened)
