"""One Engine.IO session: what may happen when, heartbeat, upgrade, close. Bytes and times in, decisions out."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from server.errors import PeerError
from server.protocol.engineio import PacketType
from server.protocol.engineio_codecs import MESSAGE_BYTE
from server.protocol.json_codec import encode_json
from server.protocol.websocket_frames import CloseCode


class SessionState(Enum):
    """Which transport carries the session."""

    POLLING = "polling"
    PROBING = "probing"
    """Still polling; a WebSocket is being tried out."""
    WEBSOCKET = "websocket"
    CLOSING = "closing"
    """Closed by the server; the next poll takes what is queued and the close packet."""
    CLOSED = "closed"


class Input(Enum):
    """What can happen to a session from outside."""

    POLL = "a poll"
    POST = "a post"
    ATTACH = "a WebSocket"
    UPGRADE = "the upgrade packet"
    DETACH = "the loss of the probing WebSocket"
    FRAME = "a frame on its WebSocket"
    END = "the server's own close"
    LOSS = "the loss of the transport"


_S, _I = SessionState, Input

TRANSITIONS: dict[tuple[SessionState, Input], SessionState] = {
    (_S.POLLING, _I.POLL): _S.POLLING,
    (_S.POLLING, _I.POST): _S.POLLING,
    (_S.POLLING, _I.ATTACH): _S.PROBING,
    (_S.POLLING, _I.END): _S.CLOSING,
    (_S.PROBING, _I.POLL): _S.PROBING,
    (_S.PROBING, _I.POST): _S.PROBING,
    (_S.PROBING, _I.UPGRADE): _S.WEBSOCKET,
    (_S.PROBING, _I.DETACH): _S.POLLING,
    (_S.PROBING, _I.END): _S.CLOSING,
    (_S.WEBSOCKET, _I.FRAME): _S.WEBSOCKET,
    (_S.WEBSOCKET, _I.END): _S.CLOSED,
    (_S.CLOSING, _I.POLL): _S.CLOSED,
    (_S.CLOSING, _I.POST): _S.CLOSING,
    (_S.CLOSING, _I.END): _S.CLOSING,
    **{(state, _I.LOSS): _S.CLOSED for state in _S},
}
"""Everything that is allowed; what is missing is refused."""


class CloseReason(Enum):
    """Why a session ended: the reference's text, the WebSocket close code, whether clients come back by themselves."""

    TRANSPORT_CLOSE = ("transport close", CloseCode.NORMAL, True)
    TRANSPORT_ERROR = ("transport error", CloseCode.PROTOCOL_ERROR, True)
    PARSE_ERROR = ("parse error", CloseCode.PROTOCOL_ERROR, True)
    PING_TIMEOUT = ("ping timeout", CloseCode.GOING_AWAY, True)
    CONNECT_TIMEOUT = ("connect timeout", CloseCode.POLICY_VIOLATION, True)
    FORCED_CLOSE = ("forced close", CloseCode.NORMAL, True)
    SERVER_SHUTTING_DOWN = ("server shutting down", CloseCode.GOING_AWAY, True)
    SLOW_CONSUMER = ("slow consumer", CloseCode.SLOW_CONSUMER, True)
    CLIENT_DISCONNECT = ("client namespace disconnect", CloseCode.NORMAL, False)
    SERVER_DISCONNECT = ("server namespace disconnect", CloseCode.NORMAL, False)

    def __init__(self, text: str, code: CloseCode, reconnects: bool) -> None:
        self.text = text
        self.code = code
        self.reconnects = reconnects


