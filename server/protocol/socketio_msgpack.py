"""Socket.IO 5 packets of socket.io-msgpack-parser: each is one binary message, a msgpack map with its bytes inline.

JavaScript writes them with notepack 2.x, which gives extension type 0 three meanings, told apart by the prefix byte
alone: ``d4`` undefined, ``d7`` a date (milliseconds), ``c7`` to ``c9`` an ArrayBuffer or typed array.

Read: undefined and nil as None, both kinds of byte arrays as bytes, dates (the standard timestamp -1 too) as datetimes
in UTC. Other extensions are refused, and so are dates beyond the year 9999 and maps with keys that are not text. NaN
and infinity, which JSON has not, come as they are.

Written: dates as notepack's, cut to milliseconds, and taken for UTC if they name no zone; integers beyond 64 bits as
the float JavaScript would make of them; keys that are not text as they are, JavaScript makes texts of them. Lone
surrogates are written, and read, as the three bytes UTF-8 has not: a browser gets them back, Node puts U+FFFD there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgpack
import msgspec

from server.errors import PeerError
from server.protocol.json_codec import MAX_DEPTH
from server.protocol.socketio import (
    EVENT,
    MAX_ACK_ID,
    MAX_NAMESPACE_BYTES,
    Packet,
    PacketType,
    check_ack_id,
    check_event,
    check_payload,
)

MAX_CONTAINERS = 100_000
"""How many arrays and maps a packet may hold: empty ones take 80 times the memory of the byte that announces them."""

MAX_VALUES_ONE_BY_ONE = 100_000
"""How many values a packet may hold if it has to be read one value at a time, see `_ExactReader`."""

_TYPES = tuple(kind for kind in PacketType if kind <= PacketType.CONNECT_ERROR)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

_ARRAY_PREFIXES = bytes(range(0x90, 0xA0)) + b"\xdc\xdd"
_MAP_PREFIXES = bytes(range(0x80, 0x90)) + b"\xde\xdf"
_CONTAINER_PREFIXES = _ARRAY_PREFIXES + _MAP_PREFIXES
_BYTES_PREFIXES = b"\xc4\xc5\xc6\xc7\xc8\xc9\xd4\xd5\xd6\xd7\xd8"
_SHORT_ARRAY = re.compile(rb"(?:\xc7|\xc8\0|\xc9\0\0\0)[\x01\x08]\0")
_CHECKED_FROM_BYTES = 2000
"""From this size on the lengths a packet announces are held against its bytes before memory is taken for them."""

_UNREADABLE = (ValueError, OverflowError, msgpack.UnpackException)
_OPTIONS: dict[str, Any] = {"timestamp": 3, "unicode_errors": "surrogatepass"}


def decode_packet(data: bytes) -> Packet:
    """Read one packet, as strictly as `socketio.decode_packet`. Raises `PeerError` for whatever is not allowed."""
    fields = _decode(data)
    if fields.__class__ is not dict:
        raise PeerError(f"a msgpack packet is a map; got {type(fields).__name__}")
    name = fields.get("nsp")
    namespace = "/" if name == "/" else _check_namespace(name)
    number, payload, ack_id = fields.get("type"), fields.get("data"), fields.get("id")
    if ack_id is not None and ack_id.__class__ is not int:
        raise PeerError(f"an ack id is an integer; got {type(ack_id).__name__}")
    if number == 2 and number.__class__ is int and (ack_id is None or 0 <= ack_id <= MAX_ACK_ID):  # nearly all
        return Packet(EVENT, namespace, check_event(payload), ack_id)
    kind = _check_type(number)
    ack_id = check_ack_id(kind, ack_id)
    return Packet(kind, namespace, check_payload(kind, payload, payload is not None), ack_id)


def _check_type(number: object) -> PacketType:
    if not isinstance(number, int) or isinstance(number, bool):
        raise PeerError(f"a packet's type is an integer from 0 to 4; got {type(number).__name__}")
    if not 0 <= number < len(_TYPES):
        raise PeerError(f"a packet's type is an integer from 0 to 4; got {number}")
    return _TYPES[number]


def _check_namespace(name: object) -> str:
    """Return the name of a namespace, if a text packet could name it too."""
    if not isinstance(name, str):
        raise PeerError(f"a packet's nsp is a text; got {type(name).__name__}")
    if not name.startswith("/") or "," in name:
        raise PeerError("a namespace begins with '/' and has no comma")
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise PeerError("a namespace is UTF-8; this one is not") from None
    if length > MAX_NAMESPACE_BYTES:
        raise PeerError(f"a namespace has at most {MAX_NAMESPACE_BYTES} bytes; got {length}")
    return name


class _AmbiguousError(Exception):
    """An extension that is undefined or a date, or else an array of 1 or 8 bytes: its prefix is needed."""


def _decode(data: bytes) -> Any:
    """Read one value that is all of ``data``; bounded in depth, containers and time."""
    try:
        if len(data) >= _CHECKED_FROM_BYTES:
            _unpacker(data).skip()
        try:
            return _decode_at_once(data, _read_extension)
        except _AmbiguousError:
            if _SHORT_ARRAY.search(data) is None:
                return _decode_at_once(data, _read_extension_but_array)
            return _ExactReader(data).read_all()
    except _UNREADABLE as error:
        raise PeerError(f"not a msgpack packet: {str(error) or type(error).__name__}") from None


def _decode_at_once(data: bytes, extension: Callable[[int, bytes], Any]) -> Any:
    containers = len(data) - len(data.translate(None, _CONTAINER_PREFIXES))  # at most so many
    hook = _counting_hook() if containers > MAX_CONTAINERS else None
    value = msgpack.unpackb(data, ext_hook=extension, object_hook=hook, list_hook=hook, **_OPTIONS)
    if containers > MAX_DEPTH or len(data.translate(None, _BYTES_PREFIXES)) < len(data):
        _check_containers(value)
    return value


def _counting_hook() -> Callable[[Any], Any]:
    numbers = count(1)

    def take(container: Any) -> Any:
        if next(numbers) > MAX_CONTAINERS:
            raise PeerError(f"a packet holds at most {MAX_CONTAINERS} arrays and maps")
        return container

    return take


def _check_containers(value: Any) -> None:
    """Refuse what nests too deep, and bytes as keys: all other keys but texts msgpack refuses itself."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for parent in level:
            if parent.__class__ is dict:
                for key in parent:
                    _check_key(key)
                parent = parent.values()  # noqa: PLW2901
            elif parent.__class__ is not list:
                continue
            deeper += [child for child in parent if child.__class__ is list or child.__class__ is dict]
        if not deeper:
            return
        level = deeper
    raise _too_deep()


