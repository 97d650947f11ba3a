"""The frame of the page: the entrance, the connection, the ways to the areas, settings, several tabs."""

from __future__ import annotations

import gzip
import io
import re
import time
from collections.abc import Callable, Iterator
from urllib.request import urlopen

import pytest
from PIL import Image
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser import outside
from tests.browser.accessibility import serious_findings
from tests.browser.visitors import PASSWORD, PATIENCE_MS, Program, Visitor, screenshot

Visit = Callable[..., Visitor]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MOST_COMPRESSED = 400_000
PLACES = {
    "chat": "[data-friend]",
    "market": ".market",
    "market/600519.SH": "canvas",
    "tasks": ".task-list",
    "settings": ".settings",
}


def choose(page: Page, text: str) -> None:
    """Choose something in the menu of oneself."""
    page.locator(".me > button").click()
    page.get_by_role("menu").get_by_text(text, exact=True).click()


def connection(page: Page, state: str) -> None:
    expect(page.locator("#connection")).to_have_attribute("data-state", state)


def test_a_wrong_password_is_told_and_what_is_missing(visit: Visit) -> None:
    page = visit(locale="en-US").page
    expect(page.locator("#username")).to_be_focused()
    page.locator("#enter").click()
    expect(page.locator("#username-error")).to_have_text("Enter your username")
    expect(page.locator("#password-error")).to_have_text("Enter your password")
    page.locator("#username").fill("alice")
    page.locator("#password").fill("not the password")
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.locator("#password").press("Enter")
    expect(page.locator(".entrance-error")).to_have_text("The username or the password is wrong")
    expect(page.locator("#password")).to_be_focused()
    assert serious_findings(page) == []


