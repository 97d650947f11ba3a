"""What sits on an Engine.IO client."""

from __future__ import annotations

from typing import Protocol

from server.protocol.engineio_session import CloseReason


class MessageHandler(Protocol):
    """What sits on one Engine.IO client. Raising `PeerError` from a message closes the client."""

    def on_text(self, data: bytes) -> None:
        """Take one text message, UTF-8."""

    def on_binary(self, data: bytes) -> None:
        """Take one binary message."""

    def on_close(self, reason: CloseReason) -> None:
        """Learn, once, that the client is gone."""
