from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.errors import ErrorCode, RequestError
from server.services.watchlists import CHANGE_RATE, MAX_ITEMS, MAX_LISTS, NewItem
from server.storage.documents import Database, new_id
from tests.support.clock import FakeClock
from tests.support.community import Community, RecordingPublisher, open_community
from tests.support.quoting import quote


def symbols(watchlist: dict[str, Any]) -> list[str]:
    return [item["symbol"] for item in watchlist["items"]]


def wait(community: Community) -> None:
    """Let the rates of changes recover."""
    assert isinstance(community.clock, FakeClock)
    community.clock.advance(60)


async def refusal(call: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await call
    return caught.value


@pytest.mark.gen_test
async def test_everyone_has_a_default_list_that_stays(database: Database) -> None:
    community = open_community(database)
    alice, bob = await community.member("alice"), await community.member("bob")
    service = community.watchlists
    [mine] = await service.watchlists(alice)
    assert mine == {"id": alice.user_id, "name": "", "is_default": True, "position": 0, "revision": 0, "items": []}
    assert (await refusal(service.remove(alice, mine["id"]))).code is ErrorCode.CONFLICT
    assert (await refusal(service.remove(bob, mine["id"]))).code is ErrorCode.NOT_FOUND
    named = await service.update(alice, mine["id"], " Core ", None)
    assert (named["name"], named["revision"]) == ("Core", 1)
    assert await service.watchlists(alice) == [named]
    assert [watchlist["name"] for watchlist in await service.watchlists(bob)] == [""]


@pytest.mark.gen_test
async def test_lists_are_made_moved_and_deleted(database: Database) -> None:
    publisher = RecordingPublisher()
    community = open_community(database, publisher)
    alice = await community.member("alice")
    service = community.watchlists
    banks, metals = await service.create(alice, "Banks"), await service.create(alice, "Metals")
    moved = await service.update(alice, metals["id"], None, 0)
    assert (moved["position"], moved["is_default"]) == (0, False)
    assert [watchlist["name"] for watchlist in await service.watchlists(alice)] == ["Metals", "", "Banks"]
    await service.update(alice, metals["id"], "Gold", 99)
    assert [watchlist["name"] for watchlist in await service.watchlists(alice)] == ["", "Banks", "Gold"]
    await service.remove(alice, banks["id"])
    assert [watchlist["name"] for watchlist in await service.watchlists(alice)] == ["", "Gold"]
    room = f"user:{alice.user_id}"
    updates = publisher.of("watchlist_updated", room)
    assert [update["watchlist"]["name"] for update in updates] == ["Banks", "Metals", "Metals", "Gold"]
    assert publisher.of("watchlist_removed", room) == [{"watchlist_id": banks["id"]}]
    for call in (service.update(alice, banks["id"], "x", None), service.remove(alice, new_id())):
        assert (await refusal(call)).code is ErrorCode.NOT_FOUND


@pytest.mark.gen_test
async def test_items_by_code_or_symbol_with_notes_and_quotes(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    service, mine = community.watchlists, alice.user_id
    community.quotes["600519.SH"] = quote("600519.SH", 102.5)
    await service.add_item(alice, mine, NewItem("600519", " liquor "), None)
    await service.add_item(alice, mine, NewItem("000001.sh"), None)
    listed = await service.add_item(alice, mine, NewItem("000001"), 0)
    assert symbols(listed) == ["000001.SZ", "600519.SH", "000001.SH"]
    maotai = listed["items"][1]
    assert {key: maotai[key] for key in ("code", "symbol", "name", "note")} == {
        "code": "600519",
        "symbol": "600519.SH",
        "name": "贵州茅台",
        "note": "liquor",
    }
    assert (maotai["quote"]["price"], maotai["quote"]["change_percent"]) == (102.5, 2.5)
    assert "quote" not in listed["items"][0]
    moved = await service.update_item(alice, mine, "600519.SH", "", 2)
    assert (symbols(moved), moved["items"][2]["note"]) == (["000001.SZ", "000001.SH", "600519.SH"], "")
    noted = await service.update_item(alice, mine, "000001", "bank", None)
    assert (symbols(noted), noted["items"][0]["note"]) == (symbols(moved), "bank")
    left = await service.remove_item(alice, mine, "000001")
    assert symbols(left) == ["000001.SH", "600519.SH"]
    assert left["revision"] == 6
    [stored] = await service.watchlists(alice)
    assert stored == left
    assert (await refusal(service.remove_item(alice, mine, "000001"))).code is ErrorCode.NOT_FOUND
    assert (await refusal(service.update_item(alice, mine, "nonsense", "x", None))).code is ErrorCode.NOT_FOUND
    assert (await refusal(service.add_item(alice, mine, NewItem("600519"), None))).code is ErrorCode.CONFLICT


@pytest.mark.gen_test
async def test_two_devices_do_not_overwrite_each_other(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    service, mine = community.watchlists, alice.user_id
    outcomes = await asyncio.gather(
        *(service.set_items(alice, mine, [NewItem(name)], 0) for name in ("600519", "000001")), return_exceptions=True
    )
    [stored] = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    [conflict] = [outcome for outcome in outcomes if isinstance(outcome, RequestError)]
    assert conflict.code is ErrorCode.CONFLICT
    assert conflict.data == {"watchlist": stored}
    again = await service.set_items(alice, mine, [NewItem("600036"), NewItem("600519")], stored["revision"])
    assert (symbols(again), again["revision"]) == (["600036.SH", "600519.SH"], 2)


@pytest.mark.gen_test
async def test_changes_of_many_devices_at_once_are_all_kept(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    names = ["600519", "601318", "600036", "601398", "000001", "000002", "000333", "000001.SH"]
    service = community.watchlists
    await asyncio.gather(*(service.add_item(alice, alice.user_id, NewItem(name), None) for name in names))
    await asyncio.gather(*(service.create(alice, name) for name in names))
    lists = await service.watchlists(alice)
    assert len(symbols(lists[0])) == len(set(symbols(lists[0]))) == len(names)
    assert sorted(watchlist["name"] for watchlist in lists[1:]) == sorted(names)


@pytest.mark.gen_test
async def test_what_cannot_be(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    service, mine = community.watchlists, alice.user_id
    for call in (
        service.create(alice, " "),
        service.create(alice, "x" * 65),
        service.create(alice, "a\0b"),
        service.update(alice, mine, None, None),
        service.add_item(alice, mine, NewItem("999999"), None),
        service.add_item(alice, mine, NewItem("600519", "x" * 201), None),
        service.update_item(alice, mine, "600519", None, None),
        service.set_items(alice, mine, [NewItem("600519"), NewItem("600519.SH")], 0),
        service.set_items(alice, mine, [NewItem("600519")] * (MAX_ITEMS + 1), 0),
    ):
        assert (await refusal(call)).code is ErrorCode.INVALID_INPUT
    assert (await service.watchlists(alice))[0]["revision"] == 0
    for number in range(MAX_LISTS - 1):
        await service.create(alice, str(number))
    assert (await refusal(service.create(alice, "one more"))).code is ErrorCode.CONFLICT
    assert len(await service.watchlists(alice)) == MAX_LISTS


@pytest.mark.gen_test
async def test_a_full_list_takes_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.services.watchlists.MAX_ITEMS", 2)
    community = open_community(database)
    alice = await community.member("alice")
    service, mine = community.watchlists, alice.user_id
    await service.set_items(alice, mine, [NewItem("600519"), NewItem("000001")], 0)
    assert (await refusal(service.add_item(alice, mine, NewItem("600036"), None))).code is ErrorCode.CONFLICT


@pytest.mark.gen_test
async def test_a_stock_that_is_listed_no_longer_is_shown_and_can_be_removed(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    service, mine = community.watchlists, alice.user_id
    items = [{"symbol": "600000.SH", "note": "gone"}]
    lists = [{"id": mine, "name": "", "items": items, "revision": 4}]
    await database["watchlists"].insert_one({"_id": mine, "version": 4, "lists": lists})
    [watchlist] = await service.watchlists(alice)
    assert watchlist["items"] == [{"code": "600000", "symbol": "600000.SH", "name": "600000", "note": "gone"}]
    assert (await service.remove_item(alice, mine, "600000.sh"))["items"] == []


@pytest.mark.gen_test
async def test_too_many_changes(database: Database) -> None:
    community = open_community(database)
    alice = await community.member("alice")
    for number in range(int(CHANGE_RATE.burst)):
        await community.watchlists.update(alice, alice.user_id, str(number), None)
    error = await refusal(community.watchlists.update(alice, alice.user_id, "x", None))
    assert error.code is ErrorCode.RATE_LIMITED
    wait(community)
    await community.watchlists.update(alice, alice.user_id, "x", None)
