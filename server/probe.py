"""``python -m server.probe [URL] [--token TOKEN | --username NAME]``: what works of a server, seen from a terminal."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import math
import os
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from tornado.tcpclient import TCPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

DEFAULT_URL = "http://127.0.0.1:8000"
PASSWORD_VARIABLE = "PROBE_PASSWORD"  # noqa: S105
STEP_SECONDS = 5.0
PINGS = 20
MAX_HEAD_BYTES = 64 * 1024
_GREEN, _RED, _FAINT, _PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


class StepError(Exception):
    """A step that failed: what was seen, and what to look at."""

    def __init__(self, seen: str, hint: str = "") -> None:
        super().__init__(f"{seen}; {hint}" if hint else seen)


class SkipError(Exception):
    """A step that this server, or this caller, has no use for."""


class UnreachableError(StepError):
    """Nothing answers at all."""


class Step(NamedTuple):
    """One thing to try; ``run`` returns what is worth telling."""

    name: str
    run: Callable[[], Awaitable[str]]
    hint: str


class Probe:
    """Tries one door of a server after the other."""

    def __init__(self, url: str, token: str | None, seconds: float = STEP_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._sid = ""

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in order; each stands for itself, but the upgrade, which goes on from polling."""
        proxy = "is the proxy passing Upgrade and Connection, over HTTP/1.1?"
        return (
            Step("health", self._health, "see `failed` and the server's log: is its database running?"),
            Step("polling handshake", self._polling, "does the proxy pass /socket.io/ on, with its query?"),
            Step("upgrade", self._upgrade, proxy),
            Step("WebSocket", self._websocket, proxy),
            Step("round trip", self._round_trip, proxy),
            Step("raw prices", self._raw_prices, proxy),
            Step("notifications", self._notifications, proxy),
            Step("SSE", self._sse, "does the proxy hold answers back? It must not buffer (proxy_buffering off)"),
        )

    async def sign_in(self, username: str, password: str) -> None:
        """Get a token for a member; StepError when that does not work."""
        body = json.dumps({"username": username, "password": password})
        answer = await self._fetch("/api/auth/login", method="POST", body=body)
        if answer.code != 200:
            raise StepError(f"the sign-in was answered {answer.code}", "are username and password right?")
        self._token = _object(answer.body)["data"]["access_token"]

    async def run(self, tell: Callable[[Step, str, float, str], None]) -> tuple[int, int]:
        """Do every step, tell of each as it ends, and return how many are green and red.

        Raises UnreachableError when nothing answers the first one.
        """
        outcomes = {"green": 0, "red": 0, "skipped": 0}
        for step in self.steps():
            begun = time.perf_counter()
            try:
                async with asyncio.timeout(self._seconds):
                    outcome, seen = "green", await step.run()
            except SkipError as reason:
                outcome, seen = "skipped", str(reason)
            except UnreachableError:
                raise
            except TimeoutError:
                outcome, seen = "red", f"nothing came within {self._seconds:g} s; {step.hint}"
            except (StepError, HTTPClientError, OSError, ValueError, KeyError) as error:
                outcome, seen = "red", f"{self._safe(error)}; {step.hint}"
            outcomes[outcome] += 1
            tell(step, outcome, 1000 * (time.perf_counter() - begun), seen)
        return outcomes["green"], outcomes["red"]

    # The steps.

    async def _health(self) -> str:
        try:
            answer = await self._fetch("/health")
        except (OSError, HTTPClientError) as error:
            raise UnreachableError(f"nothing answers at {self._url} ({self._safe(error)})") from None
        if answer.code != 200:
            failed = ", ".join(_object(answer.body).get("failed", ())) if answer.code == 503 else ""
            raise StepError(f"answered {answer.code}{f', failed: {failed}' if failed else ''}")
        return ""

    async def _polling(self) -> str:
        answer = await self._fetch("/socket.io/?EIO=4&transport=polling")
        opened = answer.body.decode(errors="replace")
        if answer.code != 200 or not opened.startswith("0"):
            raise StepError(f"answered {answer.code} {opened[:60]!r}")
        handshake = json.loads(opened[1:])
        self._sid = handshake["sid"]
        if "websocket" not in handshake["upgrades"]:
            raise StepError("it offers no upgrade to WebSocket")
        return f"pings every {handshake['pingInterval'] / 1000:g} s"

    async def _upgrade(self) -> str:
        if not self._sid:
            raise SkipError("there is no polling session to upgrade")
        connection = await self._open(f"/socket.io/?EIO=4&transport=websocket&sid={quote(self._sid)}")
        try:
            await connection.write_message("2probe")
            _expect(await _read(connection), "3probe")
            await connection.write_message("5")
            await self._connect_namespace(connection)
        finally:
            connection.close()
        return ""

    async def _websocket(self) -> str:
        connection = await self._connected()
        connection.close()
        return "" if self._token else "without a token any answer counts"

    async def _round_trip(self) -> str:
        if not self._token:
            raise SkipError("needs a token: give --token or --username")
        connection = await self._connected()
        try:
            times = sorted([await self._ping(connection, number) for number in range(PINGS)])
        finally:
            connection.close()
        return f"p50 {_percentile(times, 0.5):.1f} ms, p99 {_percentile(times, 0.99):.1f} ms of {PINGS} pings"

    async def _raw_prices(self) -> str:
        connection = await self._open(f"/ws/stock/prices{self._query()}")
        try:
            await _message(connection, "connected")
            asked = {"type": "subscribe", "subscription_type": "market", "target": "ALL"}
            await connection.write_message(json.dumps(asked))
            await _message(connection, "subscribed")
            return f"{(await _message(connection, 'price_update'))['count']} quotes"
        finally:
            connection.close()

    async def _notifications(self) -> str:
        self._need_token()
        connection = await self._open(f"/api/ws/notifications{self._query()}", optional=True)
        try:
            await _message(connection, "connected")
        finally:
            connection.close()
        return ""

    async def _sse(self) -> str:
        self._need_token()
        place = urlsplit(f"{self._url}/api/notifications/stream{self._query()}")
        secure = place.scheme == "https"
        context = ssl.create_default_context() if secure else None
        port = place.port or (443 if secure else 80)
        stream = await TCPClient().connect(place.hostname or "", port, ssl_options=context)
        try:
            lines = (f"GET {place.path}?{place.query} HTTP/1.1", f"Host: {place.netloc}", "Accept: text/event-stream")
            await stream.write("\r\n".join((*lines, "", "")).encode())
            head = await stream.read_until(b"\r\n\r\n", max_bytes=MAX_HEAD_BYTES)
            _check_streaming(int(head.partition(b" ")[2][:3]))
            await stream.read_bytes(1)  # the client of Tornado could not leave a stream without a word in the log
        finally:
            stream.close()
        return ""

    # What the steps share.

    async def _connected(self) -> WebSocketClientConnection:
        connection = await self._open("/socket.io/?EIO=4&transport=websocket")
        try:
            opened = await _read(connection)
            _expect(opened[:1], "0")
            await self._connect_namespace(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _connect_namespace(self, connection: WebSocketClientConnection) -> None:
        """Connect to ``/``: with a token it must work, without one it must be answered."""
        await connection.write_message("40" + (json.dumps({"token": self._token}) if self._token else ""))
        answer = await _packet(connection, "40", "44")
        if answer.startswith("44") and self._token:
            raise StepError(f"the token is refused ({json.loads(answer[2:]).get('message', '')})")

    async def _ping(self, connection: WebSocketClientConnection, number: int) -> float:
        begun = time.perf_counter()
        await connection.write_message(f'42{number}["ping"]')
        await _packet(connection, f"43{number}[")
        return 1000 * (time.perf_counter() - begun)

    async def _open(self, path: str, *, optional: bool = False) -> WebSocketClientConnection:
        request = HTTPRequest(f"ws{self._url[4:]}{path}", connect_timeout=self._seconds)
        try:
            return await websocket_connect(request)
        except HTTPClientError as error:
            if optional and error.code == 404:
                raise SkipError("this server has none (404)") from None
            raise StepError(f"the WebSocket was answered {error.code} {error.message}") from None

    async def _fetch(self, path: str, **options: Any) -> HTTPResponse:
        headers = HTTPHeaders({"Content-Type": "application/json"} if "body" in options else {})
        request = HTTPRequest(
            f"{self._url}{path}", headers=headers, request_timeout=self._seconds, follow_redirects=False, **options
        )
        return await AsyncHTTPClient().fetch(request, raise_error=False)

    def _need_token(self) -> None:
        if not self._token:
            raise SkipError("needs a token: give --token or --username")

    def _query(self) -> str:
        return f"?token={quote(self._token)}" if self._token else ""

    def _safe(self, error: BaseException) -> str:
        """Return what an error says, never with the token."""
        text = str(error) or type(error).__name__
        return text.replace(self._token, "…") if self._token else text


def _check_streaming(status: int) -> None:
    if status == 404:
        raise SkipError("this server has none (404)")
    if status != 200:
        raise StepError(f"answered {status}")


async def _read(connection: WebSocketClientConnection) -> str:
    message = await connection.read_message()
    if message is None:
        raise StepError(f"the server closed with {connection.close_code} {connection.close_reason or ''}".rstrip())
    return message if isinstance(message, str) else message.decode(errors="replace")


async def _packet(connection: WebSocketClientConnection, *prefixes: str) -> str:
    """Return the next packet that begins so; the server's own pings are answered, all else is passed over."""
    while not (packet := await _read(connection)).startswith(prefixes):
        if packet == "2":
            await connection.write_message("3")
    return packet


async def _message(connection: WebSocketClientConnection, kind: str) -> dict[str, Any]:
    message = _object(await _read(connection))
    if message.get("type") != kind:
        raise StepError(f"got a message {message.get('type')!r} instead of {kind!r}")
    return message


def _expect(got: str, wanted: str) -> None:
    if got != wanted:
        raise StepError(f"got {got[:60]!r} instead of {wanted!r}")


def _object(text: str | bytes) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise StepError(f"got {str(value)[:60]!r} instead of an object")
    return value


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


# The terminal.


def main(arguments: Sequence[str]) -> int:
    """Probe; return the exit code: 0 all green, 1 something red, 2 wrong usage, or nothing answers."""
    parser = argparse.ArgumentParser(prog="python -m server.probe", description="Try every door of a server.")
    parser.add_argument("url", nargs="?", default=DEFAULT_URL, help=f"default: {DEFAULT_URL}")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--token", help="an access token")
    who.add_argument("--username", help=f"signs in; the password is asked for, or taken from {PASSWORD_VARIABLE}")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    if urlsplit(options.url).scheme not in {"http", "https"} or not urlsplit(options.url).hostname:
        print("the URL is http://host[:port] or https://host[:port]", file=sys.stderr)
        return 2
    try:
        return asyncio.run(_probe(options.url, options.token, options.username))
    except KeyboardInterrupt:
        return 2


async def _probe(url: str, token: str | None, username: str | None) -> int:
    probe = Probe(url, token)
    print(f"Probing {url}", flush=True)
    begun = time.perf_counter()
    try:
        if username is not None:
            await probe.sign_in(username, os.environ.get(PASSWORD_VARIABLE) or getpass.getpass())
        green, red = await probe.run(_tell)
    except (StepError, OSError, HTTPClientError) as error:
        print(f"{error}: is the server running, and is this its address?", file=sys.stderr)
        return 2
    print(f"{green} green, {red} red, in {time.perf_counter() - begun:.1f} s", flush=True)
    return 1 if red else 0


def _tell(step: Step, outcome: str, milliseconds: float, seen: str) -> None:
    mark, colour = {"green": ("ok  ", _GREEN), "red": ("FAIL", _RED), "skipped": ("skip", _FAINT)}[outcome]
    shown = f"{colour}{mark}{_PLAIN}" if sys.stdout.isatty() else mark
    print(f"{shown} {step.name:<18}{milliseconds:8.1f} ms{f'  {seen}' if seen else ''}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
