"""Socket.IO 5 packets, default parser: text and attachments to packets and back (protocol v5, "Packet encoding")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec
import orjson

from server.errors import PeerError
from server.protocol.json_codec import MAX_DEPTH, decode_json, encode_json


class PacketType(IntEnum):
    """The digit a packet begins with."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


EVENT, ACK = PacketType.EVENT, PacketType.ACK
"""Names of their own: looking a member of an enum up costs more than the rest of a short packet's header."""


class Packet(NamedTuple):
    """One packet. ``data`` is the payload: a list for EVENT and ACK, an object or None for CONNECT."""

    type: PacketType
    namespace: str = "/"
    data: Any = None
    ack_id: int | None = None
    attachments: int = 0


class EncodedPacket(NamedTuple):
    """A packet as Engine.IO messages: one text, then its attachments."""

    text: bytes
    attachments: Sequence[bytes] = ()


RESERVED_EVENTS = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)
"""Names no event may bear, in either direction."""

MAX_ACK_ID = 2**53
"""Beyond it JavaScript rounds."""

MAX_NAMESPACE_BYTES = 1000

_make_tuple = tuple.__new__

_HEADER = re.compile(
    rb"([0-6])(?:(\d{1,10})-)?(?:(/[^,]{0,%d})(?:,|$))?(\d+(?=\[|$))?" % (MAX_NAMESPACE_BYTES - 1), re.DOTALL
)


def decode_packet(data: bytes, max_attachments: int = 10) -> Packet:
    """Read the text of one packet; its attachments, if it announces any, are still to come.

    Raises `PeerError` for whatever the protocol does not allow.
    """
    # An event of "/", without or with an ack: nearly all there are. Made past the constructor, which is Python.
    if data[:2] == b"2[":
        return _make_tuple(Packet, (EVENT, "/", _read_event(data[1:]), None, 0))
    if data[:1] == b"2":
        start = data.find(b"[", 1, 17)
        if start > 0 and data[1:start].isdigit():
            return _make_tuple(Packet, (EVENT, "/", _read_event(data[start:]), int(data[1:start]), 0))
    header = _HEADER.match(data)
    if header is None:
        raise PeerError(f"a packet begins with a type from 0 to 6; got {data[:1]!r}")
    kind = PacketType(data[0] - 0x30)
    attachments = _check_attachments(kind, header[2], max_attachments)
    namespace = _decode_namespace(header[3]) if header[3] else "/"
    ack_id = check_ack_id(kind, _decode_ack_id(header[4]) if header[4] else None)
    rest = data[header.end() :]
    payload = decode_json(rest) if rest else None
    return Packet(kind, namespace, check_payload(kind, payload, bool(rest)), ack_id, attachments)


def _read_event(data: bytes) -> list[Any]:
    """Do what `decode_json` and `check_event` do; what is long or unusual is left to them."""
    if len(data) <= 2 * MAX_DEPTH:
        try:
            payload: list[Any] = orjson.loads(data)
        except orjson.JSONDecodeError:
            return check_event(decode_json(data))
        if payload and payload[0].__class__ is str and payload[0] not in RESERVED_EVENTS:
            return payload
    return check_event(decode_json(data))