def test_registering_says_which_field_is_wrong(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    screenshot(page, "entrance")
    page.locator("#switch-mode").click()
    page.locator("#username").fill("a!")
    page.locator("#password").fill("short")
    page.locator("#enter").click()
    expect(page.locator("#username-error")).to_contain_text("3 至 32 个字符")
    expect(page.locator("#password-error")).to_contain_text("8 个字符")
    page.locator("#username").fill("alice")
    page.locator("#password").fill(PASSWORD)
    page.locator("#enter").click()
    expect(page.locator("#username-error")).to_have_text("用户名已被使用")
    visitor.complaints.clear()  # the browser logs the refusal
    page.locator("#username").fill("shell_newcomer")
    page.locator("#enter").click()
    visitor.is_live()
    expect(page.locator(".me > button")).to_have_attribute("aria-label", "shell_newcomer 的菜单")


@pytest.mark.parametrize(
    ("locale", "word"), [("zh-CN", "登录"), ("zh-HK", "登入"), ("en-GB", "Sign in"), ("fr-FR", "登录")]
)
def test_the_page_speaks_the_browser_s_language(visit: Visit, locale: str, word: str) -> None:
    expect(visit(locale=locale).page.locator("h1")).to_have_text(word)


def test_tabs_share_language_theme_sign_in_and_its_end(visit: Visit) -> None:
    visitor = visit()
    page, other = visitor.page, visitor.open()
    visitor.register("shell_tabs")
    connection(other, "live")
    choose(page, "English")
    choose(page, "Dark")
    for tab in (page, other):
        expect(tab.locator('[data-area="chat"]')).to_contain_text("Chat")
        expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    for _ in range(3):
        # At the same moment: each exchanges the one refresh token there is.
        with page.expect_navigation(), other.expect_navigation():
            page.evaluate("setTimeout(() => location.reload())")
            other.evaluate("setTimeout(() => location.reload())")
        for tab in (page, other):
            connection(tab, "live")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    choose(page, "Sign out")
    for tab in (page, other):
        expect(tab.locator("#username")).to_be_visible()
        expect(tab.locator(".frame")).to_have_count(0)


def counts_down(page: Page) -> None:
    """Let the page's stopped clock go on, frame by frame, until it says when it tries again."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while "秒后重新连接" not in page.locator(".connection-text").inner_text():
        assert time.monotonic() < deadline, "nothing is said of the next try"
        page.clock.run_for(20)


def test_the_connection_bar_tells_the_truth(visit: Visit, program: Program) -> None:
    bob = visit()
    page = bob.page
    page.clock.install()  # the clock of the page goes by itself, until it is stopped
    page.reload()
    bob.sign_in("bob")
    program.stop()
    connection(page, "reconnecting")
    page.clock.pause_at(page.evaluate("Date.now()") + 1)  # so that it does not come back by itself
    counts_down(page)
    screenshot(page, "reconnecting")
    program.start()
    page.get_by_role("button", name="立即重试").click()
    page.clock.resume()
    bob.is_live()
    expect(page.locator(".connection-text")).to_contain_text("连接已恢复")
    expect(page.locator(".connection-text")).to_have_text("已连接")
    bob.complaints.clear()  # the browser logs every refused connection


def test_a_lost_network_is_told(visit: Visit) -> None:
    bob = visit().sign_in("bob")
    bob.context.set_offline(True)
    connection(bob.page, "offline")
    bob.page.locator('[data-area="tasks"]').click()  # for the first time
    expect(bob.page.locator("#area")).to_contain_text("连接已断开")
    bob.context.set_offline(False)
    bob.is_live()
    expect(bob.page.locator(".task-list")).to_be_visible()
    bob.complaints.clear()


def test_a_server_that_does_not_answer_is_told_at_the_entrance(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/api/auth/refresh", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("无法连接服务器")
    screenshot(page, "unreachable")
    page.unroute("**/api/auth/refresh")
    page.get_by_role("button", name="重试").click()
    visitor.sign_in("alice")
    visitor.complaints.clear()  # the browser logs what was not answered


def test_settings_change_what_others_see(visit: Visit) -> None:
    visitor = visit().register("shell_settings")
    page = visitor.page
    choose(page, "个人资料")
    page.locator("#own-name").fill("改名的人")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".settings-name")).to_have_text("改名的人")
    picture = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(picture, "PNG")
    page.locator("#picture").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    expect(page.locator(".me .avatar img")).to_have_js_property("naturalWidth", 480)
    screenshot(page, "settings-profile")
    page.get_by_role("button", name="移除").click()
    expect(page.locator(".me .avatar img")).to_have_count(0)
    page.reload()
    expect(page.locator(".me > button")).to_have_attribute("aria-label", "改名的人 的菜单")


def test_colours_and_theme_are_chosen_and_remembered(visit: Visit) -> None:
    page = visit(color_scheme="dark").sign_in("carol").page
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.goto(f"{page.url.partition('#')[0]}#/settings/appearance")
    sample = page.locator(".settings-sample .up")
    red = sample.evaluate("(element) => getComputedStyle(element).color")
    page.get_by_text("绿涨红跌").click()
    page.get_by_text("浅色").click()
    expect(page.locator("html")).to_have_attribute("data-updown", "green-up")
    assert page.evaluate(ground) != dark
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    expect(sample).not_to_have_css("color", red)


def test_the_password_is_changed_and_every_sign_in_ended(visit: Visit) -> None:
    visitor = visit().register("shell_password")
    page = visitor.page
    page.goto(f"{visitor.program.url}#/settings/security")
    page.locator("#password-before").fill("something else")
    page.locator("#password-after").fill("battery staple")
    page.get_by_role("button", name="修改密码").click()
    expect(page.locator("#password-before-error")).to_have_text("用户名或密码错误")
    visitor.complaints.clear()  # the browser logs the refusal
    page.locator("#password-before").fill(PASSWORD)
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_text("密码已修改")).to_be_visible()
    page.get_by_role("button", name="退出所有设备").click()
    page.get_by_role("dialog").get_by_role("button", name="退出登录").click()
    page.locator("#username").fill("shell_password")
    page.locator("#password").fill("battery staple")
    page.locator("#enter").click()
    visitor.is_live()


def test_on_a_phone_the_areas_are_below_and_settings_go_there_and_back(visit: Visit) -> None:
    page = visit(**PHONE).sign_in("alice").page
    bar, view = page.locator(".areas").bounding_box(), page.locator("#area").bounding_box()
    assert bar is not None
    assert view is not None
    assert bar["y"] >= view["y"] + view["height"] - 1
    choose(page, "设置")
    page.get_by_role("link", name="外观与语言").click()
    expect(page.get_by_role("heading", name="外观与语言")).to_be_visible()
    screenshot(page, "settings-phone")
    page.get_by_role("button", name="返回设置").click()
    expect(page.get_by_role("link", name="外观与语言")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_keyboard_is_enough(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type(visitor.program.demo_password)
    page.keyboard.press("Enter")
    visitor.is_live()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="跳到内容")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#area")).to_be_focused()
    page.locator(".me > button").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="设置")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".me > button")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#area")).to_have_attribute("aria-label", "设置")
    expect(page.locator("#area")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Visit, scheme: str) -> None:
    visitor = visit(color_scheme=scheme)
    page = visitor.page
    expect(page.locator("#username")).to_be_visible()
    assert serious_findings(page) == []
    visitor.sign_in("carol")
    for section in ("profile", "appearance", "security", "blocked"):
        page.goto(f"{visitor.program.url}#/settings/{section}")
        expect(page.locator(".settings-body > *").first).to_be_visible()
        assert serious_findings(page) == [], section
    page.locator(".me > button").click()
    assert serious_findings(page) == []
    page.get_by_role("menuitem", name="关于").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert serious_findings(page) == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (820, "light"), (1440, "light"), (1440, "dark")]
)
def test_every_window_shows_what_fits(visit: Visit, width: int, scheme: str) -> None:
    size = {"width": width, "height": 844}
    visitor = visit(viewport=size, color_scheme=scheme, has_touch=width < 720).sign_in("alice")
    for link, page in views(visitor):
        screenshot(page, f"{link.replace('/', '-')}-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") == width, link
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    is_dark = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 200
    assert is_dark == (scheme == "dark")


def test_all_that_the_page_loads_is_small(visit: Visit) -> None:
    visitor = visit().sign_in("alice")
    for _, page in views(visitor):
        loaded = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assets = {visitor.program.url, *(name for name in loaded if "/static/" in name)}
    assert any("lightweight-charts" in url for url in assets)
    sizes = {}
    for url in assets:
        with urlopen(url) as answer:
            sizes[url] = len(gzip.compress(answer.read()))
    assert sum(sizes.values()) < MOST_COMPRESSED, sizes


def views(visitor: Visitor) -> Iterator[tuple[str, Page]]:
    """Go to each main view, and wait until it is there."""
    for link, shown in PLACES.items():
        visitor.page.goto(f"{visitor.program.url}#/{link}")
        expect(visitor.page.locator(shown).first).to_be_visible()
        yield link, visitor.page


def test_what_is_unread_stands_in_the_title(visit: Visit) -> None:
    visitor = visit().register("shell_unread")
    expect(visitor.page).to_have_title("Stock Insight")
    token = outside.register(visitor.program, "shell_stranger")
    outside.call(visitor.program, "POST", "/friends/requests", {"username": "shell_unread"}, token)
    expect(visitor.page).to_have_title("(1) Stock Insight")
    expect(visitor.page.locator("#favicon")).to_have_attribute("href", re.compile("^data:image/png"))


def test_an_open_connection_goes_on_with_a_new_token(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    sent: list[str] = []
    received: list[str] = []
    routes: list[WebSocketRoute] = []

    def stand_between(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()
        page_side.on_message(lambda message: pass_on(message, sent, server_side))
        server_side.on_message(lambda message: pass_on(message, received, page_side))
        routes.append(page_side)

    def pass_on(message: str | bytes, log: list[str], to: WebSocketRoute) -> None:
        log.append(str(message))
        to.send(message)

    alice.page.route_web_socket("**/socket.io/**", stand_between)
    alice.page.reload()
    alice.is_live()
    wait_until(alice, lambda: "5" in sent)  # upgraded
    with alice.page.expect_response("**/api/auth/refresh"):
        routes[0].send('42["token_expired",{"disconnect_in_ms":60000}]')
    wait_until(alice, lambda: any('["refresh_token",{"token":"' in message for message in sent))
    number = next(match[1] for message in sent if (match := re.match(r'42(\d+)\["refresh_token"', message)))
    wait_until(alice, lambda: f'43{number}[{{"ok":true}}]' in received)
    alice.is_live()


def wait_until(visitor: Visitor, condition: Callable[[], bool]) -> None:
    """Let the browser's news come in until a condition holds."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        visitor.page.wait_for_timeout(20)
