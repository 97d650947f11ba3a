from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tornado.ioloop import IOLoop

from server import turns
from server.domain.quotes import Quote
from server.services import prices as prices_module
from tests.support.leftovers import ErrorLog
from tests.support.price_desk import BATTERY, COMPOSITE, MOUTAI, PINGAN, Desk


@pytest.fixture
def desk(io_loop: IOLoop) -> Desk:
    return Desk()


@pytest.mark.gen_test
async def test_the_first_push_reaches_every_target(desk: Desk) -> None:
    await desk.prices.push()
    sent = desk.recorder.take()
    assert {room: update.symbols for room, update in sent.items()} == {
        "stock:600519": [MOUTAI],
        "stock:600519.SH": [MOUTAI],
        "stock:000001": [PINGAN],
        "stock:000001.SZ": [PINGAN],
        "stock:920185": [BATTERY],
        "stock:920185.BJ": [BATTERY],
        "stock:000001.SH": [COMPOSITE],
        "market:SH": [MOUTAI],
        "market:SZ": [PINGAN],
        "market:BJ": [BATTERY],
        "market:ALL": [MOUTAI, PINGAN, BATTERY],
    }


@pytest.mark.gen_test
async def test_an_update_has_the_contract_s_shape(desk: Desk) -> None:
    await desk.prices.push()
    update = desk.recorder.take()["stock:000001"]
    assert update.event == "price_update"
    assert update.payload == {
        "subscription_type": "stock",
        "target": "000001",
        "data": [
            {
                "code": "000001",
                "symbol": PINGAN,
                "name": PINGAN,
                "price": 10.0,
                "change": 0.0,
                "change_percent": 0.0,
                "volume": 100,
                "timestamp": "2026-01-05T10:00:00.000+08:00",
            }
        ],
        "count": 1,
        "timestamp": "2026-01-05T10:00:00.000+08:00",
    }


