"""What an Engine.IO request asks for, and why it is refused (protocol v4, "Transports")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from server.protocol.json_codec import encode_json


class RequestFault(Enum):
    """The codes and texts of the reference; what a client library looks at."""

    UNKNOWN_TRANSPORT = (0, "Transport unknown")
    UNKNOWN_SID = (1, "Session ID unknown")
    BAD_HANDSHAKE_METHOD = (2, "Bad handshake method")
    BAD_REQUEST = (3, "Bad request")
    FORBIDDEN = (4, "Forbidden")
    UNSUPPORTED_VERSION = (5, "Unsupported protocol version")

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message


class Refusal(NamedTuple):
    """Why a request is refused; ``detail`` is for people: what was got, what is allowed, which setting changes it."""

    fault: RequestFault
    detail: str

    @property
    def body(self) -> bytes:
        """The JSON answer. Of FORBIDDEN the reason is the message, as in the reference."""
        if self.fault is RequestFault.FORBIDDEN:
            return encode_json({"code": self.fault.code, "message": self.detail})
        return encode_json({"code": self.fault.code, "message": self.fault.message, "detail": self.detail})

    @property
    def text(self) -> str:
        """The answer to a refused WebSocket upgrade."""
        return self.detail if self.fault is RequestFault.FORBIDDEN else f"{self.fault.message}: {self.detail}"


class EngineRequest(NamedTuple):
    """The query of one request, of which the last value of each name counts."""

    transport: str
    version: str
    sid: str
    base64_only: bool
    jsonp: bool

    @classmethod
    def parse(cls, arguments: Mapping[str, Sequence[bytes]]) -> EngineRequest:
        """Read the query's arguments."""

        def last(name: str) -> str:
            values = arguments.get(name)
            return values[-1].decode(errors="replace") if values else ""

        return cls(last("transport"), last("EIO"), last("sid"), last("b64") not in ("", "0", "false"), "j" in arguments)

    @property
    def wants_websocket(self) -> bool:
        """Whether the session is to be carried by a WebSocket."""
        return self.transport == "websocket"

    def check(self) -> Refusal | None:
        """Refuse what no session and no handshake allows."""
        if self.transport not in ("polling", "websocket"):
            got = f"transport={self.transport[:20]}" if self.transport else "none"
            detail = f"got {got}; allowed are transport=polling and transport=websocket"
            return Refusal(RequestFault.UNKNOWN_TRANSPORT, detail)
        if self.jsonp:
            return Refusal(RequestFault.BAD_REQUEST, "got j in the query, which asks for JSONP: it is not spoken")
        return None

    def check_handshake(self, method: str, is_upgrade: bool, allow_eio3: bool) -> Refusal | None:
        """Refuse what opens no session."""
        if method != "GET":
            return Refusal(RequestFault.BAD_HANDSHAKE_METHOD, f"a session is opened by GET; got {method[:20]}")
        if self.wants_websocket != is_upgrade:
            return self._bad_upgrade(is_upgrade)
        if self.version == "4" or (self.version == "3" and allow_eio3):
            return None
        if self.version == "3":
            detail = "got EIO=3, which Socket.IO 2 clients speak; allowed is EIO=4, and EIO=3 with allow_eio3=on"
        else:
            got = f"EIO={self.version[:20]}" if self.version else "no EIO"
            allowed = "EIO=4 and EIO=3" if allow_eio3 else "EIO=4, and EIO=3 with allow_eio3=on"
            detail = f"got {got}; allowed: {allowed}"
        return Refusal(RequestFault.UNSUPPORTED_VERSION, detail)

    def check_session(self, version: int, polls: bool, is_upgrade: bool) -> Refusal | None:
        """Refuse what the session with this ``version`` and transport does not allow."""
        if self.version != str(version):
            got = f"EIO={self.version[:20]}" if self.version else "no EIO"
            return Refusal(RequestFault.BAD_REQUEST, f"got {got}; the session was opened with EIO={version}")
        if self.wants_websocket != is_upgrade:
            return self._bad_upgrade(is_upgrade)
        if not self.wants_websocket and not polls:
            return Refusal(RequestFault.BAD_REQUEST, "got transport=polling; the session has a WebSocket now")
        return None

    def _bad_upgrade(self, is_upgrade: bool) -> Refusal:
        if is_upgrade:
            detail = "got an upgrade to WebSocket with transport=polling; allowed is transport=websocket"
        else:
            detail = (
                "got transport=websocket without the headers Upgrade and Connection; "
                "a proxy in between has to pass them on"
            )
        return Refusal(RequestFault.BAD_REQUEST, detail)


def unknown_session() -> Refusal:
    """Refuse a session id that is not, or no longer, known."""
    return Refusal(
        RequestFault.UNKNOWN_SID,
        "got a sid that is not open here: its session has ended (ping_interval and ping_timeout say after which "
        "silence) or was closed for what it sent (the log says why), or another process holds it; the client has to "
        "open a new one",
    )
