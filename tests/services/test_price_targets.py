from __future__ import annotations

import pytest
from tornado.ioloop import IOLoop

from server.errors import ErrorCode, RequestError
from server.services.price_targets import SubscriptionType, Target
from server.services.prices import MAX_SUBSCRIPTIONS
from tests.support.price_desk import COMPOSITE, Desk, Visitor


@pytest.fixture
def desk(io_loop: IOLoop) -> Desk:
    return Desk()


@pytest.mark.gen_test
async def test_subscriptions_are_counted_by_client_and_target(desk: Desk) -> None:
    desk.recorder.audiences = {target.room: () for target in desk.prices.targets}
    desk.recorder.audiences |= {
        "prices:strategy:rising": ("ann",),
        "prices:stock:600519": ("ann", "bob"),
        "prices:stock:000001.SH": ("bob",),
    }
    counts = desk.prices.count_subscriptions()
    assert (counts.subscriptions, counts.clients) == (4, 2)
    assert {kind.value: count for kind, count in counts.targets.items()} == {"strategy": 1, "stock": 2, "market": 0}


@pytest.mark.parametrize(
    ("subscription_type", "name", "room"),
    [
        ("stock", "600519", "prices:stock:600519"),
        ("stock", COMPOSITE, "prices:stock:000001.SH"),
        ("market", "ALL", "prices:market:ALL"),
        ("strategy", "rising", "prices:strategy:rising"),
    ],
)
@pytest.mark.gen_test
async def test_a_target_has_a_room(desk: Desk, subscription_type: str, name: str, room: str) -> None:
    assert desk.prices.targets.find(subscription_type, name).room == room


@pytest.mark.parametrize(
    ("subscription_type", "name", "allowed"),
    [
        ("stocks", "600519", "strategy, stock, market"),
        ("stock", "999999", "six-digit code"),
        ("stock", "", "six-digit code"),
        ("market", "sh", "SH, SZ, BJ, ALL"),
        ("strategy", "falling", "rising"),
    ],
)
@pytest.mark.gen_test
async def test_an_unknown_target_is_refused_with_what_is_allowed(
    desk: Desk, subscription_type: str, name: str, allowed: str
) -> None:
    with pytest.raises(RequestError) as caught:
        desk.prices.targets.find(subscription_type, name)
    assert caught.value.code is ErrorCode.INVALID_INPUT
    assert allowed in caught.value.detail


@pytest.mark.gen_test
async def test_what_was_got_is_quoted_in_short(desk: Desk) -> None:
    with pytest.raises(RequestError) as caught:
        desk.prices.targets.find("stock", "9" * 100_000)
    assert len(caught.value.detail) < 300


@pytest.mark.gen_test
async def test_a_connection_holds_so_many_targets_and_the_same_again(desk: Desk) -> None:
    visitor = Visitor()
    for number in range(MAX_SUBSCRIPTIONS):
        desk.prices.subscribe(visitor, Target(SubscriptionType.STOCK, f"{number:06}"))
    desk.prices.subscribe(visitor, Target(SubscriptionType.STOCK, "000000"))
    one_more = Target(SubscriptionType.MARKET, "ALL")
    with pytest.raises(RequestError, match="128"):
        desk.prices.subscribe(visitor, one_more)
    desk.prices.unsubscribe(visitor, Target(SubscriptionType.STOCK, "000000"))
    visitor.join("user:1")
    desk.prices.subscribe(visitor, one_more)
    assert one_more.room in visitor.rooms
