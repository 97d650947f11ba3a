"""The market on the page: the board, a stock with its chart, alerts, watchlists, signals."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.accessibility import serious_findings
from tests.browser.outside import call
from tests.browser.visitors import PATIENCE_MS, Program, Visitor, screenshot

Visit = Callable[..., Visitor]
INKED_PIXELS = """() => Math.max(0, ...[...document.querySelectorAll(".chart canvas")].map((canvas) => {
    const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height});
    const paint = copy.getContext("2d", {willReadFrequently: true});
    paint.drawImage(canvas, 0, 0);
    const data = paint.getImageData(0, 0, copy.width, copy.height).data;
    let inked = 0;
    for (let at = 3; at < data.length; at += 4) inked += data[at] > 0;
    return inked;
}))"""


def at(visitor: Visitor, *path: str) -> Visitor:
    """Go to a place of the market."""
    visitor.page.evaluate("hash => { location.hash = hash }", "/".join(["#/market", *path]))
    return visitor


def board(visitor: Visitor) -> Locator:
    rows = visitor.page.locator(".board-row:visible")
    expect(rows.first).to_be_visible()
    return rows


def column(visitor: Visitor, name: str) -> list[str]:
    """Return what the drawn rows show in a column, from the top."""
    return visitor.page.evaluate(  # type: ignore[no-any-return]
        """name => [...document.querySelectorAll(".board-row:not([hidden])")]
            .sort((one, other) => one.ariaRowIndex - other.ariaRowIndex)
            .map((row) => row.querySelector(`[data-column="${name}"]`).textContent)""",
        name,
    )


def is_drawn(visitor: Visitor, pixels: int) -> None:
    """Wait until the chart has so many pixels that are not empty; the page's policy forbids waiting in it."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while visitor.page.evaluate(INKED_PIXELS) < pixels:
        assert time.monotonic() < deadline, "the chart is blank"
        visitor.page.wait_for_timeout(50)


def test_the_board_moves_sorts_and_filters(visit: Visit) -> None:
    alice = at(visit().sign_in("alice"))
    rows, page = board(alice), alice.page
    before = rows.first.locator("[data-column=time]").text_content()
    expect(rows.first.locator("[data-column=time]")).not_to_have_text(before or "")
    expect(rows.first.locator("[data-column=high]")).not_to_have_text("–")
    expect(page.locator(".index").first).to_contain_text("上证指数")
    expect(page.locator(".session")).to_contain_text("模拟行情 · 全天开放")

    screenshot(page, "market-board")

    head = page.get_by_role("columnheader", name="代码")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows.first.locator("[data-column=code]")).to_have_text("000001")
    codes = column(alice, "code")
    assert codes == sorted(codes)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "none")

    page.get_by_role("searchbox", name="筛选代码或名称").fill("茅台")
    expect(rows).to_have_count(1)
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    expect(rows.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"#/market/600519\.SH$"))
    expect(page.get_by_role("heading", name="贵州茅台")).to_be_visible()


def test_a_stock_leads_back_to_where_the_board_was(visit: Visit) -> None:
    alice = at(visit().sign_in("alice"))
    rows, page = board(alice), alice.page
    expect(rows.first).to_have_attribute("aria-rowindex", "2")
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 200 }")
    page.locator(".board-name", has_text="万科A").click()
    expect(page.get_by_role("heading", name="万科A")).to_be_visible()
    page.go_back()
    board(alice)
    expect(page.locator(".board-name", has_text="万科A")).to_be_in_viewport()
    expect(page.get_by_role("grid")).to_have_js_property("scrollTop", 200)


def test_thousands_of_rows_are_a_few_elements(visit: Visit) -> None:
    alice = at(visit().sign_in("alice"))
    board(alice)
    alice.page.evaluate("""async () => {
        const {Book} = await import("#js/market/models/book.js");
        const {BoardTable} = await import("#js/market/board/table.js");
        const {COLUMNS} = await import("#js/market/board/columns.js");
        const symbols = Array.from({length: 5000}, (_, at) => `${100000 + at}.SZ`);
        const timestamp = "2026-01-05T10:00:00.000+08:00";
        const book = new Book();
        const quote = (symbol, price) => ({symbol, code: symbol, name: symbol, price, change: 0, timestamp});
        book.take(symbols.map(quote));
        const view = document.querySelector(".board");
        const body = document.querySelector(".board-rows");
        body.replaceChildren();
        const table = new BoardTable({view, body, book, onCount: () => {}});
        table.setLayout(COLUMNS, 36);
        table.setSymbols(symbols);
        table.setOrder({column: "price", direction: -1}, "");
    }""")
    rows = alice.page.locator(".board-row:visible")
    expect(rows.first).to_have_attribute("data-symbol", "104999.SZ")
    assert rows.count() < 60
    alice.page.evaluate("document.querySelector('.board').scrollTop = 2500 * 36")
    expect(alice.page.locator('[data-symbol="102499.SZ"]')).to_be_in_viewport()
    assert rows.count() < 60


