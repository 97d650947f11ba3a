"""Requests that schemathesis makes of the OpenAPI document, against the running server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.product_server import ProductServer

EXAMPLES = 3
"""For each call and each of those who ask."""

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def is_endless(operation: Any) -> bool:
    """Tell whether the answer is a stream, which no reader reaches the end of."""
    responses = operation.definition.raw["responses"].values()
    return any("text/event-stream" in response.get("content", ()) for response in responses)


def try_all(document: Any, url: str, headers: dict[str, str]) -> int:
    """Ask all that the document tells of, what ends a login session last; return how often."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    operations = [one for one in operations if not one.definition.raw.get("servers")]  # which are not under /api
    operations = [one for one in operations if not is_endless(one)]
    asked = 0
    for operation in sorted(operations, key=lambda one: (one.path.startswith("/auth"), one.path, one.method)):

        @SETTINGS
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            case.call_and_validate(base_url=url, headers=headers, checks=CHECKS, timeout=30)

        ask()
    return asked


@pytest.mark.parametrize("who", ["nobody", "a member", "an operator"])
@pytest.mark.gen_test
async def test_no_request_fails_and_every_answer_is_as_documented(server: ProductServer, who: str) -> None:
    document = (await server.call("GET", "/api/docs/openapi.json")).json
    headers = {}
    if who != "nobody":
        sign_in = await (server.register("alice") if who == "a member" else server.operator())
        headers = {"Authorization": f"Bearer {sign_in['access_token']}"}
    asked = await asyncio.to_thread(try_all, document, f"http://127.0.0.1:{server.port}/api", headers)
    assert asked >= len(document["paths"])
