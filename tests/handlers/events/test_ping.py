from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.support.product_server import ProductServer


@pytest.mark.gen_test
async def test_a_ping_with_anything_is_answered_with_the_time(server: ProductServer) -> None:
    client = await server.chat(await server.register("alice"))
    payloads: list[Any] = [None, {}, "x", [1, {"a": None}], 10**30]
    for event, answer in (("ping", "pong"), ("app_ping", "app_pong")):
        for payload in payloads:
            ack = await client.ask(event, payload)
            time = await client.next(answer)
            assert ack == {"ok": True, **time}
            assert time["timestamp"].endswith("+00:00")
            assert datetime.fromisoformat(time["timestamp"]).tzinfo is not None
            await client.tell(event, payload)
            assert (await client.next(answer)).keys() == {"timestamp"}