def _decode_namespace(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise PeerError("a namespace is UTF-8; this one is not") from None


def _check_attachments(kind: PacketType, digits: bytes | None, limit: int) -> int:
    binary = kind in (PacketType.BINARY_EVENT, PacketType.BINARY_ACK)
    if not binary:
        if digits is not None:
            raise PeerError(f"a packet of type {kind.name} has no attachments")
        return 0
    count = int(digits) if digits else 0
    if not 1 <= count <= limit:
        raise PeerError(f"a binary packet announces 1 to {limit} attachments; got {count}")
    return count


def _decode_ack_id(digits: bytes) -> int:
    return int(digits) if len(digits) <= 16 else MAX_ACK_ID + 1  # far more digits would take far more time


def check_ack_id(kind: PacketType, ack_id: int | None) -> int | None:
    """Return ``ack_id`` if a packet of type ``kind`` may bear it, or bear none; else `PeerError`."""
    acknowledges = kind in (PacketType.ACK, PacketType.BINARY_ACK)
    if ack_id is None:
        if acknowledges:
            raise PeerError("an ack without an id")
        return None
    if not 0 <= ack_id <= MAX_ACK_ID:
        raise PeerError(f"an ack id is from 0 to {MAX_ACK_ID}")
    if not acknowledges and kind not in (PacketType.EVENT, PacketType.BINARY_EVENT):
        raise PeerError(f"a packet of type {kind.name} has no ack id")
    return ack_id


def check_payload(kind: PacketType, payload: Any, present: bool) -> Any:
    """Return ``payload`` if a packet of type ``kind`` may bear it; else `PeerError`."""
    match kind:
        case PacketType.EVENT | PacketType.BINARY_EVENT:
            return check_event(payload)
        case PacketType.ACK | PacketType.BINARY_ACK:
            if not isinstance(payload, list):
                raise PeerError("the payload of an ack is an array")
        case PacketType.CONNECT:
            if payload is not None and not isinstance(payload, dict):
                raise PeerError("the payload of CONNECT is an object, or absent")
        case PacketType.DISCONNECT:
            if present:
                raise PeerError("DISCONNECT has no payload")
        case PacketType.CONNECT_ERROR:
            if not isinstance(payload, (dict, str)):
                raise PeerError("the payload of CONNECT_ERROR is an object or a text")
    return payload


def check_event(payload: Any) -> list[Any]:
    """Return the payload of an event if it is one; else `PeerError`."""
    if payload.__class__ is not list or not payload:
        raise PeerError("the payload of an event is an array that begins with the event's name")
    name = payload[0]
    if name.__class__ is not str and (not isinstance(name, (str, int, float)) or isinstance(name, bool)):
        raise PeerError("an event's name is a text or a number")
    if name in RESERVED_EVENTS:
        raise PeerError(f"the event name {name!r} is reserved")
    return payload


def encode_packet(packet: Packet) -> EncodedPacket:
    """Write one packet. Bytes anywhere in ``data`` become attachments, and the type its binary twin."""
    attachments: list[bytes] = []
    body = b""
    if packet.data is not None:
        try:
            body = orjson.dumps(packet.data)
        except TypeError:  # bytes, a Struct, or something else beyond plain JSON
            body = _encode_data(packet.data, attachments)
    kind: int = packet.type
    if attachments and kind in (PacketType.EVENT, PacketType.ACK):
        kind += 3
    header = b"%d" % kind
    if attachments:
        header += b"%d-" % len(attachments)
    if packet.namespace != "/":
        header += packet.namespace.encode() + b","
    if packet.ack_id is not None:
        header += b"%d" % packet.ack_id
    return EncodedPacket(header + body, attachments)


def encode_plainly(kind: PacketType, namespace: str, data: list[Any], ack_id: int | None) -> bytes | None:
    """Write what `encode_packet` would, or return None if that needs more than orjson: a third of its time."""
    try:
        body = orjson.dumps(data)
    except TypeError:
        return None
    if namespace != "/":
        return b"%d%b,%b%b" % (kind, namespace.encode(), b"" if ack_id is None else b"%d" % ack_id, body)
    return _DIGITS[kind] + body if ack_id is None else b"%d%d%b" % (kind, ack_id, body)


_DIGITS = [b"%d" % kind for kind in PacketType]


def _encode_data(data: Any, attachments: list[bytes]) -> bytes:
    """Write ``data``, moving its bytes into ``attachments``."""

    def default(value: Any) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            attachments.append(bytes(value))
            return {"_placeholder": True, "num": len(attachments) - 1}
        return msgspec.to_builtins(value, builtin_types=(bytes,))

    return encode_json(data, default, restart=attachments.clear)


def restore_attachments(packet: Packet, attachments: Sequence[bytes]) -> Packet:
    """Put each attachment where its placeholder stands.

    Raises `PeerError` for a placeholder out of range, and for a second one of the same attachment: a short text could
    else stand for any number of copies of a large one.
    """
    kind = PacketType(packet.type - 3) if packet.attachments else packet.type
    return packet._replace(type=kind, data=_restore(packet.data, dict(enumerate(attachments))), attachments=0)


def _restore(value: Any, unused: dict[int, bytes]) -> Any:
    """Return an attachment for its placeholder, else ``value`` with what is in it restored in place."""
    if value.__class__ is list:
        for index, item in enumerate(value):
            if item.__class__ is dict or item.__class__ is list:
                value[index] = _restore(item, unused)
    elif value.__class__ is dict:
        if value.get("_placeholder") is True:
            number = value.get("num")
            if number.__class__ is not int or number not in unused:
                raise PeerError(f"a placeholder's num is that of an attachment, each once; got {number!r}")
            return unused.pop(number)
        for key, item in value.items():
            if item.__class__ is dict or item.__class__ is list:
                value[key] = _restore(item, unused)
    return value
