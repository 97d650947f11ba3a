"""Server-Sent Events (WHATWG HTML, 9.2), server side: what to send; nothing is read from such a client."""

from __future__ import annotations

from collections.abc import Mapping

from server.protocol.json_codec import encode_json
from server.protocol.websocket_frames import CloseCode, Frame, FrameError

COMMENT = b": heartbeat\n\n"
"""Says nothing but that the stream is alive."""

RETRY_MS_WHEN_FULL = 60_000
"""How long a client waits that was closed for a newer one: coming back at once, it would close that one."""

_HEAD = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Connection": "close",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def response_head(headers: Mapping[str, str]) -> bytes:
    """Return the head of an answer that ends with its connection, with more ``headers``."""
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in {**_HEAD, **headers}.items())]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1")


def event(name: str, data: object, event_id: str | None = None) -> bytes:
    """Return one event; its data is JSON on one line."""
    lines = [f"event: {name}".encode(), b"data: " + encode_json(data)]
    if event_id is not None:
        lines.insert(1, f"id: {event_id}".encode())
    return b"\n".join([*lines, b"\n"])


def closed(code: int, reason: str) -> bytes:
    """Return the last event of a stream that the server ends."""
    retry = f"retry: {RETRY_MS_WHEN_FULL}\n".encode() if code == CloseCode.TOO_MANY_CONNECTIONS else b""
    return retry + event("closed", {"code": int(code), "reason": reason})


class EventStream:
    """The framing of such a stream in place of RFC 6455's; what the client sends is not looked at."""

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: FrameError | None = None

    def feed(self, _data: bytes) -> list[Frame]:
        """Return nothing: all there is to learn is that the client is there."""
        return []

    def closing(self, code: int, reason: str) -> bytes:
        """Return what is sent last; no answer to it can be read."""
        self.error = FrameError(CloseCode.NORMAL, "the stream has ended")
        return closed(code, reason)
