from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import pytest

from server.domain.alerts import AlertKind, AlertStatus
from server.domain.users import Principal
from server.errors import ErrorCode, RequestError
from server.services.alert_watch import AlertWatch
from server.storage.alerts import MAX_ACTIVE, AlertRepository
from server.storage.documents import Database, new_id
from tests.support.community import Community, RecordingPublisher, open_community
from tests.support.quoting import NOW, quote

ABOVE, BELOW, PERCENT = AlertKind.ABOVE, AlertKind.BELOW, AlertKind.CHANGE_PERCENT
MAOTAI = "600519.SH"


async def refusal(call: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await call
    return caught.value


async def trade(community: Community, price: float, symbol: str = MAOTAI, **more: Any) -> None:
    """Let a quote come, and wait until what it fires has fired."""
    news = quote(symbol, price, **more)
    community.quotes[symbol] = news
    community.watch.take([news])
    await community.watch.settle()


def fired_of(publisher: RecordingPublisher, user: Principal) -> list[tuple[str, float]]:
    events = publisher.of("alert_fired", f"user:{user.user_id}")
    return [(event["alert"]["id"], event["alert"]["fired"]["price"]) for event in events]


def another_process(community: Community, publisher: RecordingPublisher) -> AlertWatch:
    """Return a watch over the same database, as another process has it."""
    alerts = AlertRepository(community.database)
    return AlertWatch(alerts, community.stocks, publisher, community.clock, community.texts.text)


@pytest.mark.gen_test
async def test_each_kind_fires_once_and_tells_its_user_alone(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice, bob = await community.member("alice"), await community.member("bob")
    service = community.alerts
    above = await service.create(alice, "600519", ABOVE, 105.0)
    below = await service.create(alice, MAOTAI, BELOW, 95.0)
    rise = await service.create(bob, MAOTAI, PERCENT, 5.0)
    fall = await service.create(bob, MAOTAI, PERCENT, -5.0)
    assert above == {
        "id": above["id"],
        "code": "600519",
        "symbol": MAOTAI,
        "name": "贵州茅台",
        "kind": "above",
        "value": 105.0,
        "status": "active",
        "created_at": "2026-01-05T02:00:00.000+00:00",
    }
    for price in (104.99, 95.01):
        await trade(community, price)
    assert not publisher.of("alert_fired")
    for price in (105.0, 106.0, 95.0, 105.0):
        await trade(community, price)
    assert fired_of(publisher, alice) == [(above["id"], 105.0), (below["id"], 95.0)]
    assert fired_of(publisher, bob) == [(rise["id"], 105.0), (fall["id"], 95.0)]
    told = publisher.of("alert_fired", f"user:{alice.user_id}")[0]["alert"]
    fired = {"price": 105.0, "change_percent": 5.0, "at": "2026-01-05T10:00:00.000+08:00"}
    assert told == {**above, "status": "fired", "fired": fired}
    assert {alert["id"] for alert in await service.alerts(alice, AlertStatus.FIRED)} == {above["id"], below["id"]}
    assert await service.alerts(alice, AlertStatus.ACTIVE) == []
    assert told in await service.alerts(alice, None)


@pytest.mark.gen_test
async def test_a_quote_nobody_trades_at_fires_nothing(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    await community.alerts.create(alice, MAOTAI, PERCENT, 5.0)
    await trade(community, 110.0, suspended=True)
    await trade(community, 110.0, stale=True)
    assert not publisher.of("alert_fired")
    await trade(community, 110.0)
    assert len(publisher.of("alert_fired")) == 2


@pytest.mark.gen_test
async def test_a_percentage_is_that_of_today(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    yesterday = NOW - timedelta(days=1)
    await trade(community, 110.0, timestamp=yesterday)
    alert = await community.alerts.create(alice, MAOTAI, PERCENT, 5.0)  # yesterday's change has nothing to do with it
    await trade(community, 111.0, timestamp=yesterday)
    assert not publisher.of("alert_fired")
    await trade(community, 111.0, previous_close=111.0)
    assert not publisher.of("alert_fired")
    await trade(community, 116.55, previous_close=111.0)
    assert fired_of(publisher, alice) == [(alert["id"], 116.55)]


@pytest.mark.gen_test
async def test_what_holds_already_is_refused(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    await trade(community, 105.0)
    for kind, value in ((ABOVE, 105.0), (ABOVE, 90.0), (BELOW, 105.0), (PERCENT, 5.0)):
        error = await refusal(community.alerts.create(alice, MAOTAI, kind, value))
        assert error.code is ErrorCode.INVALID_INPUT
        assert "105.0" in error.detail
    waiting = await community.alerts.create(alice, MAOTAI, ABOVE, 106.0)
    assert (await refusal(community.alerts.arm(alice, waiting["id"], 104.0))).code is ErrorCode.INVALID_INPUT
    await trade(community, 106.0)
    assert (await refusal(community.alerts.arm(alice, waiting["id"], None))).code is ErrorCode.INVALID_INPUT
    assert len(publisher.of("alert_fired")) == 1


@pytest.mark.gen_test
async def test_a_price_that_moves_while_an_alert_is_stored_fires_it(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    await trade(community, 100.0)
    making = asyncio.ensure_future(community.alerts.create(alice, MAOTAI, ABOVE, 105.0))
    await asyncio.sleep(0)  # it has looked at the price, and the database has not answered
    await trade(community, 110.0)
    assert not publisher.of("alert_fired")
    alert = await making
    await community.watch.settle()
    assert fired_of(publisher, alice) == [(alert["id"], 110.0)]


@pytest.mark.gen_test
async def test_armed_again_it_fires_again(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    await trade(community, 105.0)
    await trade(community, 100.0)
    assert await community.alerts.arm(alice, alert["id"], None) == alert
    await trade(community, 107.0)
    changed = await community.alerts.arm(alice, alert["id"], 110.0)
    assert (changed["value"], changed["status"]) == (110.0, "active")
    await trade(community, 108.0)
    await community.alerts.arm(alice, alert["id"], 109.0)
    await trade(community, 109.0)
    await trade(community, 110.0)
    assert [price for _, price in fired_of(publisher, alice)] == [105.0, 107.0, 109.0]


@pytest.mark.gen_test
async def test_a_deleted_one_is_silent(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    await community.alerts.remove(alice, alert["id"])
    tried: list[object] = []
    monkeypatch.setattr(AlertRepository, "fire", lambda *given: tried.append(given))
    await trade(community, 110.0)
    assert not tried  # it is watched no longer
    assert not publisher.of("alert_fired")
    assert await community.alerts.alerts(alice, None) == []
    assert (await refusal(community.alerts.remove(alice, alert["id"]))).code is ErrorCode.NOT_FOUND


@pytest.mark.gen_test
async def test_another_ones_alert_is_as_one_that_is_not_there(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    seen = set()
    for alert_id in (alert["id"], new_id(), "nonsense"):
        for call in (community.alerts.arm(bob, alert_id, 1.0), community.alerts.remove(bob, alert_id)):
            error = await refusal(call)
            seen.add((error.code, error.detail))
    assert len(seen) == 1
    assert await community.alerts.alerts(alice, None) == [alert]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((kind, value) for kind in AlertKind for value in (0.0, 1.001, math.nan, math.inf, -math.inf, 1e300)),
        (ABOVE, -1.0),
        (BELOW, 10_000_000.01),
        (PERCENT, 1000.01),
    ],
)
@pytest.mark.gen_test
async def test_values_that_cannot_be(database: Database, kind: AlertKind, value: float) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    assert (await refusal(community.alerts.create(alice, MAOTAI, kind, value))).code is ErrorCode.INVALID_INPUT
    assert await community.alerts.alerts(alice, None) == []


@pytest.mark.gen_test
async def test_a_hundred_wait_and_no_more_whoever_asks_at_once(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alerts = community.stores.alerts
    some = [await alerts.add(alice.user_id, MAOTAI, ABOVE, 105.0 + n, NOW) for n in range(MAX_ACTIVE - 3)]
    outcomes = await asyncio.gather(
        *(community.alerts.create(alice, MAOTAI, ABOVE, 300.0) for _ in range(8)), return_exceptions=True
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, RequestError)]
    assert [error.code for error in errors] == [ErrorCode.CONFLICT] * 5
    assert len(await community.alerts.alerts(alice, AlertStatus.ACTIVE)) == MAX_ACTIVE
    await community.watch.load()
    await trade(community, 105.0)
    assert fired_of(publisher, alice) == [(some[0].id, 105.0)]
    await trade(community, 100.0)
    await community.alerts.create(alice, MAOTAI, ABOVE, 300.0)
    assert (await refusal(community.alerts.arm(alice, some[0].id, None))).code is ErrorCode.CONFLICT


@pytest.mark.gen_test
async def test_of_two_processes_one_fires_it(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    made = [await community.alerts.create(alice, MAOTAI, ABOVE, 101.0 + n) for n in range(20)]
    others = [another_process(community, publisher) for _ in range(3)]
    for other in others:
        await other.load()
    for watch in (community.watch, *others):
        watch.take([quote(MAOTAI, 150.0)])
    for watch in (community.watch, *others):
        await watch.settle()
    assert sorted(alert_id for alert_id, _ in fired_of(publisher, alice)) == sorted(alert["id"] for alert in made)


@pytest.mark.gen_test
async def test_what_another_process_has_changed_is_learned_when_it_would_fire(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    other = another_process(community, publisher)
    await other.load()
    await community.alerts.arm(alice, alert["id"], 120.0)
    for price in (110.0, 119.0):
        other.take([quote(MAOTAI, price)])
        await other.settle()
    assert not publisher.of("alert_fired")
    other.take([quote(MAOTAI, 120.0)])
    await other.settle()
    assert fired_of(publisher, alice) == [(alert["id"], 120.0)]


@pytest.mark.gen_test
async def test_a_restart_forgets_nothing_and_repeats_nothing(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    fired = await community.alerts.create(alice, MAOTAI, ABOVE, 101.0)
    waiting = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    await trade(community, 101.0)
    await community.watch.close()
    community.quotes[MAOTAI] = quote(MAOTAI, 106.0)
    community.watch.take([community.quotes[MAOTAI]])  # it has stopped
    await community.watch.settle()
    assert [alert_id for alert_id, _ in fired_of(publisher, alice)] == [fired["id"]]
    restarted = another_process(community, publisher)
    await restarted.load()
    await restarted.settle()
    assert [alert_id for alert_id, _ in fired_of(publisher, alice)] == [fired["id"], waiting["id"]]


@pytest.mark.gen_test
async def test_when_the_database_is_away_it_fires_later(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)

    async def away(*_: object) -> None:
        raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(AlertRepository, "fire", away)
        await trade(community, 105.0)
    assert not publisher.of("alert_fired")
    community.watch.take([])
    await community.watch.settle()
    assert fired_of(publisher, alice) == [(alert["id"], 105.0)]


@pytest.mark.gen_test
async def test_a_lost_answer_costs_nobody_an_alert(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    alert = await community.alerts.create(alice, MAOTAI, ABOVE, 105.0)
    fire = AlertRepository.fire

    async def unheard(*given: Any) -> None:
        assert await fire(*given)
        raise RequestError(ErrorCode.UNAVAILABLE, "the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(AlertRepository, "fire", unheard)
        await trade(community, 105.0)
    assert not publisher.of("alert_fired")
    other = another_process(community, publisher)
    await other.load()
    for watch in (other, community.watch, community.watch):
        watch.take([quote(MAOTAI, 106.0)])
        await watch.settle()
    assert fired_of(publisher, alice) == [(alert["id"], 105.0)]


@pytest.mark.gen_test
async def test_a_crash_of_the_market_fires_all(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    users = [await community.member(f"user{n}") for n in range(4)]
    for user in users:
        for n in range(20):
            await community.stores.alerts.add(user.user_id, MAOTAI, BELOW, 50.0 + n, NOW)
    await community.watch.load()
    await trade(community, 10.0)
    assert len(publisher.of("alert_fired")) == 80
    for user in users:
        assert await community.alerts.alerts(user, AlertStatus.ACTIVE) == []
        assert len(await community.alerts.alerts(user, AlertStatus.FIRED)) == 20
