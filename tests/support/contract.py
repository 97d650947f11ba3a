"""Holds what a server really says against the documents that it serves."""

from __future__ import annotations

import json
import re
from typing import Any

from jsonschema_rs import Draft202012Validator

from handlers.documents.library import Library

Json = dict[str, Any]


class Contract:
    """The documents of a server; whatever they do not tell of is a failure, also a field too many."""

    def __init__(self, library: Library) -> None:
        self._openapi: Json = _strict(json.loads(library.openapi_json))
        self._asyncapi: Json = _strict(json.loads(library.asyncapi_json))
        self._paths = [
            (re.compile(re.sub(r"\\?\{\w+\\?\}", "[^/]+", re.escape(path))), methods)
            for path, methods in self._openapi["paths"].items()
        ]
        self._validators: dict[str, Draft202012Validator] = {}

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Check a JSON answer of a REST call that there is; HEAD and OPTIONS have none."""
        below = re.sub(r"^/api(/v1)?|\?.*", "", path)
        for pattern, methods in self._paths:
            if pattern.fullmatch(below) and method.lower() in methods:
                responses = methods[method.lower()]["responses"]
                assert str(status) in responses, f"{method} {path} answered {status}: {body}"
                schema = responses[str(status)]["content"].get("application/json", {}).get("schema", {})
                self._check(f"{method} {pattern.pattern} {status}", schema, self._openapi, body)
                return

    def check_event(self, name: str, payload: Any) -> None:
        """Check an event of the server over Socket.IO."""
        self._check_message("socketio", f"server.{name}", payload)

    def check_ack(self, event: str, ack: Any) -> None:
        """Check the ack of a client's event."""
        self._check_message("socketio", f"ack.{event}", ack)

    def check_stream(self, channel: str, message: Any) -> None:
        """Check a message of a raw stream."""
        self._check_message(channel, f"server.{message['type']}", message)

    def check_sse(self, channel: str, event: str, data: Any) -> None:
        """Check an event of a stream of Server-Sent Events."""
        self._check_message(channel, f"server.{event}", data)

    def _check_message(self, channel: str, key: str, payload: Any) -> None:
        messages = self._asyncapi["channels"][channel]["messages"]
        if key.startswith("ack.") and key not in messages:
            return  # of no event that there is
        assert key in messages, f"{channel} does not tell of {key}: {payload}"
        self._check(f"{channel} {key}", messages[key]["payload"], self._asyncapi, payload)

    def _check(self, name: str, schema: Json, document: Json, value: Any) -> None:
        if name not in self._validators:
            self._validators[name] = Draft202012Validator({**schema, "components": document["components"]})
        errors = [
            f"{list(error.instance_path)}: {error.message}" for error in self._validators[name].iter_errors(value)
        ]
        assert not errors, f"{name}: {errors[:3]} in {value}"


def _strict(document: Json) -> Json:
    """Let named shapes have no fields but their own; errors may bring more."""
    for name, shape in document["components"]["schemas"].items():
        if "properties" in shape and name not in {"Error", "Failure", "ErrorEvent"}:
            shape["additionalProperties"] = False
    return document


OF_STREAMS = Contract(Library((), (), {}))
"""What is not Socket.IO is the same for all servers."""
