"""The house rules that a reader would otherwise have to watch: who imports whom, and how large a file gets."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 400
EVERYWHERE = {"server.errors", "server.clock", "server.limits", "server.log_context", "server.turns"}
HANDLERS = EVERYWHERE | {
    "handlers",
    "server.domain",
    "server.services",
    "server.realtime",
    "server.auth",
    "server.texts",
    "server.metrics",
    "server.operation",
}
# layer: (what of ours it may import, what of others), beside the standard library and itself. A name stands for
# itself and all below it; the longest layer that fits a file counts; app.py, run.py and other single files are free.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "server/domain": (set(), {"msgspec"}),
    "server/protocol": ({"server.errors"}, {"msgpack", "msgspec", "orjson"}),
    "server/transport": (
        EVERYWHERE | {"server.protocol", "server.metrics"},
        {"tornado.ioloop", "tornado.iostream"},
    ),
    "server/realtime": (
        EVERYWHERE | {"server.protocol", "server.transport", "server.metrics"},
        {"tornado.ioloop", "msgspec"},
    ),
    "server/cluster": (EVERYWHERE | {"server.realtime", "server.protocol", "server.metrics"}, {"redis", "msgpack"}),
    "server/operation": (
        EVERYWHERE | {"server.realtime", "server.metrics"},
        {"prometheus_client", "tornado.ioloop"},
    ),
    "server/auth": (EVERYWHERE | {"server.domain"}, {"jwt", "cryptography", "argon2", "msgspec"}),
    "server/storage": (EVERYWHERE | {"server.domain"}, {"motor", "pymongo", "bson", "gridfs", "msgspec"}),
    "server/market": (EVERYWHERE | {"server.domain"}, {"numpy", "msgspec"}),
    "server/market/sources": (
        EVERYWHERE | {"server.domain", "server.market"},
        {"numpy", "msgspec", "tornado.httpclient", "redis"},
    ),
    "server/services": (
        EVERYWHERE | {"server.domain", "server.storage", "server.market", "server.auth", "server.realtime.hub"},
        {"msgspec", "tornado.ioloop", "PIL"},
    ),
    "handlers": (HANDLERS, {"tornado", "msgspec"}),
    # Uploads and downloads are read and cut as HTTP says.
    "handlers/rest": (
        HANDLERS | {"server.protocol.multipart", "server.protocol.byte_range"},
        {"tornado", "msgspec"},
    ),
    # The glue between Tornado's sockets and the protocol.
    "handlers/streams": (HANDLERS | {"server.transport", "server.protocol"}, {"tornado", "msgspec"}),
}
# The protocol is given the bytes and the time; it neither waits nor writes a log.
FORBIDDEN_STANDARD = {"server/protocol": {"asyncio", "datetime", "logging", "selectors", "socket", "threading", "time"}}
# A format that has dates as values needs their type.
ALLOWED_STANDARD = {"server/protocol/socketio_msgpack.py": {"datetime"}}
PRIVATE_TORNADO = "server/transport/tornado_private.py"
NAMED_TUPLE_METHODS = {"_asdict", "_fields", "_make", "_replace"}
SETTINGS = {"server.settings", "server.settings_sources", "server.settings_help"}
SETTINGS_READERS = {
    "run.py",
    "server/app.py",
    "server/assembly/accounts.py",
    "server/assembly/chat.py",
    "server/assembly/ground.py",
    "server/assembly/notices.py",
    "server/assembly/product.py",
    "server/assembly/market.py",
    "server/importing.py",
    "server/operators.py",
    "server/settings_sources.py",
    "server/settings_help.py",
}


def sources(*folders: str) -> list[str]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(["run.py", *(path.relative_to(ROOT).as_posix() for path in found)])


PRODUCT = sources("server", "handlers")
EVERYTHING = sources("server", "handlers", "benchmarks", "tests")


def parse(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text(encoding="utf-8"), source)


def imports(source: str) -> Iterator[str]:
    """Return the full name of everything imported; ``from a import b`` gives ``a.b``."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(source: str) -> str | None:
    fitting = [layer for layer in RULES if source.startswith(f"{layer}/")]
    return max(fitting, key=len, default=None)


def allows(allowed: AbstractSet[str], name: str) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


def forbidden_imports(source: str) -> list[str]:
    layer = layer_of(source)
    if layer is None or source == PRIVATE_TORNADO:
        return []
    ours, others = RULES[layer]
    forbidden = FORBIDDEN_STANDARD.get(layer, set()) - ALLOWED_STANDARD.get(source, set())
    standard = sys.stdlib_module_names - forbidden
    allowed = standard | others | ours | {layer.replace("/", ".")}
    return [name for name in imports(source) if not allows(allowed, name)]


def private_names(source: str) -> Iterator[str]:
    """Return private names of Tornado that are imported, and private attributes of objects that are not ``self``."""
    for name in imports(source):
        if name.startswith("tornado.") and "._" in name:
            yield name
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = ast.unparse(node.value)
            if owner not in {"self", "cls", "super()"}:
                yield f"{owner}.{node.attr}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in NAMED_TUPLE_METHODS


@pytest.mark.parametrize("source", PRODUCT)
def test_a_layer_imports_only_what_it_may(source: str) -> None:
    assert forbidden_imports(source) == []


@pytest.mark.parametrize("source", sorted(set(PRODUCT) - {PRIVATE_TORNADO}))
def test_private_names_stay_where_they_are(source: str) -> None:
    assert list(private_names(source)) == []


@pytest.mark.parametrize("source", sorted(set(PRODUCT) - SETTINGS_READERS))
def test_settings_are_passed_on_not_read(source: str) -> None:
    assert [name for name in imports(source) if allows(SETTINGS, name)] == []


@pytest.mark.parametrize("source", EVERYTHING)
def test_a_file_is_of_readable_size_and_hides_nothing(source: str) -> None:
    assert len((ROOT / source).read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    for node in ast.walk(parse(source)):
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), f"bare except in line {node.lineno}"
        assert not (isinstance(node, ast.ImportFrom) and node.names[0].name == "*"), f"import * in line {node.lineno}"
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"relative import in line {node.lineno}"


def test_the_table_speaks_of_folders_that_exist() -> None:
    planned = {"server/cluster"}
    assert [layer for layer in RULES if not (ROOT / layer).is_dir() and layer not in planned] == []


def test_the_rules_see_what_they_forbid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that can no longer fail guards nothing."""
    bad = tmp_path / "server" / "protocol" / "bad.py"
    bad.parent.mkdir(parents=True)
    bad.write_text("import time\nfrom server.storage import mongo\nfrom tornado.util import _x\nstream._state = time\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    source = "server/protocol/bad.py"
    assert forbidden_imports(source) == ["time", "server.storage.mongo", "tornado.util._x"]
    assert list(private_names(source)) == ["tornado.util._x", "stream._state"]
