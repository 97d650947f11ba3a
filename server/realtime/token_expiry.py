"""What happens to a socket whose access token runs out."""

from __future__ import annotations

from server.realtime.sockets import CONNECTED, Socket
from server.transport.deadlines import NEVER, Deadlines

GRACE_SECONDS = 60.0
"""How long a client may take to send a new token."""


class TokenExpiry:
    """The one deadline of a socket's token: the client is told, and disconnected when no new one comes in time."""

    __slots__ = ("_deadlines", "_is_told", "_socket", "wakes_at")

    def __init__(self, socket: Socket, deadlines: Deadlines) -> None:
        self.wakes_at = NEVER
        self._socket = socket
        self._deadlines = deadlines
        self._is_told = False

    def renew(self, when: float) -> None:
        """Expire at ``when`` (monotonic seconds) in place of the time before; nothing for a socket that is gone."""
        if self._socket.state is CONNECTED:
            self._is_told = False
            self._deadlines.at(when, self)

    def cancel(self) -> None:
        """Let the socket go."""
        self._deadlines.cancel(self)

    def on_deadline(self, now: float) -> float | None:
        """Tell the client, or disconnect one that was told; see `Expirable`."""
        if self._is_told:
            self._socket.disconnect()
            return None
        self._is_told = True
        self._socket.emit("token_expired", {"disconnect_in_ms": int(1000 * GRACE_SECONDS)})
        return now + GRACE_SECONDS
