from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.accessibility import serious_findings
from tests.browser.outside import call, register, sign_in
from tests.browser.visitors import Program, Visitor, screenshot

BROWSER_THAT_ASKS = """
  window.asked = 0;
  window.Notification = class {
    static permission = localStorage.asked ? "granted" : "default";
    static async requestPermission() {
      window.asked += 1;
      localStorage.asked = "yes";
      return (Notification.permission = "granted");
    }
    constructor(title) {
      localStorage.shown = JSON.stringify([...JSON.parse(localStorage.shown ?? "[]"), title]);
    }
  };
"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "reduced_motion": "reduce"}


def notify(program: Program, username: str, title: str, **more: str) -> None:
    user = call(program, "GET", "/users/me", token=sign_in(program, username))
    call(program, "POST", "/notifications", {"user_id": user["id"], "title": title, "type": "news", **more})


def badge(page: Page, count: int) -> None:
    """Wait until the bell says so many."""
    shown = page.locator("#bell .badge")
    expect(shown).to_have_text(str(count)) if count else expect(shown).to_have_count(0)


def test_a_friends_request_rings_and_is_read(visit: Callable[..., Visitor], program: Program) -> None:
    anna = visit().register("anna")
    bert = register(program, "bert")
    call(program, "POST", "/friends/requests", {"username": "anna"}, bert)
    badge(anna.page, 1)
    expect(anna.page.locator(".toast")).to_contain_text("好友请求")
    anna.page.locator("#bell").click()
    row = anna.page.locator(".inbox-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("bert")
    expect(anna.page.locator(".inbox-carrier")).to_contain_text("WebSocket")
    expect(anna.page.locator(".toast")).to_have_count(0)
    assert serious_findings(anna.page) == []
    screenshot(anna.page, "notifications")
    anna.page.locator("#read-all").click()
    badge(anna.page, 0)
    anna.page.keyboard.press("Escape")
    expect(anna.page.locator(".inbox")).to_have_count(0)
    expect(anna.page.locator("#bell")).to_be_focused()
    anna.page.keyboard.press("Enter")
    expect(row.locator("a")).to_have_attribute("href", "#/chat/people")


def test_two_tabs_stay_in_step_and_a_deletion_can_be_taken_back(
    visit: Callable[..., Visitor], program: Program
) -> None:
    cara = visit().register("cara")
    other = cara.open()
    notify(program, "cara", "first")
    notify(program, "cara", "second", link="https://example.com/")
    for page in (cara.page, other):
        badge(page, 2)
    cara.page.locator("#bell").click()
    rows = cara.page.locator(".inbox-row")
    expect(rows.first.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    rows.nth(1).hover()
    rows.nth(1).locator("button[aria-label^=删除]").click()
    expect(rows).to_have_count(1)
    badge(cara.page, 1)
    cara.page.locator(".toast button.link").click()
    expect(rows).to_have_count(2)
    rows.first.locator(".inbox-row-open").focus()
    cara.page.keyboard.press("ArrowDown")
    cara.page.keyboard.press("Delete")
    expect(rows).to_have_count(1)
    cara.page.reload()  # what waits is deleted as the page goes
    badge(other, 1)
    other.locator("#bell").click()
    expect(other.locator(".inbox-row")).to_have_count(1)
    other.locator(".inbox-row button[aria-label^=标为已读]").click()
    badge(other, 0)
    badge(cara.page, 0)


def test_a_muted_type_makes_no_sign(visit: Callable[..., Visitor], program: Program) -> None:
    dora = visit(locale="en").register("dora")
    dora.page.locator("#bell").click()
    dora.page.locator("#prefer").click()
    with dora.page.expect_response(lambda answer: answer.request.method == "PUT"):
        dora.page.get_by_label("Friend request", exact=True).uncheck()
    assert serious_findings(dora.page) == []
    screenshot(dora.page, "notification-settings")
    dora.page.keyboard.press("Escape")
    call(program, "POST", "/friends/requests", {"username": "dora"}, register(program, "emil"))
    notify(program, "dora", "something else")
    badge(dora.page, 1)
    dora.page.reload()
    badge(dora.page, 1)
    dora.page.locator("#bell").click()
    expect(dora.page.locator(".inbox-row")).to_contain_text(["something else", "emil wants to be your friend"])
    expect(dora.page.locator(".inbox-row.unread")).to_contain_text(["something else"])


def test_one_hidden_tab_alone_shows_it_on_the_desktop_once_that_was_asked_for(
    visit: Callable[..., Visitor], program: Program
) -> None:
    gero = visit()
    gero.context.add_init_script(BROWSER_THAT_ASKS)
    gero.page.reload()
    gero.register("gero")
    gero.page.locator("#bell").click()
    gero.page.locator("#prefer").click()
    assert gero.page.evaluate("asked") == 0
    gero.page.get_by_label("桌面通知").check()
    expect(gero.page.get_by_label("桌面通知")).to_be_checked()
    assert gero.page.evaluate("asked") == 1
    tabs = [gero.page, gero.open()]
    for tab in tabs:
        badge(tab, 0)
        expect(tab.locator("#connection")).to_have_attribute("data-state", "live")
        tab.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    notify(program, "gero", "look here")
    tabs[0].wait_for_function("() => JSON.parse(localStorage.shown ?? '[]').length > 0")
    for tab in tabs:
        badge(tab, 1)
    assert tabs[0].evaluate("JSON.parse(localStorage.shown)") == ["look here"]


def test_on_a_phone_a_notification_leads_to_its_stock(visit: Callable[..., Visitor], program: Program) -> None:
    fred = visit(**PHONE).register("fred")
    notify(program, "fred", "a price was reached", link="/#/market/600519.SH")
    badge(fred.page, 1)
    fred.page.locator("#bell").click()
    assert fred.page.locator(".inbox").bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}
    fred.page.locator(".inbox-row-open").click()
    expect(fred.page.locator(".inbox")).to_have_count(0)
    badge(fred.page, 0)
    assert fred.page.url.endswith("#/market/600519.SH")