def test_a_stock_is_drawn_with_candles_minutes_and_indicators(visit: Visit) -> None:
    alice = at(visit().sign_in("alice"), "600519.SH")
    page = alice.page
    expect(page.locator(".stock-price")).not_to_be_empty()
    is_drawn(alice, 2000)
    expect(page.locator(".chart-legend")).to_contain_text("MA5")
    page.get_by_role("button", name="MACD").click()
    expect(page.locator(".chart-legend")).to_contain_text("DIF")
    is_drawn(alice, 2000)
    screenshot(page, "market-stock")
    page.get_by_role("button", name="1年").click()
    page.get_by_role("tab", name="分时").click()
    expect(page.locator(".chart-legend")).to_contain_text("均价")
    is_drawn(alice, 500)
    page.emulate_media(color_scheme="dark")
    is_drawn(alice, 500)
    notice = page.get_by_role("link", name="TradingView Lightweight Charts™")
    expect(notice).to_have_attribute("href", "https://www.tradingview.com/")
    assert not serious_findings(alice.page)


def test_an_alert_waits_fires_and_is_set_again(visit: Visit, program: Program) -> None:
    alice = at(visit().sign_in("alice"), "601398.SH")
    page = alice.page
    form = page.locator(".alert-form")
    form.get_by_role("spinbutton").fill("1.234")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_have_text("最多 2 位小数")
    form.get_by_role("spinbutton").fill("0.01")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("已满足此条件")
    alice.complaints.clear()  # the browser logs the 400
    price = call(program, "GET", "/stocks/601398")["quote"]["price"]  # another one each day
    threshold = round(price * 1.25, 2)
    form.get_by_role("spinbutton").fill(str(threshold))
    form.get_by_role("button").click()
    expect(page.locator("[data-alert=active]")).to_contain_text(f"{threshold:.2f}")
    expect(page.locator("[data-alert=active] .alert-away")).to_contain_text(re.compile(r"距触发 \+\d+\.\d\d%"))
    reached = round(price * 1.3, 2)
    quote = {"symbol": "601398.SH", "price": reached, "previous_close": price}
    call(program, "POST", "/websocket/push/prices", [quote])
    expect(page.locator("[data-alert=fired]")).to_contain_text(f"{reached:.2f}")
    at(alice, "alerts")
    expect(page.locator("[data-alert=fired]")).to_contain_text("工商银行")
    page.locator("[data-alert=fired]").get_by_role("button", name=re.compile("删除")).click()
    expect(page.locator("[data-alert]")).to_have_count(0)
    expect(page.get_by_text("还没有价格提醒")).to_be_visible()


def drag(page: Page, handle: Locator, onto: Locator) -> None:
    """Drag slowly enough that a list may move under the pointer; prices make its rows higher when they come."""
    expect(page.locator(".lists-price", has_text="%")).to_have_count(page.locator(".grip").count())
    start, end = handle.bounding_box(), onto.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 10, end["y"] + 10, steps=5)
    page.mouse.up()


def items(visitor: Visitor) -> Locator:
    return visitor.page.locator(".lists-items .row-title")


def test_a_watchlist_keeps_its_order_and_notes_and_other_devices_follow(visit: Visit) -> None:
    bob = at(visit().sign_in("bob"), "lists")
    page = bob.page
    for code in ("600519", "300750", "000001"):
        search = page.get_by_role("combobox", name="添加股票：代码或名称")
        search.fill(code)
        page.get_by_role("option").first.click()
        expect(page.locator(f'.lists-items [data-symbol^="{code}"]')).to_be_visible()
    grips = page.locator(".grip")
    grips.nth(2).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(items(bob)).to_have_text(["平安银行", "贵州茅台", "宁德时代"])
    drag(page, grips.nth(0), grips.nth(2))
    expect(items(bob)).to_have_text(["贵州茅台", "宁德时代", "平安银行"])
    page.get_by_role("button", name="宁德时代的备注").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("等回调")
    page.keyboard.press("Enter")
    expect(page.locator(".lists-items")).to_contain_text("等回调")
    screenshot(page, "market-watchlist")
    page.reload()
    expect(items(bob)).to_have_text(["贵州茅台", "宁德时代", "平安银行"])
    expect(page.locator(".lists-items")).to_contain_text("等回调")

    other = bob.open()  # another tab is another device
    other.evaluate("location.hash = '#/market/lists'")
    page.get_by_role("button", name="新建列表").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("白酒")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="白酒")).to_be_visible()
    expect(other.locator(".lists-all")).to_contain_text("白酒")
    page.get_by_role("button", name="列表操作").click()
    page.get_by_role("menuitem", name="删除列表").click()
    page.get_by_role("dialog").get_by_role("button", name="删除", exact=True).click()
    expect(other.locator(".lists-all")).not_to_contain_text("白酒")


