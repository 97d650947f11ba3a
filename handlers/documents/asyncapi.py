"""The streams and events as an AsyncAPI 3.0 document, made of what is registered and declared."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from handlers.documents.schemas import Schemas, object_of
from handlers.events.outgoing import ACKS, EVENTS, Failure
from handlers.operations import Answer
from handlers.streams.outgoing import STREAMS, Stream, tagged
from server.auth.access import Access
from server.realtime.registration import EventSpec

Json = dict[str, Any]

SOCKET_IO = "socketio"
_PARAMETER = re.compile(r"{(\w+)}")
_ABOUT = (
    "What clients send is received, what the server sends is sent. Over Socket.IO an event's payload is its one "
    "argument; without an ack, a failure comes as the event `error`."
)


def asyncapi(events: Mapping[str | float, EventSpec], version: str) -> Json:
    """Return the document of the Socket.IO events that are registered, and of all other streams."""
    taken = {str(name): spec for name, spec in events.items()}
    schemas = Schemas(
        [
            *(spec.payload for spec in taken.values() if spec.payload),
            *EVENTS.values(),
            *ACKS.values(),
            Failure,
            *(message for stream in STREAMS for message in (*stream.incoming, *stream.outgoing.values())),
        ]
    )
    document: Json = {
        "asyncapi": "3.0.0",
        "info": {"title": "Stock Insight", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {},
        "operations": {},
        "components": {"schemas": schemas.components},
    }
    _add_socket_io(document, taken, schemas)
    for stream in STREAMS:
        _add_stream(document, stream, schemas)
    return document


def _add_socket_io(document: Json, taken: Mapping[str, EventSpec], schemas: Schemas) -> None:
    messages: Json = {}
    document["channels"][SOCKET_IO] = {
        "address": "/socket.io/",
        "title": "Socket.IO",
        "description": "Engine.IO 4 and 3, namespace `/`. Connect with `auth: {token}`.",
        "messages": messages,
    }
    for name, spec in taken.items():
        payload = schemas.of(spec.payload) if spec.payload else {}
        messages[f"client.{name}"] = {"name": name, "payload": payload, **_described(spec)}
        messages[f"ack.{name}"] = {"name": name, "summary": f"The ack of {name}", "payload": _ack(ACKS[name], schemas)}
        reply = {"channel": _channel(SOCKET_IO), "messages": [_message(SOCKET_IO, f"ack.{name}")]}
        document["operations"][f"receive.{name}"] = {
            **_operation("receive", SOCKET_IO, f"client.{name}"),
            "reply": reply,
        }
    for name, shape in EVENTS.items():
        summary = _first_line(shape)
        messages[f"server.{name}"] = {"name": name, "summary": summary, "payload": schemas.of(shape)}
        document["operations"][f"send.{name}"] = _operation("send", SOCKET_IO, f"server.{name}")


def _described(spec: EventSpec) -> Json:
    """Return what a client's event says of itself."""
    access = f"For {spec.access.value}." if isinstance(spec.access, Access) else ""
    rate = f" {spec.rate.burst:g} at once, then {spec.rate.per_second:g} a second." if spec.rate else ""
    return {"description": f"{access}{rate}"}


def _ack(declared: Answer, schemas: Schemas) -> Json:
    held = {} if declared is None else schemas.resolved(declared)
    done = {
        "type": "object",
        "properties": {"ok": {"const": True}, **held.get("properties", {})},
        "required": ["ok", *held.get("required", ())],
    }
    return {"oneOf": [done, object_of({"ok": {"const": False}, "error": schemas.of(Failure)})]}


def _add_stream(document: Json, stream: Stream, schemas: Schemas) -> None:
    messages: Json = {}
    document["channels"][stream.name] = {
        "address": stream.path,
        "title": stream.protocol,
        "description": stream.summary,
        "messages": messages,
    }
    if names := _PARAMETER.findall(stream.path):
        document["channels"][stream.name]["parameters"] = {name: {} for name in names}
    for action, who, shapes in (("receive", "client", tagged(stream.incoming)), ("send", "server", stream.outgoing)):
        for name, shape in shapes.items():
            key = f"{who}.{name}"
            payload = schemas.of(shape)
            if who == "server" and stream.holds_data:
                payload = object_of({"type": {"const": name}, "data": payload})
            messages[key] = {"name": name, "summary": _first_line(shape), "payload": payload}
            document["operations"][f"{action}.{stream.name}.{name}"] = _operation(action, stream.name, key)


def _operation(action: str, channel: str, message: str) -> Json:
    return {"action": action, "channel": _channel(channel), "messages": [_message(channel, message)]}


def _channel(name: str) -> Json:
    return {"$ref": f"#/channels/{name}"}


def _message(channel: str, name: str) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


def _first_line(shape: type) -> str:
    return (inspect.getdoc(shape) or "").partition("\n")[0]
