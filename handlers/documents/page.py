"""The documents as the page shows them: lines of words, of which some name a shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

Json = dict[str, Any]

_CODE = re.compile(r"``?([^`]+)``?")


class Word(NamedTuple):
    """A part of a line; a shape's name is a link to the shape."""

    text: str
    is_shape: bool = False


Line = Sequence[Word]


class Span(NamedTuple):
    """A part of a sentence; code is set apart."""

    text: str
    is_code: bool


class Field(NamedTuple):
    """One field of an object, or one parameter."""

    name: str
    line: Line
    required: bool


class Call(NamedTuple):
    """One REST call; ``query`` are its parameters, a body or an answer may be none."""

    method: str
    path: str
    summary: str
    access: str
    query: Sequence[Field]
    body: Line
    answer: Line
    statuses: Sequence[tuple[str, str]]


class Message(NamedTuple):
    """One message of a stream; an ack is there when the client may ask for one."""

    name: str
    about: str
    payload: Line
    ack: Line


class Channel(NamedTuple):
    """One stream: what clients send, and what they are sent."""

    title: str
    address: str
    about: str
    incoming: Sequence[Message]
    outgoing: Sequence[Message]


class Shape(NamedTuple):
    """A named schema: an object's fields, or one line."""

    name: str
    about: str
    fields: Sequence[Field]
    line: Line


def calls(document: Json) -> dict[str, list[Call]]:
    """Return the REST calls of an OpenAPI document, by tag."""
    groups: dict[str, list[Call]] = {}
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            groups.setdefault(call["tags"][0], []).append(_call(path, method, call))
    return groups


def channels(document: Json) -> list[Channel]:
    """Return the streams of an AsyncAPI document."""
    return [_channel(channel) for channel in document["channels"].values()]


def shapes(*documents: Json) -> list[Shape]:
    """Return every named schema of the documents, by name."""
    found: Json = {}
    for document in documents:
        found.update(document["components"]["schemas"])
    return [
        Shape(name, schema.get("description", ""), fields_of(schema), line_of(schema) if "enum" in schema else ())
        for name, schema in sorted(found.items())
    ]


def paragraphs(text: str) -> list[list[Span]]:
    """Return a description as people read it: its paragraphs, with what stands between backticks as code."""
    return [_spans(paragraph) for paragraph in text.split("\n\n")] if text else []


def _spans(text: str) -> list[Span]:
    parts = enumerate(_CODE.split(text))
    return [Span(part, is_code=position % 2 == 1) for position, part in parts if part]


def fields_of(schema: Json) -> list[Field]:
    """Return the fields of an object's schema."""
    required = schema.get("required", ())
    return [Field(name, line_of(one), name in required) for name, one in schema.get("properties", {}).items()]


def line_of(schema: Json) -> list[Word]:
    """Return a schema in one line, such as ``{alerts: [AlertView]}``."""
    return list(_words(schema))


def _words(schema: Json) -> Iterator[Word]:
    if "$ref" in schema:
        yield Word(schema["$ref"].rpartition("/")[2], is_shape=True)
    elif "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        yield Word(" | ".join(json.dumps(value, ensure_ascii=False) for value in values))
    elif several := schema.get("anyOf") or schema.get("oneOf"):
        yield from _joined(several, " | ")
    elif "allOf" in schema:
        yield from _joined(schema["allOf"], " & ")
    elif "items" in schema:
        yield from (Word("["), *_words(schema["items"]), Word("]"))
    elif "properties" in schema:
        yield from _object(schema)
    else:
        yield Word(_plain(schema))


def _joined(schemas: Sequence[Json], between: str) -> Iterator[Word]:
    for position, one in enumerate(schemas):
        if position:
            yield Word(between)
        yield from _words(one)


def _object(schema: Json) -> Iterator[Word]:
    for position, (name, one) in enumerate(schema["properties"].items()):
        optional = "" if name in schema.get("required", ()) else "?"
        yield Word(f"{', ' if position else '{'}{name}{optional}: ")
        yield from _words(one)
    yield Word("}")


def _plain(schema: Json) -> str:
    """Return a plain type with its bounds."""
    text = str(schema.get("format") or schema.get("type") or "any")
    bounds = [f"{sign} {schema[key]}" for key, sign in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return " ".join((text, *bounds))


def _call(path: str, method: str, call: Json) -> Call:
    answer: list[Word] = []
    statuses = []
    for status, response in call["responses"].items():
        if status.startswith("2") and not answer:
            answer = _content(response)
        statuses.append((status, response["description"]))
    query = [
        Field(one["name"], line_of(one["schema"]), one["required"])
        for one in call["parameters"]
        if one["in"] == "query"
    ]
    body = _content(call.get("requestBody", {}))
    where = path if "servers" in call else f"/api{path}"
    return Call(method.upper(), where, call["summary"], call["description"], query, body, answer, statuses)


def _content(part: Json) -> list[Word]:
    """Return a body or an answer in one line: what the envelope holds, or of which media type it is."""
    for media_type, content in part.get("content", {}).items():
        schema = content.get("schema")
        if schema is None:
            return [Word(media_type)]
        return line_of(schema.get("properties", {}).get("data", schema))
    return []


def _channel(channel: Json) -> Channel:
    messages = channel["messages"]
    sides: dict[str, list[Message]] = {"client": [], "server": []}
    for key, message in messages.items():
        side, _, name = key.partition(".")
        if side in sides:
            ack = messages.get(f"ack.{name}") if side == "client" else None
            about = message.get("summary") or message.get("description", "")
            payload = line_of(message["payload"])
            sides[side].append(Message(name, about, payload, line_of(ack["payload"]) if ack else []))
    return Channel(channel["title"], channel["address"], channel["description"], sides["client"], sides["server"])