class SessionError(PeerError):
    """The peer did what ends the session."""

    def __init__(self, reason: CloseReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class CookieOptions(NamedTuple):
    """The attributes of the cookie that carries the session id, which is a secret."""

    name: str = "io"
    path: str = "/"
    http_only: bool = True
    same_site: str = "Lax"
    secure: bool = False


class EngineOptions(NamedTuple):
    """Times in seconds, sizes in bytes."""

    ping_interval: float = 25.0
    ping_timeout: float = 60.0
    max_payload_bytes: int = 1_000_000
    upgrade_timeout: float = 10.0
    closing_timeout: float = 30.0
    max_packets_per_poll: int = 16
    allow_eio3: bool = True
    """Serve Engine.IO 3, which Socket.IO 2 clients speak, as well."""
    outbox_limit_bytes: int = 4 << 20
    cookie: CookieOptions | None = None
    """Set a cookie with the session id at the handshake: what a load balancer may hold a client by."""


class Heartbeat(Enum):
    """Where the session stands between two pings."""

    RESTING = "resting"
    PINGED = "pinged"
    EXTENDED = "extended"
    """Pinged, and another packet than the pong has come: the wait was begun again, which happens once a ping."""


RESTING = Heartbeat.RESTING
"""A name of its own: looking a member of an enum up costs as much as calling a function."""


class EngineSession:
    """The state of one session of Engine.IO 4. It performs no I/O: its owner asks, and does what the answer says.

    Times are the owner's monotonic seconds.
    """

    __slots__ = ("deadline", "heartbeat", "options", "sid", "state")

    def __init__(self, sid: str, options: EngineOptions, state: SessionState, now: float) -> None:
        self.sid = sid
        self.options = options
        self.state = state
        self.heartbeat = Heartbeat.RESTING
        self.deadline = now + options.ping_interval
        """When `on_deadline` has something to say."""

    def handshake(self) -> bytes:
        """Return the open packet; its key order is the reference's."""
        options = self.options
        return b"0" + encode_json(
            {
                "sid": self.sid,
                "upgrades": ["websocket"] if self.state is SessionState.POLLING else [],
                "pingInterval": round(options.ping_interval * 1000),
                "pingTimeout": round(options.ping_timeout * 1000),
                "maxPayload": options.max_payload_bytes,
            }
        )

    def allows(self, step: Input) -> bool:
        """Tell whether ``step`` may happen now."""
        return (self.state, step) in TRANSITIONS

    def step(self, step: Input) -> None:
        """Move on by ``step``; `SessionError` when the present state does not allow it."""
        state = TRANSITIONS.get((self.state, step))
        if state is None:
            raise SessionError(CloseReason.TRANSPORT_ERROR, f"{step.value} is not allowed while {self.state.value}")
        self.state = state

    def receive(self, packet: bytes, now: float) -> bytes | None:
        """Take one text packet of the session's own transport; return the message in it, without its digit.

        Raises `SessionError` for a packet that ends the session: close, ping, open, an unknown type.
        """
        kind = packet[0] - 0x30 if packet else -1
        if self.heartbeat is not Heartbeat.RESTING:
            self.note_traffic(now, pong=kind == PacketType.PONG)
        if kind == PacketType.MESSAGE:
            return packet[1:]
        if kind == PacketType.CLOSE:
            raise SessionError(CloseReason.TRANSPORT_CLOSE, "the client sent a close packet")
        if kind in (PacketType.PING, PacketType.OPEN):
            raise SessionError(CloseReason.TRANSPORT_ERROR, "open, and in Engine.IO 4 ping, are the server's")
        if kind not in (PacketType.PONG, PacketType.UPGRADE, PacketType.NOOP):
            raise SessionError(CloseReason.PARSE_ERROR, f"a packet begins with a digit from 0 to 6; got {packet[:1]!r}")
        return None

    def note_traffic(self, now: float, pong: bool = False) -> None:
        """Note that the client lives: the pong ends the wait, any other packet begins it again, once a ping."""
        if pong:
            if self.heartbeat is not Heartbeat.RESTING:
                self.heartbeat = Heartbeat.RESTING
                self.deadline = now + self.options.ping_interval
        elif self.heartbeat is Heartbeat.PINGED:
            self.heartbeat = Heartbeat.EXTENDED
            self.deadline = now + self.options.ping_timeout

    def receive_binary(self, data: bytes, now: float) -> bytes:
        """Take one binary packet; return the message in it."""
        self.note_traffic(now)
        return data

    def wait_again(self, now: float) -> None:
        """Begin a wait for the pong anew, as nothing was read meanwhile."""
        if self.heartbeat is not Heartbeat.RESTING:
            self.deadline = max(self.deadline, now + self.options.ping_timeout)

    def on_deadline(self, now: float) -> bool:
        """Tell whether a ping is to be sent at ``now``; `SessionError` when the last one was not answered in time."""
        if now < self.deadline:
            return False
        if self.heartbeat is not Heartbeat.RESTING:
            raise SessionError(CloseReason.PING_TIMEOUT, f"no pong within {self.options.ping_timeout:g} s")
        self.heartbeat = Heartbeat.PINGED
        self.deadline = now + self.options.ping_timeout
        return True


class EngineSession3(EngineSession):
    """The state of one session of Engine.IO 3, in which the client pings (protocol v3, "Timeouts").

    It always waits: for the next packet, whichever it is.
    """

    __slots__ = ()

    def __init__(self, sid: str, options: EngineOptions, state: SessionState, now: float) -> None:
        super().__init__(sid, options, state, now)
        self.heartbeat = Heartbeat.PINGED
        self.note_traffic(now)

    def receive(self, packet: bytes, now: float) -> bytes | None:
        """Take one text packet; as in version 4, but the ping is the client's, and ``b`` begins binary as base64."""
        self.note_traffic(now)
        kind = packet[:1]
        if kind == b"4":
            return packet[1:]
        if kind in (b"2", b"b"):
            return None
        if kind == b"3":
            raise SessionError(CloseReason.TRANSPORT_ERROR, "in Engine.IO 3 the pong is the server's to send")
        return super().receive(packet, now)

    def receive_binary(self, data: bytes, now: float) -> bytes:
        """Take one binary packet, whose first byte is its type; `SessionError` for another than a message."""
        self.note_traffic(now)
        if data[:1] != MESSAGE_BYTE:
            text = f"a binary packet of Engine.IO 3 begins with 4, the type of a message; got {data[:1]!r}"
            raise SessionError(CloseReason.PARSE_ERROR, text)
        return data[1:]

    def note_traffic(self, now: float, pong: bool = False) -> None:
        """Note that the client lives."""
        self.deadline = now + self.options.ping_interval + self.options.ping_timeout

    def on_deadline(self, now: float) -> bool:
        """Tell that there is nothing to send; `SessionError` when the client was silent for too long."""
        if now < self.deadline:
            return False
        seconds = self.options.ping_interval + self.options.ping_timeout
        raise SessionError(CloseReason.PING_TIMEOUT, f"nothing came within {seconds:g} s")