def _too_deep() -> PeerError:
    return PeerError(f"the packet nests deeper than the {MAX_DEPTH} levels that are allowed")


def _check_key(key: object) -> None:
    if key.__class__ is not str:
        raise PeerError(f"the keys of a map are texts; got {type(key).__name__}")


def _read_bytes(code: int, data: bytes) -> bytes:
    if code:
        raise PeerError(f"msgpack extension type {code} is not known; 0 and -1 are")
    return data


def _read_extension(code: int, data: bytes) -> bytes:
    """Read what has the same meaning whatever its prefix."""
    if len(data) == 8 or data == b"\0":
        raise _AmbiguousError
    return _read_bytes(code, data)


def _read_extension_but_array(code: int, data: bytes) -> bytes | datetime | None:
    """Read an extension of a packet that has no array of 1 or 8 bytes."""
    data = _read_bytes(code, data)
    if len(data) == 8:
        return _read_date(data)
    return None if data == b"\0" else data


def _read_date(data: bytes) -> datetime:
    try:
        return _EPOCH + _MILLISECOND * int.from_bytes(data, "big", signed=True)
    except OverflowError:
        raise PeerError("a date is of the years 1 to 9999") from None


def _unpacker(data: bytes) -> msgpack.Unpacker:
    unpacker = msgpack.Unpacker(max_buffer_size=len(data), ext_hook=_read_bytes, **_OPTIONS)
    unpacker.feed(data)
    return unpacker


class _ExactReader:
    """Reads one value at a time, with an eye on its prefix: for packets with undefined or dates beside short arrays."""

    __slots__ = ("_data", "_numbers", "_unpacker")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._unpacker = _unpacker(data)
        self._numbers = count(1)

    def read_all(self) -> Any:
        """Read one value that is all there is."""
        value = self._read(0)
        if self._unpacker.tell() < len(self._data):
            raise PeerError("bytes behind the packet")
        return value

    def _read(self, depth: int) -> Any:
        if depth > MAX_DEPTH + 1:
            raise _too_deep()
        if next(self._numbers) > MAX_VALUES_ONE_BY_ONE:
            raise PeerError(f"dates and short byte arrays together are for packets of {MAX_VALUES_ONE_BY_ONE} values")
        unpacker, position = self._unpacker, self._unpacker.tell()
        if position == len(self._data):
            raise PeerError("the packet ends in the middle of a value")
        prefix = self._data[position]
        if prefix in _ARRAY_PREFIXES:
            return [self._read(depth + 1) for _ in range(unpacker.read_array_header())]
        if prefix in _MAP_PREFIXES:
            return {self._read_key(): self._read(depth + 1) for _ in range(unpacker.read_map_header())}
        value = unpacker.unpack()
        if prefix == 0xD7 and self._data[position + 1] == 0:
            return _read_date(value)
        return None if prefix == 0xD4 and value == b"\0" else value

    def _read_key(self) -> str:
        key: str = self._unpacker.unpack()
        _check_key(key)
        return key


def encode_packet(packet: Packet) -> bytes:
    """Write one packet, its bytes inline; a field that is None is left out, as JavaScript refuses nil there.

    Raises TypeError for a value that cannot be written, ValueError for one nested too deep.
    """
    kind, namespace, data, ack_id, _ = packet
    if kind > PacketType.CONNECT_ERROR:
        raise ValueError(f"{kind.name} is not a packet of msgpack, where bytes are inline")
    fields: dict[str, Any] = {"type": int(kind)}
    if data is not None:
        fields["data"] = data
    if ack_id is not None:
        fields = {"id": ack_id, **fields} if kind is PacketType.ACK else {**fields, "id": ack_id}
    fields["nsp"] = namespace
    try:
        return bytes(_PACKER.pack(fields))
    except UnicodeEncodeError:
        return bytes(_SURROGATE_PACKER.pack(fields))
    except RecursionError:
        raise ValueError("nested too deep") from None


def _to_plain(value: Any) -> Any:
    """Turn into plain values what msgpack does not know."""
    if isinstance(value, datetime):
        since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH
        return msgpack.ExtType(0, (since // _MILLISECOND).to_bytes(8, "big", signed=True))
    if isinstance(value, int):
        return _to_float(value)
    return msgspec.to_builtins(value, builtin_types=(bytes, bytearray, memoryview, datetime))


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


_PACKER = msgpack.Packer(default=_to_plain)
_SURROGATE_PACKER = msgpack.Packer(default=_to_plain, unicode_errors="surrogatepass")