def test_signals_have_reasons_and_live_prices(visit: Visit) -> None:
    alice = at(visit(locale="en").sign_in("alice"), "signals")
    page = alice.page
    expect(page.get_by_role("tab")).to_have_count(3)
    counted = page.get_by_role("tab").filter(has=page.locator(".badge"))
    expect(counted.first).to_be_visible()
    counted.first.click()
    first = page.locator(".signals-table tbody tr").first
    expect(first.locator("td").nth(4)).to_have_text(re.compile(r"\d+\.\d\d"))
    assert first.locator(".signals-reason").text_content()
    assert not serious_findings(alice.page)
    screenshot(page, "market-signals-en")
    first.get_by_role("link").click()
    expect(page.locator(".stock-part", has_text="Signals")).to_be_visible()


def test_prices_that_are_stale_say_since_when(visit: Visit) -> None:
    def at_lunch(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        said["data"] |= {
            "any_hour": False,
            "phase": "lunch",
            "next_phase": "afternoon",
            "timestamp": "2026-01-05T12:00:00.000+08:00",
            "next_change": "2026-01-05T13:00:00.000+08:00",
            "last_push": "2026-01-05T11:30:00.000+08:00",
            "stale": True,
        }
        route.fulfill(response=answer, json=said)

    alice = visit(timezone_id="Asia/Shanghai")
    alice.page.route("**/api/market/status", at_lunch)
    at(alice.sign_in("alice"), "signals")
    strip = alice.page.locator(".session")
    expect(strip).to_contain_text("午间休市")
    expect(strip).to_contain_text(re.compile(r"距午后交易 (1:00:00|59:\d\d)"))
    expect(strip.locator(".session-stale")).to_contain_text("起未更新")
    expect(strip).not_to_contain_text("北京时间")


def test_after_a_restart_the_prices_move_again(visit: Visit, program: Program) -> None:
    alice = at(visit().sign_in("alice"))
    rows = board(alice)
    program.stop()
    expect(alice.page.locator("#connection")).not_to_have_attribute("data-state", "live")
    expect(rows.first.locator("[data-column=price]")).not_to_be_empty()  # what is known stays
    program.start()
    alice.is_live()
    alice.complaints.clear()  # the browser logs every refused connection
    before = rows.first.locator("[data-column=time]").text_content()
    expect(rows.first.locator("[data-column=time]")).not_to_have_text(before or "")


def test_the_market_fits_a_phone(visit: Visit) -> None:
    def at_their_limits(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        for quote in said["data"]["quotes"]:
            quote["limit_up"] = 0.01
        route.fulfill(response=answer, json=said)

    phone = visit(viewport={"width": 390, "height": 844}, has_touch=True)
    phone.page.route("**/api/market/quotes?**", at_their_limits)
    board(at(phone.sign_in("alice")))
    expect(phone.page.locator("[data-tag=limit_up]").first).to_have_text("涨停")
    expect(phone.page.get_by_role("columnheader")).to_have_count(3)
    expect(phone.page.locator(".session")).to_contain_text("全天开放")
    shown = {
        "": ".board-row",
        "600519.SH": ".chart-legend",
        "lists": ".lists-all",
        "signals": ".signals",
        "alerts": ".alerts",
    }
    for path, view in shown.items():
        at(phone, *filter(None, [path]))
        expect(phone.page.locator(view).first).to_be_visible()
        if path == "signals":  # not every strategy has some each day
            phone.page.get_by_role("tab").filter(has=phone.page.locator(".badge")).first.click()
            expect(phone.page.locator(".signals-why").first).to_be_visible()
        expect(phone.page.locator(".skeleton")).to_have_count(0)
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not serious_findings(phone.page)
        screenshot(phone.page, f"market-phone-{path or 'board'}")
