"""The figures: who may see them, that they are true, and that rules and dashboard use none that is not there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.app import note_request
from server.operation.operation import Operation
from server.product_readings import marks_readings, price_readings, task_readings, writer_readings
from server.storage.mongo import Mongo
from tests.support.product_server import ProductServer

ROOT = Path(__file__).parents[3]
RULES, DASHBOARD = ROOT / "conf" / "prometheus" / "alerts.yml", ROOT / "conf" / "grafana" / "dashboard.json"
DOCUMENT = ROOT / "docs" / "operations.md"
NAME = re.compile(r"\bstock_insight_\w+")
ROW = re.compile(r"^\| `(stock_insight_\w+)` \| (\w+) \| (.+) \|$", re.MULTILINE)
NEEDS_PROMTOOL = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Debian's prometheus")


def tell_everything(server: ProductServer) -> Operation:
    """Let the server tell what the product's own does, too."""
    server.operation.add(writer_readings(server.community.writer))
    server.operation.add(marks_readings(server.community.marks))
    server.operation.add(price_readings(server.services.prices, server.services.market_status))
    server.operation.add(task_readings(server.community.task_parts.runner))
    return server.operation


def figures_of(text: str) -> dict[str, float]:
    """Return every sample of a scrape by its name and labels."""
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scrape(server: ProductServer) -> dict[str, float]:
    return figures_of(server.operation.exposition.text().decode())


@pytest.mark.gen_test
async def test_operators_and_keys_with_the_scope_see_them(server: ProductServer) -> None:
    chief, alice = await server.operator(), await server.register("alice")
    keys = {}
    for scope in ("metrics", "tasks"):
        body = {"name": scope, "scopes": [scope]}
        made = await server.call("POST", "/api/service_keys", body, chief["access_token"])
        keys[scope] = made.data["key"]
    tokens = ((None, 401), (alice["access_token"], 403), (keys["tasks"], 403), (chief["access_token"], 200))
    for token, status in (*tokens, (keys["metrics"], 200)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await server.fetch("/metrics", headers=headers)
        assert response.code == status
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert figures_of(response.body.decode())["stock_insight_rooms"] == 0


@pytest.mark.gen_test
async def test_connections_are_counted_as_clients_see_them(server: ProductServer) -> None:
    alice, bob = await server.friends()
    one, two = await server.chat(alice), await server.chat(bob)
    await one.ask("join_chat", {"friend_id": bob["user"]["id"]})
    await one.ask("ping")
    polled = await server.fetch("/socket.io/?EIO=4&transport=polling")
    assert polled.code == 200
    figures = await scrape(server)
    assert figures["stock_insight_connections open websocket"] == 2
    assert figures["stock_insight_connections polling polling"] == 1
    assert figures["stock_insight_connections open raw"] == 0
    assert figures["stock_insight_opens_total websocket"] == 2
    assert figures["stock_insight_received_events_total"] == 2
    assert figures["stock_insight_event_duration_seconds_count join_chat"] == 1
    assert figures["stock_insight_event_duration_seconds_bucket join_chat +Inf"] == 1
    assert figures["stock_insight_event_duration_seconds_count ping"] == 1
    assert figures["stock_insight_received_bytes_total"] > 0
    assert figures["stock_insight_outbox_clients 0.0"] == 3
    await two.close()
    await server.community.writer.close()
    while (await scrape(server))["stock_insight_connections open websocket"] == 2:
        await one.ask("ping")
    assert (await scrape(server))["stock_insight_closes_total transport close websocket"] == 1


@pytest.mark.gen_test
async def test_requests_are_counted_by_route(server: ProductServer) -> None:
    server.application.settings["log_function"] = partial(note_request, server.runtime.metrics)
    alice = await server.register("alice")
    for path in ("/api/users/me", "/api/v1/users/me", "/api/conversations/x", "/api/nothing"):
        await server.call("GET", path, token=alice["access_token"])
    figures = await scrape(server)
    assert figures["stock_insight_http_requests_total /api/users/me 2xx"] == 2
    assert figures["stock_insight_http_requests_total /api/conversations/{} 4xx"] == 1
    assert figures["stock_insight_http_requests_total UnknownPathHandler 4xx"] == 1


@pytest.mark.gen_test
async def test_the_database_is_timed(server: ProductServer, mongodb_uri: str) -> None:
    mongo = await Mongo.open(mongodb_uri, "timed", note=server.runtime.metrics.note_command)
    try:
        for _ in range(3):
            await mongo.database["things"].find_one({})
        with pytest.raises(Exception, match="no such command"):
            await mongo.database.command("nonsense")
    finally:
        mongo.close()
    figures = await scrape(server)
    assert figures["stock_insight_database_duration_seconds_count find"] == 3
    assert figures["stock_insight_database_failures_total nonsense"] == 1


@pytest.mark.gen_test
async def test_every_figure_has_the_prefix_and_help(server: ProductServer) -> None:
    tell_everything(server)
    text = server.operation.exposition.text().decode()
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("stock_insight_"), family.name
        assert family.documentation, family.name
        assert family.type in {"counter", "gauge", "histogram"}, family.name


def used_by(path: Path) -> set[str]:
    return set(NAME.findall(path.read_text()))


async def known_names(server: ProductServer) -> set[str]:
    """Return the names of all samples, those of histograms and counters that have nothing to tell yet among them."""
    tell_everything(server)
    names = set()
    for family in text_string_to_metric_families(server.operation.exposition.text().decode()):
        names |= {sample.name for sample in family.samples}
        if family.type == "counter":
            names.add(f"{family.name}_total")
        elif family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return names


@pytest.mark.gen_test
async def test_rules_and_dashboard_use_figures_that_exist(server: ProductServer) -> None:
    names = await known_names(server)
    for path in (RULES, DASHBOARD):
        used = used_by(path)
        assert used, path
        assert used <= names, f"{path.name} uses figures that are not told: {used - names}"


@pytest.mark.gen_test
async def test_the_document_lists_every_figure(server: ProductServer) -> None:
    tell_everything(server)
    families = text_string_to_metric_families(server.operation.exposition.text().decode())
    told = {
        (family.name + ("_total" if family.type == "counter" else ""), family.type, family.documentation)
        for family in families
    }
    assert set(ROW.findall(DOCUMENT.read_text())) == told


def test_the_dashboard_can_be_read() -> None:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


@NEEDS_PROMTOOL
@pytest.mark.gen_test
async def test_promtool_takes_the_figures(server: ProductServer) -> None:
    text = tell_everything(server).exposition.text()
    subprocess.run(["promtool", "check", "metrics"], input=text, check=True, capture_output=True)


@NEEDS_PROMTOOL
def test_promtool_takes_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", RULES], check=True, capture_output=True)
