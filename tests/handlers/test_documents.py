"""The documents of the API are valid, and tell of all there is and of nothing else."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tornado.web import RequestHandler

from handlers import routes
from handlers.base import ApiHandler, UnknownPathHandler
from handlers.documents.page import paragraphs
from handlers.events.outgoing import ACKS, EVENTS
from handlers.operations import operations_of
from handlers.streams.notifications import NotificationEventsHandler
from handlers.streams.outgoing import STREAMS
from handlers.streams.raw import RawStreamHandler
from tests.support.product_server import ProductServer

ROOT = Path(__file__).parents[2]
REFERENCE = re.compile(r'"\$ref":\s*"#/([^"]+)"')


def methods(handler: type[Any]) -> set[str]:
    """Return what a handler answers itself; HEAD goes with GET, OPTIONS with anything."""
    own = {name.lower() for name in RequestHandler.SUPPORTED_METHODS} - {"head", "options"}
    return {name for name in own if getattr(handler, name) is not getattr(RequestHandler, name)}


def table(server: ProductServer) -> list[routes.Route]:
    return routes.table(server.runtime, server.sio, server.services, server.services.accounts.authenticate)


def trees() -> Iterator[ast.Module]:
    """Yield what every file of the product is made of, but the declarations."""
    for folder in ("server", "handlers"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name != "outgoing.py":
                yield ast.parse(path.read_text(encoding="utf-8"))


def sent_events() -> set[str]:
    """Return the names of events that are written at a call that sends."""
    places = {"publish": 1, "publish_to": 1, "emit": 0}
    found = set()
    for node in (node for tree in trees() for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in places:
            arguments = node.args[places[node.func.attr] :][:1]
            found |= {one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return found


def words() -> set[str]:
    """Return every text that stands in the product."""
    nodes = (node for tree in trees() for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.gen_test
async def test_every_call_and_no_other_is_in_the_openapi_document(server: ProductServer) -> None:
    document = (await server.call("GET", "/api/docs/openapi.json")).json
    OpenAPIV31SpecValidator(document).validate()
    described = {
        (re.sub(r"{\w+}", "{}", path), method) for path, calls in document["paths"].items() for method in calls
    }
    served = {
        (re.sub(r"\(\[.*?\)", "{}", pattern.removeprefix("/api")).replace("\\", ""), method)
        for pattern, handler, _ in table(server)
        if issubclass(handler, ApiHandler) and handler is not UnknownPathHandler and "/v1" not in pattern
        for method in methods(handler)
    }
    assert described == {(path.replace("/(?:api/(?:v1/)?)?", "/"), method) for path, method in served}
    identities = [call["operationId"] for calls in document["paths"].values() for call in calls.values()]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize(
    "handler", [handler for _, handler in (*routes.DOCUMENTED, *routes.AT_ROOT)], ids=lambda one: one.__name__
)
def test_a_handler_declares_each_method_and_reads_nothing_else(handler: type[ApiHandler]) -> None:
    declared = operations_of(handler)
    assert declared.keys() == methods(handler)
    assert all(operation.summary.endswith(".") for operation in declared.values())
    read = re.findall(r"self\.(?:body|query)\(", inspect.getsource(handler))
    assert read == [], "what it takes is declared: @operation(body=..., query=...)"


@pytest.mark.gen_test
async def test_every_event_and_stream_is_in_the_asyncapi_document(server: ProductServer) -> None:
    document = (await server.call("GET", "/api/docs/asyncapi.json")).json
    assert document["asyncapi"] == "3.0.0"
    taken = {str(name) for name in server.sio.root.behaviour.events}
    assert taken == ACKS.keys()
    expected = {f"{side}.{name}" for name in taken for side in ("client", "ack")} | {f"server.{one}" for one in EVENTS}
    assert document["channels"]["socketio"]["messages"].keys() == expected
    served = {
        pattern
        for pattern, handler, _ in table(server)
        if issubclass(handler, RawStreamHandler | NotificationEventsHandler) and "/v1" not in pattern
    }
    assert served == {re.sub(r"{\w+}", lambda _: routes.ID, stream.path) for stream in STREAMS}
    assert document["channels"].keys() == {"socketio", *(stream.name for stream in STREAMS)}
    told = [message for operation in document["operations"].values() for message in operation["messages"]]
    everything = [
        {"$ref": f"#/channels/{channel}/messages/{name}"}
        for channel, described in document["channels"].items()
        for name in described["messages"]
        if not name.startswith("ack.")
    ]
    assert sorted(map(str, told)) == sorted(map(str, everything))


def test_every_event_that_is_sent_is_declared_and_every_declared_one_stands_in_the_product() -> None:
    assert sent_events() - EVENTS.keys() == set()
    made_of_marks = {"message_delivered", "message_read"}
    assert EVENTS.keys() - words() - made_of_marks == set()


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
@pytest.mark.gen_test
async def test_references_lead_somewhere(server: ProductServer, name: str) -> None:
    document = (await server.call("GET", f"/api/v1/docs/{name}.json")).json
    assert document["info"]["version"] == "1"
    for reference in set(REFERENCE.findall(json.dumps(document))):
        place = document
        for part in reference.split("/"):
            place = place[part]
        assert place


@pytest.mark.gen_test
async def test_the_page_tells_of_everything_and_runs_nothing(server: ProductServer) -> None:
    server.application.settings.update(template_path=str(ROOT / "templates"), static_path=str(ROOT / "static"))
    titles = {}
    for language in ("zh-CN", "zh-TW", "en"):
        answer = await server.fetch("/api/docs", headers={"Accept-Language": language})
        shown = answer.body.decode()
        assert answer.code == 200 and f'<html lang="{language}">' in shown
        titles[language] = re.findall("<title>(.*?)</title>", shown)[0]
        assert "`" not in shown and "<code>data.error</code>" in shown
    assert len(set(titles.values())) == 3
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", shown)
    for path in (path for path, _ in routes.REST):
        assert path.partition("/(")[0].replace("(", "") in shown
    for name in (*EVENTS, *ACKS, "price_update", "unsubscribed"):
        assert f"<code>{name}</code>" in shown
    shapes = set(re.findall(r'href="#shape-(\w+)"', shown))
    assert shapes and all(f'id="shape-{shape}"' in shown for shape in shapes)


def test_what_stands_between_backticks_is_code() -> None:
    [first, second] = paragraphs("``a`` is `b`, not <b>.\n\nIt ends with ``c``")
    assert [(span.text, span.is_code) for span in first] == [
        ("a", True),
        (" is ", False),
        ("b", True),
        (", not <b>.", False),
    ]
    assert second[-1] == ("c", True)
    assert paragraphs("") == []


def test_a_call_that_is_not_declared_is_found() -> None:
    class Undeclared(ApiHandler):
        async def get(self) -> None:
            self.answer(None)

    assert operations_of(Undeclared).keys() != methods(Undeclared)