@pytest.mark.gen_test
async def test_only_what_changed_is_sent(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.source.trade(PINGAN, 9.99)
    await desk.prices.push()
    sent = desk.recorder.take()
    assert set(sent) == {"stock:000001", "stock:000001.SZ", "market:SZ", "market:ALL"}
    assert sent["market:ALL"].symbols == [PINGAN]


@pytest.mark.gen_test
async def test_a_later_timestamp_alone_is_no_change(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.clock.advance(3)
    desk.source.trade(PINGAN, 10.0)
    await desk.prices.push()
    assert desk.recorder.take() == {}


@pytest.mark.gen_test
async def test_a_room_without_members_gets_nothing(desk: Desk) -> None:
    desk.recorder.empty_rooms = {"prices:market:ALL"}
    await desk.prices.push()
    assert "market:ALL" not in desk.recorder.take()


@pytest.mark.gen_test
async def test_a_slow_client_is_offered_all_present_quotes_of_the_target(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    desk.source.trade(PINGAN, 9.99)
    await desk.prices.push()
    update = desk.recorder.take()["market:ALL"]
    desk.source.trade(MOUTAI, 12.0)
    await desk.prices.push()
    assert update.supersedes == ("prices", "market", "ALL")
    assert update.snapshot is not None
    whole: Any = update.snapshot()
    assert [(row["symbol"], row["price"]) for row in whole["data"]] == [(MOUTAI, 12.0), (PINGAN, 9.99), (BATTERY, 10.0)]


@pytest.mark.gen_test
async def test_a_strategy_sends_new_signals_and_changed_quotes_of_its_signals(desk: Desk) -> None:
    await desk.prices.push()
    desk.recorder.take()
    await desk.prices.show_signals({"rising": [MOUTAI]})
    assert desk.recorder.take()["strategy:rising"].symbols == [MOUTAI]
    await desk.prices.show_signals({"rising": [PINGAN, MOUTAI]})
    assert desk.recorder.take()["strategy:rising"].symbols == [PINGAN]
    assert desk.snapshot("strategy", "rising") == [PINGAN, MOUTAI]
    desk.source.trade(MOUTAI, 9.0)
    desk.source.trade(BATTERY, 9.0)
    await desk.prices.push()
    assert desk.recorder.take()["strategy:rising"].symbols == [MOUTAI]
    await desk.prices.show_signals({"rising": [PINGAN]})
    assert desk.recorder.take() == {}
    assert desk.snapshot("strategy", "rising") == [PINGAN]


@pytest.mark.gen_test
async def test_signals_without_quotes_are_shown_with_their_first(desk: Desk) -> None:
    await desk.prices.show_signals({"rising": [MOUTAI]})
    assert desk.recorder.take() == {}
    await desk.prices.push()
    assert desk.recorder.take()["strategy:rising"].symbols == [MOUTAI]


@pytest.mark.gen_test
async def test_a_snapshot_before_the_first_push_is_empty(desk: Desk) -> None:
    assert desk.snapshot("market", "ALL") == []
    await desk.prices.push()
    assert desk.snapshot("market", "ALL") == [MOUTAI, PINGAN, BATTERY]
    assert desk.snapshot("stock", COMPOSITE) == [COMPOSITE]


@pytest.mark.gen_test
async def test_a_failing_source_is_counted_and_asked_again(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.source.failure = OSError("no route to the exchange")
    await desk.prices.push()
    await desk.prices.push()
    assert caplog.text.count("price source script failed") == 1  # not once a push
    desk.source.failure = None
    await desk.prices.push()
    assert (desk.prices.failed_pushes, desk.prices.pushes) == (2, 1)
    assert desk.recorder.take()


@pytest.mark.gen_test
async def test_pushes_never_overlap(desk: Desk) -> None:
    desk.source.gate = asyncio.Event()
    pushes = [asyncio.ensure_future(desk.prices.push()) for _ in range(3)]
    await desk.source.fetching.wait()
    desk.source.gate.set()
    await asyncio.gather(*pushes)
    assert (desk.source.fetches, desk.source.most_at_once) == (3, 1)


@pytest.mark.gen_test
async def test_quotes_that_come_while_a_push_is_under_way_follow_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    await desk.prices.push()
    desk.recorder.sent.clear()
    desk.source.trade(MOUTAI, 11.0)
    desk.source.trade(PINGAN, 11.0)
    first = asyncio.create_task(desk.prices.push())
    while not desk.recorder.sent:
        await asyncio.sleep(0)
    desk.source.trade(MOUTAI, 12.0)
    second = asyncio.create_task(desk.prices.push())
    showing = asyncio.create_task(desk.prices.show_signals({"rising": [PINGAN, MOUTAI]}))
    await asyncio.gather(first, second, showing)
    sent = [
        (update.room, row["symbol"], row["price"]) for update in desk.recorder.sent for row in update.payload["data"]
    ]
    assert len(sent) == len(set(sent)) == 4 + 4 + 4 + 2
    newest = {(room, symbol): price for room, symbol, price in sent}
    assert set(newest.values()) == {11.0, 12.0}
    assert all(price == (12.0 if symbol == MOUTAI else 11.0) for (_, symbol), price in newest.items())


@pytest.mark.gen_test
async def test_signals_that_change_during_a_push_are_shown_after_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    await desk.prices.show_signals({"rising": [MOUTAI]})
    push = asyncio.create_task(desk.prices.push())
    while not desk.recorder.sent:
        await asyncio.sleep(0)
    showing = asyncio.create_task(desk.prices.show_signals({"rising": [PINGAN]}))
    await asyncio.sleep(0)
    under_way = desk.snapshot("strategy", "rising")
    await asyncio.gather(push, showing)
    assert (under_way, desk.snapshot("strategy", "rising")) == ([MOUTAI], [PINGAN])
    of_strategy = [update.symbols for update in desk.recorder.sent if update.room == "prices:strategy:rising"]
    assert of_strategy == [[MOUTAI], [PINGAN]]


@pytest.mark.gen_test
async def test_stop_waits_for_the_push_under_way(desk: Desk) -> None:
    desk.source.gate = asyncio.Event()
    push = asyncio.ensure_future(desk.prices.push())
    await desk.source.fetching.wait()
    stopping = asyncio.ensure_future(desk.prices.stop())
    await asyncio.sleep(0)
    closed_early = desk.source.closed
    desk.source.gate.set()
    await asyncio.gather(stopping, push)
    assert (closed_early, desk.source.closed) == (False, True)
    assert desk.prices.pushes == 1


@pytest.mark.gen_test
async def test_listeners_are_told_what_changed_and_one_that_fails_stops_nothing(
    desk: Desk, logged_errors: ErrorLog
) -> None:
    told: list[list[str]] = []

    def fail(_quotes: Sequence[Quote]) -> None:
        raise ValueError

    desk.prices.on_quotes += [fail, lambda quotes: told.append([quote.symbol for quote in quotes])]
    await desk.prices.push()
    desk.source.trade(PINGAN, 9.99)
    await desk.prices.push()
    await desk.prices.push()
    assert told == [[MOUTAI, PINGAN, BATTERY, COMPOSITE], [PINGAN]]
    assert len(logged_errors.pop_all()) == 2
    assert desk.recorder.sent


@pytest.mark.gen_test
async def test_an_older_quote_than_that_at_hand_is_left_out(desk: Desk) -> None:
    desk.source.trade(MOUTAI, 11.0)
    await desk.prices.push()
    desk.clock.advance(-1)
    desk.source.trade(MOUTAI, 12.0)
    await desk.prices.push()
    quote = desk.prices.quote_of(MOUTAI)
    assert quote is not None
    assert quote.price == 11.0


@pytest.mark.gen_test
async def test_a_push_now_counts_stocks_clients_and_updates(desk: Desk) -> None:
    desk.recorder.audiences = {
        "prices:strategy:rising": ("ann", "bob"),
        "prices:stock:600519": ("ann",),
        "prices:market:SH": ("bob", "cid"),
    }
    desk.recorder.empty_rooms = {"prices:stock:600519.SH", "prices:market:ALL"}
    await desk.prices.push()
    await desk.prices.show_signals({"rising": [PINGAN, MOUTAI]})
    desk.recorder.take()
    rising = desk.prices.targets.strategy("rising")
    assert await desk.prices.push_now(rising, []) == (2, 2, 2)  # nothing new: its signals all the same
    assert desk.recorder.take()["strategy:rising"].symbols == [PINGAN, MOUTAI]
    posted = msgspec.structs.replace(desk.source.quotes[MOUTAI], price=12.5)
    assert await desk.prices.push_now(rising, [posted]) == (2, 3, 5)
    sent = desk.recorder.take()
    assert set(sent) == {"strategy:rising", "stock:600519", "market:SH"}
    assert desk.source.fetches == 1
    desk.source.quotes = {MOUTAI: msgspec.structs.replace(posted, price=13.0)}
    assert (await desk.prices.push_now(rising, None)).delivered == 5
    assert desk.source.fetches == 2


@pytest.mark.gen_test
async def test_a_push_of_many_quotes_leaves_others_their_turns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(prices_module, "QUOTES_AT_ONCE", 1)
    told: list[Quote] = []
    desk.prices.on_quotes.append(told.extend)
    push = asyncio.create_task(desk.prices.push())
    seen: list[tuple[int, int, int]] = []
    while not push.done():
        await asyncio.sleep(0)
        seen.append((len(desk.prices.quotes()), len(desk.recorder.sent), len(told)))
    assert seen[-1] == (4, 11, 4)
    assert all(sum(now) - sum(before) <= 1 for before, now in pairwise(seen))


@pytest.mark.gen_test
async def test_the_quotes_of_a_market_are_written_in_turns(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.prices.push()
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(prices_module, "QUOTES_AT_ONCE", 1)
    asked = [MOUTAI, PINGAN, BATTERY]
    writing = asyncio.create_task(desk.prices.whole_quotes([*asked, "999999.SH"]))
    turns_of_others = 0
    while not writing.done():
        await asyncio.sleep(0)
        turns_of_others += 1
    assert turns_of_others >= len(asked)
    assert [msgspec.json.decode(text)["symbol"] for text in await writing] == asked


@pytest.mark.gen_test
async def test_a_push_now_from_a_source_that_fails_repeats_what_is_known(desk: Desk) -> None:
    await desk.prices.push()
    await desk.prices.show_signals({"rising": [MOUTAI]})
    desk.source.failure = OSError("away")
    assert (await desk.prices.push_now(desk.prices.targets.strategy("rising"), None)).stocks == 1
