"""What people do on the page, in a real browser, against the real program."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.visitors import PATIENCE_MS, Program, Visitor

Visit = Callable[..., Visitor]
MARKUP = "<img src=x onerror=\"document.title='caught'\"> & <b>text</b>"


def two_friends(visit: Visit) -> tuple[Visitor, Visitor]:
    alice, bob = visit().sign_in("alice"), visit(locale="en-US").sign_in("bob")
    alice.talk_to("bob")
    bob.talk_to("alice")
    return alice, bob


def test_two_people_chat_and_find_it_again(visit: Visit) -> None:
    alice, bob = two_friends(visit)
    alice.say("今天放量了")
    alice.reads("今天放量了", "sent")
    bob.reads("今天放量了", "received")
    bob.say(MARKUP)
    bob.reads(MARKUP, "sent")
    alice.reads(MARKUP, "received")
    alice.page.reload()
    alice.is_live()  # by the cookie
    alice.talk_to("bob")
    alice.reads(MARKUP, "received")
    assert "caught" not in alice.page.title() + bob.page.title()


def test_a_message_has_lines_and_the_draft_keeps_its_own(visit: Visit) -> None:
    alice, bob = two_friends(visit)
    draft = alice.page.locator("#draft")
    draft.fill("one")
    draft.press("Shift+Enter")
    draft.press_sequentially("two")
    alice.page.locator('[data-friend="carol"]').click()
    expect(draft).to_have_value("")
    alice.talk_to("bob")
    expect(draft).to_have_value("one\ntwo")
    draft.press("Enter")
    bob.reads("one\ntwo", "received")
    alice.say("   ")
    alice.reads("one\ntwo", "sent")


def test_older_messages_are_loaded_above_what_is_in_view(visit: Visit) -> None:
    alice, carol = visit().sign_in("alice"), visit().sign_in("carol")
    alice.talk_to("carol")
    alice.page.evaluate("""() => {
        for (let number = 0; number < 60; number += 1) {
            document.querySelector("#draft").value = `message ${number}`;
            document.querySelector("#composer").requestSubmit();
        }
    }""")
    alice.reads("message 59", "sent")
    carol.talk_to("alice")
    expect(carol.page.locator(".message")).to_have_count(50)
    carol.page.locator("#scroller").evaluate("element => { element.scrollTop = 0; }")
    top = carol.page.locator(".bubble", has_text=re.compile("^message 10$"))
    expect(top).to_be_in_viewport()
    carol.page.locator("#load-older").click()
    expect(carol.page.locator(".message")).to_have_count(60)
    expect(top).to_be_in_viewport()
    expect(carol.page.locator("#load-older")).to_be_hidden()
    texts = carol.page.locator(".bubble").all_text_contents()
    assert texts == [f"message {number}" for number in range(60)]


def test_new_messages_are_counted_while_one_reads_elsewhere(visit: Visit) -> None:
    alice, carol = visit().sign_in("alice"), visit().sign_in("carol")
    alice.talk_to("carol")
    carol.talk_to("alice")
    alice.say("\n".join(["a long message"] * 60))
    alice.say("and its end")
    carol.reads("and its end", "received")
    carol.page.locator("#scroller").evaluate("element => { element.scrollTop = 0; }")
    alice.say("are you there?")
    pill = carol.page.locator("#to-newest")
    expect(pill).to_have_text("1 条新消息")
    pill.click()
    expect(carol.page.locator(".bubble", has_text="are you there?")).to_be_in_viewport()
    expect(pill).to_be_hidden()
    carol.talk_to("bob")
    alice.say("hello?")
    expect(carol.page.locator('[data-friend="alice"] .badge')).to_have_text("1")
    expect(carol.page).to_have_title("(1) Stock Insight")
    carol.talk_to("alice")
    expect(carol.page.locator('[data-friend="alice"] .badge')).to_be_hidden()


def test_news_is_seen_where_no_chat_is_open(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    bob = visit().sign_in("bob")
    bob.talk_to("alice")
    badge = alice.page.locator('[data-friend="bob"] .badge')
    expect(alice.page.locator('[data-friend="bob"]')).to_be_visible()
    alice.talk_to("bob")
    alice.say("from here on")  # what one writes marks what was before it as read
    alice.reads("from here on", "sent")
    alice.page.evaluate("sessionStorage.clear()")
    alice.page.reload()
    alice.is_live()
    expect(alice.page.locator('[data-friend="bob"]')).to_be_visible()
    expect(badge).to_be_hidden()
    bob.say("live")
    expect(badge).to_have_text("1")
    alice.page.reload()
    alice.is_live()
    expect(badge).to_have_text("1")  # by the server's list
    bob.say("after it")
    expect(badge).to_have_text("2")
    expect(alice.page).to_have_title(re.compile(r"^\(\d+\) "))
    alice.talk_to("bob")
    alice.reads("after it", "received")
    expect(badge).to_be_hidden()


def test_what_was_read_is_read_in_every_window_and_after_a_reload(visit: Visit) -> None:
    alice, elsewhere, bob = visit().sign_in("alice"), visit().sign_in("alice"), visit().sign_in("bob")
    badge = elsewhere.page.locator('[data-friend="bob"] .badge')
    bob.talk_to("alice")
    bob.say("have you read this?")
    expect(badge).to_be_visible()
    alice.talk_to("bob")
    alice.reads("have you read this?", "received")
    expect(badge).to_be_hidden()
    alice.page.evaluate("sessionStorage.clear()")
    for visitor in (alice, elsewhere):
        visitor.page.reload()
        visitor.is_live()
    bob.say("and this?")
    for visitor in (alice, elsewhere):
        expect(visitor.page.locator('[data-friend="bob"] .badge')).to_have_text("1")


def test_the_open_friend_is_remembered_over_a_reload(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    alice.talk_to("carol")
    alice.page.reload()
    expect(alice.page.locator('[data-friend="carol"]')).to_have_attribute("aria-current", "true")
    expect(alice.page.locator("#draft")).to_be_visible()
    alice.page.locator("#sign-out").click()
    alice.sign_in("alice")
    expect(alice.page.locator('[data-friend="carol"]')).to_have_attribute("aria-current", "false")


def test_prices_move(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    expect(alice.page.locator("#quotes tr")).to_have_count(30)
    expect(alice.page.locator("#indices li")).to_have_count(3)
    before = alice.page.locator("#quotes").inner_text()
    alice.page.wait_for_function("text => document.querySelector('#quotes').innerText !== text", arg=before)
    colours = {
        tone: alice.page.locator(f'#quotes [data-tone="{tone}"] .price').first.evaluate(
            "element => getComputedStyle(element).color"
        )
        for tone in ("up", "down")
    }
    red, green = ([int(part) for part in re.findall(r"\d+", colours[tone])] for tone in ("up", "down"))
    assert red[0] > red[1] and green[1] > green[0]


def test_strangers_become_friends(visit: Visit) -> None:
    dave, erin = visit().register("dave"), visit().register("erin")
    expect(dave.page.locator("#no-friends")).to_be_visible()
    dave.page.locator("#friend-name").fill("nobody-at-all")
    dave.page.locator("#friend-name").press("Enter")
    expect(dave.page.locator("#friend-note")).to_have_class(re.compile("error"))
    dave.complaints.clear()  # the browser logs the 404
    dave.page.locator("#friend-name").fill("erin")
    dave.page.locator("#friend-name").press("Enter")
    expect(dave.page.locator("#friend-note")).to_have_text("已向 erin 发送请求")
    erin.page.locator("#request-list button").click()
    for one, other in ((dave, "erin"), (erin, "dave")):
        expect(one.page.locator(f'[data-friend="{other}"]')).to_be_visible()
        expect(one.page.locator("#request-box")).to_be_hidden()
    dave.talk_to("erin")
    dave.say("谢谢")
    dave.reads("谢谢", "sent")


def test_a_dot_says_how_present_a_friend_is(visit: Visit) -> None:
    alice, bob = two_friends(visit)
    dot = alice.page.locator('[data-friend="bob"] .dot')
    expect(dot).to_have_attribute("aria-label", "在线")
    expect(alice.page.locator('[data-friend="carol"] .dot')).to_have_attribute("data-state", "offline")
    hidden = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true})"
    for is_hidden, text in (("true", "离开"), ("false", "在线")):
        bob.page.evaluate(f"{hidden % is_hidden}; document.dispatchEvent(new Event('visibilitychange'))")
        expect(dot).to_have_attribute("aria-label", text)
    bob.page.clock.install()
    bob.page.mouse.move(10, 10)
    bob.page.clock.fast_forward("05:01")
    expect(dot).to_have_attribute("aria-label", "离开")
    bob.page.mouse.move(20, 20)
    expect(dot).to_have_attribute("aria-label", "在线")
    bob.context.close()
    expect(dot).to_have_attribute("aria-label", "离线")


def test_a_wrong_password_is_told(visit: Visit) -> None:
    visitor = visit(locale="en-US")
    visitor.page.locator("#enter").click()
    expect(visitor.page.locator("#entrance-error")).to_have_text("Please fill in username and password")
    visitor.page.locator("#username").fill("alice")
    visitor.page.locator("#password").fill("not the password")
    visitor.page.locator("#password").press("Enter")
    expect(visitor.page.locator("#entrance-error")).to_contain_text("password is wrong")
    expect(visitor.page.locator("#community")).to_be_hidden()


def test_away_and_back_nothing_is_lost(visit: Visit, program: Program) -> None:
    alice, bob = two_friends(visit)
    alice.say("before")
    bob.reads("before", "received")
    program.stop()
    for visitor in (alice, bob):
        expect(visitor.page.locator("#connection")).to_have_attribute("data-state", "reconnecting")
    expect(alice.page.locator("#prices")).to_have_class(re.compile("stale"))
    alice.say("while away")
    alice.reads("while away", "waiting")
    expect(alice.page.locator(".message").last.locator(".foot")).to_contain_text("恢复连接后自动发送")
    asks_to_stay = "!window.dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert alice.page.evaluate(asks_to_stay)
    program.start()
    alice.page.locator("#retry-now").click()
    for visitor in (alice, bob):
        visitor.is_live()
        visitor.complaints.clear()  # the browser logs every refused connection
    alice.reads("while away", "sent")
    assert not alice.page.evaluate(asks_to_stay)
    bob.reads("while away", "received")
    expect(alice.page.locator("#prices")).not_to_have_class(re.compile("stale"))
    shown = bob.page.locator(".bubble").all_text_contents()
    assert shown[-2:] == ["before", "while away"]


def test_a_failed_message_is_sent_again_by_hand_or_dropped(visit: Visit, program: Program) -> None:
    alice = visit().sign_in("alice")
    alice.talk_to("bob")
    alice.page.evaluate("""() => {
        const original = WebSocket.prototype.send;
        window.mend = () => { WebSocket.prototype.send = original; };
        WebSocket.prototype.send = function (data) {
            original.call(this, String(data).includes("broken") ? String(data).replace('"text"', '"smoke"') : data);
        };
    }""")
    alice.say("broken once")
    alice.say("broken for good")
    expect(alice.page.locator('.message[data-state="failed"]')).to_have_count(2)
    expect(alice.page.locator('.message[data-state="failed"] .error').first).not_to_be_empty()
    alice.page.evaluate("mend()")
    failed = alice.page.locator('.message[data-state="failed"]', has_text="broken for good")
    failed.get_by_role("button", name="删除").click()
    alice.page.locator(".retry").click()
    alice.reads("broken once", "sent")
    assert "broken for good" not in alice.page.locator(".bubble").all_text_contents()


def test_tabs_of_one_browser_share_the_sign_in_and_its_end(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    other = alice.open()
    # A page that is torn down in its first refresh loses the token it is sent, as a thief's victim would.
    expect(other.locator("#connection")).to_have_attribute("data-state", "live")
    for _ in range(3):
        # At the same moment: each exchanges the one refresh token there is.
        with alice.page.expect_navigation(), other.expect_navigation():
            alice.page.evaluate("setTimeout(() => location.reload())")
            other.evaluate("setTimeout(() => location.reload())")
        for page in (alice.page, other):
            expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    alice.page.locator("#sign-out").click()
    for page in (alice.page, other):
        expect(page.locator("#entrance")).to_be_visible()
        expect(page.locator("#community")).to_be_hidden()
    assert alice.page.locator("#messages").inner_text() == ""
    alice.page.reload()
    expect(alice.page.locator("#entrance")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "word"), [("zh-CN", "登录"), ("zh-HK", "登入"), ("en-GB", "Sign in"), ("fr-FR", "登录")]
)
def test_the_page_speaks_the_browser_s_language(visit: Visit, locale: str, word: str) -> None:
    expect(visit(locale=locale).page.locator("#entrance-title")).to_have_text(word)


def test_another_language_is_chosen_and_remembered(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    alice.talk_to("bob")
    alice.page.locator("#language").select_option("en")
    expect(alice.page.locator("#friends-title")).to_have_text("Friends")
    expect(alice.page.locator("#connection-text")).to_have_text("Live")
    expect(alice.page.locator("#draft")).to_have_attribute("aria-label", "Message")
    alice.page.reload()
    expect(alice.page.locator("#sign-out")).to_have_text("Sign out")
    expect(alice.page.locator("html")).to_have_attribute("lang", "en")


def test_the_keyboard_is_enough(visit: Visit) -> None:
    visitor = visit()
    expect(visitor.page.locator("#username")).to_be_focused()
    visitor.page.keyboard.type("alice")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.type(visitor.program.demo_password)
    visitor.page.keyboard.press("Enter")
    visitor.is_live()
    friend = visitor.page.locator('[data-friend="bob"]')
    expect(friend).to_be_visible()
    for _ in range(12):
        visitor.page.keyboard.press("Tab")
        if friend.evaluate("element => element === document.activeElement"):
            break
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#draft")).to_be_focused()
    visitor.page.keyboard.type("by keyboard")
    visitor.page.keyboard.press("Enter")
    visitor.reads("by keyboard", "sent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "panes"), [(390, 1), (820, 2), (1440, 3)])
def test_every_window_shows_what_fits(visit: Visit, width: int, panes: int, scheme: str) -> None:
    size = {"width": width, "height": 844}
    alice = visit(viewport=size, color_scheme=scheme, has_touch=width < 720).sign_in("alice")
    for pane in ("friends", "chat", "prices"):
        tab = alice.page.locator(f'#tabs [data-pane="{pane}"]')
        if tab.is_visible():
            tab.click()
        if pane == "friends":
            alice.talk_to("bob")
            draft = alice.page.locator("#draft").bounding_box()
            assert draft is not None
            assert draft["height"] >= 36
        assert alice.page.locator(".pane:visible").count() == panes
        assert alice.page.evaluate("document.documentElement.scrollWidth") == width
        assert (
            alice.page.locator("html").evaluate(
                "root => [...root.querySelectorAll('.pane, .bar, .tabs, .board')]"
                ".filter((box) => box.scrollWidth > box.clientWidth).length"
            )
            == 0
        )
    ground = alice.page.evaluate("getComputedStyle(document.body).backgroundColor")
    is_dark = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) < 200
    assert is_dark == (scheme == "dark")


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
