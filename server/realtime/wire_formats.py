"""Every way an event is written for a client; a broadcast is encoded once for each that somebody in it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from server.protocol import socketio, socketio_msgpack, sse
from server.protocol.engineio import OutgoingMessage
from server.protocol.engineio_codecs import V3, V3_BASE64, V4, Codec
from server.protocol.json_codec import encode_json
from server.protocol.websocket_frames import text_frame

if TYPE_CHECKING:
    from server.realtime.engineio_client import EngineIOClient


class SocketIOFormat(ABC):
    """A way to write Socket.IO packets as Engine.IO messages."""

    recovers: bool
    """Whether its clients know connection state recovery."""

    @abstractmethod
    def write(self, packet: socketio.Packet) -> OutgoingMessage:
        """Write one packet. Raises TypeError or ValueError for what the format cannot hold."""

    def send(
        self, engine: EngineIOClient, kind: socketio.PacketType, namespace: str, data: list[Any], ack_id: int | None
    ) -> None:
        """Write an event or an ack and send it to one client."""
        engine.send(self.write(socketio.Packet(kind, namespace, data, ack_id)))

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> OutgoingMessage:
        """Write an event, its offset as the last argument; see `WireFormat`."""
        data = [event, *args] if offset is None or not self.recovers else [event, *args, offset]
        return self.write(socketio.Packet(socketio.EVENT, namespace, data))


class SocketIOText(SocketIOFormat):
    """The default parser: text, and each attachment as a binary message behind it."""

    def __init__(self, codec: Codec) -> None:
        self._message = codec.message
        self.recovers = codec.version == 4

    def write(self, packet: socketio.Packet) -> OutgoingMessage:
        """See `SocketIOFormat`."""
        text, attachments = socketio.encode_packet(packet)
        message = self._message
        return OutgoingMessage(message(text), *[message(attachment, True) for attachment in attachments])

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> OutgoingMessage:
        """See `SocketIOFormat`; most events have no attachments and need no packet."""
        data = [event, *args] if offset is None or not self.recovers else [event, *args, offset]
        text = socketio.encode_plainly(socketio.EVENT, namespace, data, None)
        if text is None:
            return self.write(socketio.Packet(socketio.EVENT, namespace, data))
        return OutgoingMessage(self._message(text))

    def send(
        self, engine: EngineIOClient, kind: socketio.PacketType, namespace: str, data: list[Any], ack_id: int | None
    ) -> None:
        """See `SocketIOFormat`; most packets have no attachments and need no objects around them."""
        text = socketio.encode_plainly(kind, namespace, data, ack_id)
        if text is None:
            engine.send(self.write(socketio.Packet(kind, namespace, data, ack_id)))
        else:
            engine.send_text(text)


class SocketIOMsgpack(SocketIOFormat):
    """socket.io-msgpack-parser: one binary message, with bytes where they stand."""

    recovers = True

    def write(self, packet: socketio.Packet) -> OutgoingMessage:
        """See `SocketIOFormat`."""
        return OutgoingMessage(V4.message(socketio_msgpack.encode_packet(packet), True))


class RawJson:
    """One JSON object in a WebSocket text frame: the payload's fields behind ``type``, the event's name.

    Arguments that are not one object stand in ``args``.
    """

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> bytes:
        """Write the frame."""
        payload = args[0] if len(args) == 1 and isinstance(args[0], Mapping) else {"args": args}
        return text_frame(encode_json({"type": event, **payload}))


class RawData:
    """One JSON object in a WebSocket text frame: ``type``, the event's name, and ``data``, its payload."""

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> bytes:
        """Write the frame."""
        return text_frame(encode_json({"type": event, "data": args[0]}))


class ServerSentEvent:
    """An event of an SSE stream; a payload's ``id`` is its id, which the client brings back as ``Last-Event-ID``."""

    def encode(self, namespace: str, event: str, args: tuple[Any, ...], offset: str | None = None) -> bytes:
        """Write the event."""
        return sse.event(event, args[0], args[0].get("id"))


SOCKETIO_TEXT = SocketIOText(V4)
SOCKETIO_TEXT_3 = SocketIOText(V3)
SOCKETIO_TEXT_3_BASE64 = SocketIOText(V3_BASE64)
SOCKETIO_MSGPACK = SocketIOMsgpack()
RAW_JSON = RawJson()
RAW_DATA = RawData()
SSE_FORMAT = ServerSentEvent()


def text_format(codec: Codec) -> SocketIOFormat:
    """Return the default parser's format over ``codec``."""
    return _TEXT_FORMATS[codec]


_TEXT_FORMATS: Mapping[Codec, SocketIOFormat] = {
    V4: SOCKETIO_TEXT,
    V3: SOCKETIO_TEXT_3,
    V3_BASE64: SOCKETIO_TEXT_3_BASE64,
}
