"""The operator's dashboard: figures that move, connections, and what operators do."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import serious_findings
from tests.browser.visitors import Program, Visitor, screenshot

Visit = Callable[..., Visitor]


def call(program: Program, method: str, path: str, body: object | None = None) -> Any:
    """Call the API as who sits at the machine, who is an operator in development."""
    sent = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{program.url}api{path}", sent, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["data"]


@pytest.fixture
def chief(visit: Visit, program: Program) -> Visitor:
    """An operator who looks at the dashboard."""
    name = f"chief{uuid4().hex[:6]}"
    visitor = visit(locale="en-US").register(name)
    found = call(program, "GET", "/operators/clients?limit=200")["clients"]
    [user] = [client["user"] for client in found if client["user"] and client["user"]["username"] == name]
    call(program, "PATCH", f"/users/{user['id']}/role", {"role": "operator"})
    visitor.page.reload()
    visitor.is_live()
    visitor.page.locator("[data-area=operator]").click()
    expect(visitor.page.locator("[data-figure=connections] dd")).to_be_visible()
    return visitor


def section(visitor: Visitor, name: str) -> Page:
    visitor.page.locator(f"[data-tab={name}]").click()
    return visitor.page


def confirmed(page: Page) -> None:
    page.locator(".dialog-actions button").last.click()


def test_the_figures_move(visit: Visit, chief: Visitor) -> None:
    page = chief.page
    expect(page.locator(".graph canvas")).to_have_count(10)
    expect(page.locator(".graph [role=img]").first).to_have_attribute("aria-label", re.compile(r"WebSocket \d"))
    before = int(page.locator("[data-figure=connections] dd").inner_text())
    visit().sign_in("alice")
    expect(page.locator("[data-figure=connections] dd")).to_have_text(str(before + 1))
    expect(page.locator(".operator-parts")).to_contain_text("Database")
    assert serious_findings(page) == []
    screenshot(page, "operator-overview")


def test_a_client_is_found_and_disconnected(visit: Visit, chief: Visitor) -> None:
    bob = visit(locale="en-US").sign_in("bob")
    page = section(chief, "clients")
    page.locator("input[type=search]").fill("bob")
    rows = page.locator("#clients tbody tr")
    expect(rows).to_have_count(1)
    name = rows.first.get_attribute("data-client")
    rows.first.locator("a").click()
    expect(page.locator(".operator-rooms")).to_contain_text("user:")
    assert serious_findings(page) == []
    page.locator(".operator-rooms button", has_text="user:").click()
    expect(page.locator(".chip[aria-pressed=true]")).to_contain_text("in the room user:")
    expect(rows).to_have_count(1)
    page.locator("#disconnect").click()
    confirmed(page)
    expect(page.locator(".toast")).to_contain_text("is disconnected")
    expect(page.locator(f'[data-client="{name}"]')).to_have_count(0)
    bob.is_live()  # its page asks again, with a token that holds
    page = section(chief, "audit")
    line = page.locator("#audit tbody tr", has_text=name).first
    expect(line).to_contain_text("Disconnected a client")
    expect(line).to_contain_text("done")
    page.locator("#audit-action").select_option("user.ban")
    expect(line).to_have_count(0)
    assert serious_findings(page) == []


def test_a_price_is_pushed(visit: Visit, chief: Visitor, program: Program) -> None:
    page = section(chief, "push")
    page.locator("#quotes").fill('[{"code": "600519"}]')
    expect(page.locator(".error")).to_contain_text("Quote 0")
    expect(page.locator("#push")).to_be_disabled()
    page.locator("#quotes").fill('[{"code": "600519", "price": 1234.5}]')
    expect(page.locator("#recipients")).to_contain_text("Would reach")
    assert serious_findings(page) == []
    page.locator("#push").click()
    confirmed(page)
    expect(page.locator("#pushed")).to_contain_text(re.compile(r"\d+ stocks, \d+ clients"))
    page = section(chief, "audit")
    expect(page.locator("tr[data-action='prices.push']").first).to_contain_text("volume_wave")


def test_one_member_and_everyone_are_notified(visit: Visit, chief: Visitor) -> None:
    page = section(chief, "notify")
    page.locator("input[type=search]").fill("carol")
    page.locator("[data-user=carol]").click()
    page.locator("#notice-title").fill("Only for you")
    page.locator("#notify").click()
    expect(page.locator(".toast")).to_contain_text("1 notified")
    page.locator("[data-tab=all]").click()
    page.locator("#notice-title").fill("For everyone")
    page.locator("#notify").click()
    confirmed(page)
    expect(page.locator("#job")).to_have_attribute("data-state", "done")
    assert serious_findings(page) == []


def test_a_key_is_shown_once_and_revoked(chief: Visitor) -> None:
    page = section(chief, "keys")
    page.locator("#new-key").click()
    page.locator("#key-name").fill("scraper")
    page.locator("input[value=metrics]").check()
    page.locator("#make-key").click()
    expect(page.locator("#key-text")).to_have_value(re.compile(r"sk_[0-9a-f]{24}_\S+"))
    text = page.locator("#key-text").input_value()
    confirmed(page)
    key = page.locator("[data-key=scraper]")
    expect(key).to_contain_text("Metrics")
    assert text not in page.content()
    assert serious_findings(page) == []
    key.locator("button").click()
    confirmed(page)
    expect(key).to_have_count(0)


def test_a_member_is_banned_and_let_in_again(visit: Visit, chief: Visitor) -> None:
    name = f"guest{uuid4().hex[:6]}"
    guest = visit(locale="en-US").register(name)
    page = section(chief, "users")
    page.locator("input[type=search]").fill(name)
    person = page.locator(f"[data-user={name}]")
    expect(page.locator(".operator-users > li")).to_have_count(1)  # what was searched for, alone
    person.locator("button").click()
    page.get_by_role("menuitem", name="Ban", exact=True).click()
    page.locator("#ban").click()
    expect(page.locator(".toast").last).to_contain_text("is banned")
    expect(guest.page.locator("#enter")).to_be_visible()
    page.locator("input[type=search]").fill("")
    expect(page.locator(".operator-users > li").nth(1)).to_be_visible()
    page.locator("[data-standing=operator]").click()
    expect(page.locator(".operator-users .pill", has_text="you")).to_have_count(1)
    expect(person).to_have_count(0)
    page.locator("[data-standing=banned]").click()
    expect(page.locator(".operator-users .pill", has_text="you")).to_have_count(0)
    expect(person.locator(".pill")).to_have_text("banned")
    person.locator("button").click()
    page.get_by_role("menuitem", name="Unban").click()
    expect(page.locator(".toast").last).to_contain_text("no longer banned")
    expect(person).to_have_count(0)
    assert serious_findings(page) == []


def test_the_settings_are_read(chief: Visitor) -> None:
    page = section(chief, "settings")
    page.locator("input[type=search]").fill("jwt_secret")
    expect(page.locator("[data-setting=jwt_secret]")).to_contain_text("not set")
    expect(page.locator("[data-setting]")).to_have_count(1)
    assert serious_findings(page) == []


def test_a_member_sees_nothing_of_it(visit: Visit) -> None:
    alice = visit().sign_in("alice")
    expect(alice.page.locator("[data-area=chat]")).to_be_visible()
    expect(alice.page.locator("[data-area=operator]")).to_have_count(0)
    alice.page.evaluate("location.hash = '#/operator/clients'")
    expect(alice.page.locator("[data-area=chat]")).to_have_attribute("aria-current", "page")
    expect(alice.page.locator(".operator")).to_have_count(0)
