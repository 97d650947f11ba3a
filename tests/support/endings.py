"""What a test asks of a connection after it sent something odd: that it is closed, or that it goes on."""

from __future__ import annotations

from tests.support import frames
from tests.support.engineio import ProtocolServer, Socket


async def assert_closed(server: ProtocolServer, socket: Socket, code: int = 1002) -> None:
    """Check that the server closes, without an answer, and keeps nothing."""
    frame = await socket.frame()
    assert (frame.first, int.from_bytes(frame.payload[:2], "big")) == (0x88, code), frame
    socket.send(frames.client_frame(8, frame.payload))
    assert await socket.ended() == b""
    assert not server.sio.engine.clients
    assert not server.sio.root.sockets


async def assert_alive(socket: Socket, namespace: str = "") -> None:
    """Check that the next thing the server says is its answer to this."""
    socket.send_text(f'42{namespace}7["message-with-ack","alive"]')
    assert await socket.text() == f'43{namespace}7["alive"]'
