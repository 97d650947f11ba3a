"""What two people and more do in a conversation, in a real browser, against the real program."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.accessibility import serious_findings
from tests.browser.visitors import PATIENCE_MS, Program, Visitor
from tests.support.uploads import picture

Visit = Callable[..., Visitor]
MARKUP = "<img src=x onerror=\"document.title='caught'\"> & <b>text</b>"


def two_friends(visit: Visit, one: str = "alice", other: str = "bob", **options: object) -> tuple[Visitor, Visitor]:
    first, second = visit(**options).sign_in(one), visit(locale="en-US", **options).sign_in(other)
    first.talk_to(other)
    second.talk_to(one)
    return first, second


def message(visitor: Visitor, text: str) -> Locator:
    return visitor.page.locator(".message", has=visitor.page.locator(".bubble", has_text=re.compile(f"^{text}$"))).last


def say_many(visitor: Visitor, count: int, what: str = "message") -> None:
    visitor.page.evaluate(
        """([count, what]) => {
            const draft = document.querySelector("#draft");
            for (let number = 0; number < count; number += 1) {
                draft.value = `${what} ${number}`;
                draft.dispatchEvent(new Event("input", {bubbles: true}));
                document.querySelector("#composer").requestSubmit();
            }
        }""",
        [count, what],
    )


def call(program: Program, visitor: Visitor, username: str, method: str, path: str, body: Any = None) -> Any:
    """Call the REST API as somebody, past the page."""
    request, url = visitor.context.request, f"{program.url}api"
    signed_in = request.post(
        f"{url}/auth/login",
        data={"username": username, "password": program.demo_password},
        headers={"Cookie": ""},
    ).json()["data"]
    headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
    return request.fetch(f"{url}{path}", method=method, data=body, headers=headers).json()["data"]


def test_two_people_talk(visit: Visit) -> None:
    alice, bob = two_friends(visit)
    alice.say("今天放量了")
    bob.reads("今天放量了", "received")
    alice.reads("今天放量了", "read")
    expect(alice.page.locator(".message").last.locator(".tick svg")).to_have_attribute("aria-label", "已读")
    bob.page.locator("#draft").press_sequentially("wait")
    expect(alice.page.locator(".typing-line")).to_contain_text("Bob 正在输入…")
    bob.say(MARKUP)
    alice.reads(MARKUP, "received")
    expect(alice.page.locator(".typing-dots")).to_have_count(0)
    alice.say("first line\nsee https://stock.example/a?b=1.")
    link = bob.page.get_by_role("link", name="https://stock.example/a?b=1", exact=True)
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    assert "caught" not in alice.page.title() + bob.page.title()


def test_a_message_is_answered_edited_and_recalled(visit: Visit) -> None:
    alice, bob = two_friends(visit)
    alice.say("what about 600519?")
    message(bob, re.escape("what about 600519?")).hover()
    message(bob, re.escape("what about 600519?")).get_by_role("button", name="Reply").click()
    expect(bob.page.locator(".composer-bar")).to_contain_text("Reply to Alice")
    bob.say("not todaay")
    expect(alice.page.locator(".message").last.locator(".quote")).to_contain_text("what about 600519?")
    bob.page.locator("#draft").press("ArrowUp")
    expect(bob.page.locator("#draft")).to_have_value("not todaay")
    bob.say("not today")
    edited = alice.page.locator(".message").last
    expect(edited.locator(".message-text")).to_have_text("not today")
    expect(edited.locator(".message-mark")).to_have_text("已编辑")
    alice.page.locator(".message", has_text="what about 600519?").first.click(button="right")
    alice.page.get_by_role("menuitem", name="撤回").click()
    expect(bob.page.locator(".message.recalled").last).to_contain_text("Alice recalled a message")
    expect(bob.page.locator(".message").last.locator(".quote")).to_contain_text("Message recalled")
    last = bob.page.locator(".message").last
    last.focus()
    last.press("Enter")
    expect(bob.page.get_by_role("menuitem", name="Copy")).to_be_visible()
    bob.page.keyboard.press("Escape")


def test_pictures_files_and_stocks_are_sent(visit: Visit, tmp_path: Path) -> None:
    alice, bob = two_friends(visit)
    paste(alice, picture("PNG", (900, 600)), "chart.png", "image/png")
    expect(alice.page.locator(".attachment")).to_contain_text("chart.png")
    alice.say("today's chart")
    shown = bob.page.locator(".message").last.locator("button.picture")
    expect(shown.locator("img")).to_have_js_property("complete", True)
    assert shown.locator("img").evaluate("image => image.naturalWidth") > 100
    expect(bob.page.locator(".message").last.locator(".message-text")).to_have_text("today's chart")
    shown.click()
    expect(bob.page.locator(".viewer img")).to_have_js_property("naturalWidth", 900)
    bob.page.keyboard.press("Escape")
    expect(bob.page.locator(".viewer")).to_have_count(0)

    alice.page.locator(".message").last.locator(".message-text").click(button="right")
    alice.page.get_by_role("menuitem", name="编辑说明").click()
    expect(alice.page.locator("#draft")).to_have_value("today's chart")
    alice.say("")
    expect(bob.page.locator(".message").last.locator(".message-text")).to_have_count(0)

    (tmp_path / "报告.txt").write_text("放量突破", encoding="utf-8")
    (tmp_path / "program.exe").write_bytes(b"MZ")
    alice.page.locator("#files").set_input_files([tmp_path / "报告.txt", tmp_path / "program.exe"])
    expect(alice.page.locator(".attachment[data-problem]")).to_contain_text("不支持这种文件")
    expect(alice.page.get_by_role("button", name="发送")).to_be_disabled()
    alice.page.locator(".attachment[data-problem]").get_by_role("button").click()
    alice.page.locator("#draft").press("Enter")
    file = bob.page.get_by_role("link", name="Download 报告.txt")
    with bob.page.expect_download() as download:
        file.click()
    assert download.value.path().read_text(encoding="utf-8") == "放量突破"

    alice.page.locator("#draft").press_sequentially("$600519")
    expect(alice.page.get_by_role("option", name="600519.SH")).to_be_visible()
    alice.page.locator("#draft").press("Enter")
    expect(alice.page.locator(".attachment")).to_contain_text("600519.SH")
    alice.page.locator("#draft").press("Enter")
    card = bob.page.locator(".stock-card").last
    expect(card).to_have_attribute("href", "#/market/600519.SH")
    expect(card.locator(".stock-price")).to_have_class(re.compile("up|down|flat"))


def paste(visitor: Visitor, content: bytes, name: str, mime: str) -> None:
    visitor.page.locator("#draft").evaluate(
        """(draft, [content, name, type]) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], name, {type}));
            draft.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }""",
        [base64.b64encode(content).decode(), name, mime],
    )


def test_an_upload_shows_its_progress_and_can_be_cancelled(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    alice.talk_to("carol")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    alice.page.route("**/api/files", hold)
    paste(alice, picture("PNG", (300, 300)), "slow.png", "image/png")
    alice.page.locator("#draft").press("Enter")
    sending = alice.page.locator(".message", has=alice.page.locator(".uploading"))
    expect(sending.get_by_role("progressbar")).to_be_visible()
    expect(sending).to_have_attribute("data-state", "sending")
    sending.get_by_role("button", name="取消上传").click()
    expect(sending).to_have_count(0)
    held[0].abort()


def test_what_was_written_offline_outlives_a_reload(visit: Visit, program: Program) -> None:
    alice, bob = two_friends(visit)
    alice.say("before")
    bob.reads("before", "received")
    say_many(alice, 20, "in the middle")
    program.stop()
    expect(alice.page.locator("#connection")).to_have_attribute("data-state", "reconnecting")
    alice.say("while away")
    alice.reads("while away", "waiting")
    row = alice.page.locator('[data-friend="bob"]')
    expect(row.get_by_role("img", name="恢复连接后自动发送")).to_be_visible()
    expect(row).to_contain_text("while away")
    expect(row.locator(".dot")).to_have_attribute("data-state", "unknown")
    program.start()
    alice.page.reload()
    for visitor in (alice, bob):
        visitor.is_live()
        visitor.complaints.clear()  # the browser logs every refused connection
    expect(message(alice, "while away")).to_have_attribute("data-state", re.compile("sent|delivered|read"))
    expect(row.locator(".dot")).to_have_attribute("data-state", "online")
    expect(row.get_by_role("img", name="恢复连接后自动发送")).to_have_count(0)
    bob.reads("while away", "received")
    texts = bob.page.locator(".bubble").all_text_contents()
    assert texts[-22:] == ["before", *(f"in the middle {number}" for number in range(20)), "while away"]


def test_older_messages_keep_the_place_and_are_found(visit: Visit) -> None:
    alice, carol = two_friends(visit, "alice", "carol")
    alice.say("今日贵州茅台放量")
    say_many(alice, 170)
    sent = re.compile("sent|delivered|read")
    expect(message(alice, "message 169")).to_have_attribute("data-state", sent, timeout=4 * PATIENCE_MS)
    carol.page.reload()
    carol.is_live()
    carol.talk_to("alice")
    carol.reads("message 169", "received")
    box = carol.page.locator(".thread-box")
    for _ in range(12):
        first = carol.page.locator(".message").first
        before = first.get_attribute("data-seq")
        place = first.evaluate("""row => {
            row.scrollIntoView({block: "start"});
            return row.getBoundingClientRect().top;
        }""")
        if carol.page.locator(".thread-beginning").count():
            break
        expect(carol.page.locator(".message").first).not_to_have_attribute("data-seq", str(before))
        moved = carol.page.locator(f'.message[data-seq="{before}"]').evaluate("row => row.getBoundingClientRect().top")
        assert abs(moved - place) < 3
    box.evaluate("box => { box.scrollTop = 0; }")
    expect(carol.page.locator(".thread-beginning")).to_be_visible()
    assert carol.page.locator(".message").count() <= 170

    carol.page.locator("#to-newest").click()
    expect(message(carol, "message 169")).to_be_in_viewport()
    carol.page.get_by_role("button", name="Search messages").click()
    expect(carol.page.locator("#thread-query")).to_be_focused()
    carol.page.locator("#thread-query").fill("茅台")
    hit = carol.page.locator(".hit").first
    expect(hit.locator("mark")).to_have_text("茅台")
    hit.click()
    expect(message(carol, "今日贵州茅台放量")).to_be_in_viewport()
    expect(message(carol, "今日贵州茅台放量")).to_have_class(re.compile("found"))
    carol.page.locator('[data-friend="bob"]').click()
    expect(carol.page.locator(".thread-head")).to_contain_text("Bob")
    carol.talk_to("alice")
    expect(message(carol, "今日贵州茅台放量")).to_be_in_viewport()


def test_new_messages_are_pointed_out(visit: Visit) -> None:
    bob, carol = two_friends(visit, "bob", "carol")
    bob.say("\n".join(["a long message"] * 60))
    bob.say("and its end")
    carol.reads("and its end", "received")
    carol.page.locator(".thread-box").evaluate("box => { box.scrollTop = 0; }")
    expect(carol.page.locator("#to-newest")).to_have_text("To the newest")
    bob.say("are you there?")
    pill = carol.page.locator("#to-newest")
    expect(pill).to_have_text("New messages: 1")
    bob.reads("are you there?", "delivered")
    pill.click()
    expect(message(carol, re.escape("are you there?"))).to_be_in_viewport()
    expect(pill).to_have_count(0)
    expect(carol.page.locator(".line.new")).to_be_visible()
    bob.reads("are you there?", "read")
    carol.page.locator('[data-friend="alice"]').click()
    expect(carol.page.locator(".thread-head")).to_contain_text("Alice")
    bob.say("hello?")
    bob.reads("hello?", "delivered")
    carol.talk_to("bob")
    carol.reads("hello?", "received")
    expect(carol.page.locator(".line.new + .message .bubble")).to_have_text("hello?")
    bob.reads("hello?", "read")


def test_a_group_mentions_its_members_and_says_who_has_read(visit: Visit, program: Program) -> None:
    alice, bob, carol = (visit().sign_in(name) for name in ("alice", "bob", "carol"))
    friends = call(program, alice, "alice", "GET", "/friends")["friends"]
    group = call(
        program, alice, "alice", "POST", "/conversations", {"name": "研究", "members": [one["id"] for one in friends]}
    )["conversation"]
    for visitor in (alice, bob, carol):
        visitor.page.goto(f"{program.url}#/chat/{group['id']}")
        expect(visitor.page.locator(".thread-head")).to_contain_text("3 位成员")
    expect(bob.page.locator(".line.system").first).to_have_text(re.compile("Alice 创建了群聊“研究”"))
    alice.page.locator("#draft").press_sequentially("@bo")
    expect(alice.page.get_by_role("option", name="Bob")).to_have_attribute("aria-selected", "true")
    alice.page.locator("#draft").press("Enter")
    alice.page.locator("#draft").press_sequentially("看看")
    alice.page.locator("#draft").press("Enter")
    expect(bob.page.locator(".mention[data-me]")).to_have_text("@bob")
    expect(carol.page.locator(".mention")).to_have_text("@bob")
    tick = alice.page.locator(".tick").last
    expect(tick).to_have_attribute("title", "全部已读")
    tick.click()
    readers = alice.page.get_by_role("dialog").get_by_role("list", name="已读 2 人")
    expect(readers).to_contain_text("Bob")
    expect(readers).to_contain_text("Carol")
    alice.page.keyboard.press("Escape")
    carol.page.locator('[data-friend="alice"]').click()
    alice.say("还有一件事")
    expect(tick).to_have_text("已读 1/2")
    expect(tick).to_have_attribute("title", "2 人中 1 人已读")
    assert not serious_findings(alice.page, ".thread")
    carol.page.locator('[data-group="研究"]').click()
    expect(tick).to_have_attribute("title", "全部已读")
    me = next(one["id"] for one in friends if one["username"] == "carol")
    call(program, alice, "alice", "DELETE", f"/conversations/{group['id']}/members/{me}")
    expect(carol.page.locator(".composer-closed")).to_have_text("你已不在这个群聊中")
    expect(bob.page.locator(".line.system").last).to_have_text("Alice 将 Carol 移出群聊")


@pytest.mark.parametrize(
    ("locale", "width", "scheme", "word"), [("zh-TW", 390, "dark", "輸入訊息"), ("en-US", 1440, "light", "Message")]
)
def test_everybody_can_use_it(visit: Visit, locale: str, width: int, scheme: str, word: str) -> None:
    size = {"width": width, "height": 844}
    alice = visit(locale=locale, viewport=size, color_scheme=scheme, has_touch=width < 720).sign_in("alice")
    alice.talk_to("bob")
    expect(alice.page.locator("#draft")).to_have_attribute("placeholder", word)
    alice.say("for everybody")
    expect(message(alice, "for everybody")).to_have_attribute("data-state", re.compile("sent|delivered|read"))
    if width < 720:
        alice.page.get_by_role("button", name="搜尋聊天記錄").click()
        alice.page.locator("#thread-query").fill("everybody")
        expect(alice.page.locator(".hit").first).to_be_visible()
    assert alice.page.evaluate("document.documentElement.scrollWidth") == width
    assert not serious_findings(alice.page, ".thread")
