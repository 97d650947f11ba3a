"""The list of conversations, friends and groups, as people use them."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import serious_findings
from tests.browser.visitors import Visitor, screenshot

Visit = Callable[..., Visitor]


def row(page: Page, name: str) -> Locator:
    """The row of a friend, by the username, or of a group."""
    return page.locator(f'.chat-row > [data-friend="{name}"], .chat-row > [data-group="{name}"]')


def choose(page: Page, name: str, *actions: str) -> None:
    """Choose from the menu of a row by its button."""
    row(page, name).locator("..").hover()
    row(page, name).locator("..").get_by_role("button").click()
    for action in actions:
        page.get_by_role("menuitem", name=action, exact=True).click()


def confirm(page: Page, action: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()


def find_person(page: Page, username: str) -> Locator:
    """Search for somebody; return how they are shown."""
    page.goto(page.url.partition("#")[0] + "#/chat/people")
    page.locator(".chat-people input").fill(username)
    return page.locator(f'[data-person="{username}"]')


def befriend(one: Visitor, other: Visitor, names: tuple[str, str]) -> None:
    find_person(one.page, names[1]).get_by_role("button", name="加为好友").click()
    other.page.locator(".chat-requests").click()
    other.page.locator(f'[data-person="{names[0]}"]').get_by_role("button", name="接受", exact=True).click()
    for visitor, name in ((one, names[1]), (other, names[0])):
        expect(row(visitor.page, name)).to_be_visible()


def test_two_people_become_friends_and_part(visit: Visit) -> None:
    dora, emil = visit().register("dora"), visit().register("emil")
    expect(dora.page.get_by_text("还没有好友")).to_be_visible()
    found = find_person(dora.page, "emil")
    found.get_by_role("button", name="加为好友").click()
    found.get_by_role("button", name="撤回").click()
    found.get_by_role("button", name="加为好友").click()
    emil.page.locator(".chat-requests").click()
    screenshot(emil.page, "chat-people")
    emil.page.locator('[data-person="dora"]').get_by_role("button", name="拒绝").click()
    expect(emil.page.locator(".chat-requests")).to_have_count(0)
    expect(found.get_by_role("button", name="加为好友")).to_be_visible()
    befriend(dora, emil, ("dora", "emil"))

    expect(row(emil.page, "dora").locator(".dot")).to_have_attribute("data-state", "online")
    dora.page.context.close()
    expect(row(emil.page, "dora").locator(".dot")).to_have_attribute("data-state", "offline")
    expect(row(emil.page, "dora")).to_contain_text("上次在线")
    choose(emil.page, "dora", "删除好友")
    confirm(emil.page, "取消")
    choose(emil.page, "dora", "删除好友")
    confirm(emil.page, "删除好友")
    expect(row(emil.page, "dora")).to_have_count(0)


def test_the_list_follows_what_is_said_and_read(visit: Visit) -> None:
    alice, bob = visit().sign_in("alice"), visit().sign_in("bob")
    second = alice.open()
    bob.talk_to("alice")
    bob.say("看看 600519")
    first_row = alice.page.locator(".chat-row").first
    expect(first_row).to_contain_text("Bob")
    expect(first_row).to_contain_text("看看 600519")
    for page in (alice.page, second):
        expect(row(page, "bob").locator(".badge")).to_contain_text("1")
    expect(row(bob.page, "alice").locator(".badge")).to_have_count(0)
    expect(row(bob.page, "alice")).to_contain_text("你：看看 600519")

    choose(second, "bob", "标为已读")
    for page in (alice.page, second):
        expect(row(page, "bob").locator(".badge")).to_have_count(0)
    bob.say("再看一次")
    expect(row(second, "bob").locator(".badge")).to_contain_text("1")
    alice.talk_to("bob")
    for page in (alice.page, second):
        expect(row(page, "bob").locator(".badge")).to_have_count(0)
    alice.page.locator("#draft").fill("等一下")
    expect(row(bob.page, "alice")).to_contain_text("正在输入…")
    expect(row(second, "bob")).to_contain_text("[草稿]")


def test_what_is_pinned_and_muted_stays_so(visit: Visit) -> None:
    alice, carol = visit().sign_in("alice"), visit().sign_in("carol")
    second = alice.open()
    alice.page.bring_to_front()  # a page behind another is drawn once in a while
    alice.talk_to("bob")  # with the first look at it a conversation begins
    choose(alice.page, "bob", "置顶")
    expect(second.locator(".chat-row").first).to_contain_text("Bob")
    choose(alice.page, "bob", "一直免打扰")
    expect(row(second, "bob").get_by_role("img", name="已免打扰")).to_be_visible()
    carol.talk_to("alice")
    carol.say("newer")
    expect(row(alice.page, "carol")).to_contain_text("newer")
    alice.page.reload()
    expect(alice.page.locator(".chat-row").first).to_contain_text("Bob")
    expect(row(alice.page, "bob").get_by_role("img", name="已免打扰")).to_be_visible()
    row(alice.page, "bob").click(button="right")
    alice.page.get_by_role("menuitem", name="取消免打扰").click()
    row(alice.page, "bob").click(button="right")
    alice.page.get_by_role("menuitem", name="取消置顶").click()
    expect(second.locator(".chat-row").first).to_contain_text("Carol")


def test_a_group_of_three(visit: Visit) -> None:
    alice, bob, carol = (visit().sign_in(name) for name in ("alice", "bob", "carol"))
    page = alice.page
    page.get_by_role("button", name="新建").click()
    page.get_by_role("menuitem", name="发起群聊").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("群名称").fill("晨会")
    dialog.locator('[data-pick="bob"]').click()
    dialog.get_by_role("button", name="创建").click()
    expect(row(page, "晨会")).to_have_attribute("aria-current", "page")
    expect(row(bob.page, "晨会")).to_be_visible()

    choose(page, "晨会", "群信息")
    dialog.get_by_role("button", name="添加成员").click()
    dialog.locator('[data-pick="carol"]').click()
    dialog.get_by_role("button", name="添加", exact=True).click()
    expect(dialog.locator("[data-member]")).to_have_count(3)
    dialog.get_by_label("群名称").fill("早盘晨会")
    dialog.get_by_role("button", name="改名").click()
    for visitor in (alice, bob, carol):
        expect(row(visitor.page, "早盘晨会")).to_be_visible()
    screenshot(page, "chat-group")

    dialog.locator('[data-member="bob"]').get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name="设为管理员").click()
    expect(dialog.locator('[data-member="bob"]')).to_contain_text("管理员")
    dialog.locator('[data-member="carol"]').get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name="移出群聊").click()
    page.get_by_role("dialog").last.get_by_role("button", name="移出群聊").click()
    expect(row(carol.page, "早盘晨会")).to_have_count(0)
    expect(dialog.locator("[data-member]")).to_have_count(2)
    page.keyboard.press("Escape")
    choose(page, "早盘晨会", "退出群聊")
    confirm(page, "退出群聊")
    expect(row(page, "早盘晨会")).to_have_count(0)
    choose(bob.page, "早盘晨会", "群信息")
    expect(bob.page.locator('[data-member="bob"]')).to_contain_text("群主")


def test_on_a_phone_one_pane_is_shown_at_a_time(visit: Visit) -> None:
    alice = visit(viewport={"width": 390, "height": 800}, has_touch=True).sign_in("alice")
    page = alice.page
    row(page, "bob").tap()
    expect(page.locator("#draft")).to_be_visible()
    expect(row(page, "bob")).to_be_hidden()
    screenshot(page, "chat-phone")
    page.get_by_role("button", name="返回").click()
    expect(row(page, "bob")).to_be_visible()
    expect(page.locator("#draft")).to_have_count(0)
    row(page, "bob").tap()
    page.go_back()
    expect(row(page, "bob")).to_be_visible()


def test_by_keyboard_and_for_screen_readers(visit: Visit) -> None:
    alice = visit(locale="en-US").sign_in("alice")
    page = alice.page
    expect(row(page, "bob")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_role("searchbox", name="Search conversations").fill("car")
    expect(row(page, "bob")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(row(page, "carol")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "carol")).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Find people called “car”").click()
    expect(page.locator('[data-person="carol"]')).to_be_visible()
    assert serious_findings(page) == []
    page.locator('[data-person="carol"]').get_by_role("button").click()
    expect(page.get_by_role("dialog", name="Profile")).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_role("dialog").get_by_role("link", name="Message").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
