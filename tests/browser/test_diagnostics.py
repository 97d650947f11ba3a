"""The diagnostic pages: what they find of a healthy server, and of a token that does not hold."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import serious_findings
from tests.browser.visitors import Program, Visitor, screenshot

Visit = Callable[..., Visitor]
INDEX = "tests/socketio/"
CONNECTION = f"{INDEX}simple-connection-test.html"
DIRECT = f"{INDEX}socketio-direct-test.html"
CHECKS = 21
ALL_CHECKS_MS = 60_000

_WITHOUT_A_TOKEN = {"health", "polling", "websocket", "upgrade", "prices_stream", "heartbeat", "refused_token"}
_NEEDLESS_POLL = re.compile(r"Failed to load resource: the server responded with a status of 400")
"""The official client may ask once more while it says that it goes."""


@pytest.fixture(scope="module")
def program(browser: Browser) -> Iterator[Program]:
    """A server whose heartbeat need not be waited for."""
    data_dir = Path(tempfile.mkdtemp(prefix="stock-insight-diagnostics-"))
    program = Program(data_dir, PING_INTERVAL="1")
    yield program
    program.stop()
    shutil.rmtree(data_dir)


def opened(visitor: Visitor, path: str) -> Page:
    visitor.page.goto(f"{visitor.program.url}{path}")
    expect(visitor.page.locator("h1")).to_be_visible()
    return visitor.page


def identify(visitor: Visitor, username: str = "alice") -> None:
    page = visitor.page
    page.locator("#username").fill(username)
    page.locator("#password").fill(visitor.program.demo_password)
    page.locator("#enter").click()
    expect(page.locator("#forget")).to_be_visible()


def run_all(visitor: Visitor) -> dict[str, list[str]]:
    """Run every check; return their names by how they ended."""
    page = visitor.page
    page.locator("#run").click()
    expect(page.locator(".check[data-state=running], .check[data-state=waiting]")).to_have_count(
        0, timeout=ALL_CHECKS_MS
    )
    ended: dict[str, list[str]] = {"green": [], "red": [], "skipped": []}
    for check in page.locator(".check").all():
        ended[check.get_attribute("data-state") or ""].append(check.get_attribute("data-check") or "")
    visitor.complaints[:] = [said for said in visitor.complaints if not _NEEDLESS_POLL.match(said)]
    return ended


def test_the_beginning_knows_the_browser_and_the_server(visit: Visit) -> None:
    page = opened(visit(), INDEX)
    expect(page.locator("dd[data-state=red]")).to_have_count(0)
    expect(page.locator("dd", has_text="200 ok")).to_be_visible()
    assert serious_findings(page) == []
    page.locator(f'a.choice[href="/{CONNECTION}"]').click()
    expect(page.locator("#run")).to_be_visible()


def test_all_is_green_on_a_healthy_server(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, CONNECTION)
    identify(visitor)
    ended = run_all(visitor)
    assert (len(ended["green"]), ended["red"], ended["skipped"]) == (CHECKS, [], [])
    for row in page.locator(".check").all():
        assert re.search(r"\d 毫秒", row.inner_text())
    assert "token" not in page.url
    assert serious_findings(page) == []
    screenshot(page, "diagnostics-connection")


def test_without_a_sign_in_the_doors_are_tried_alone(visit: Visit) -> None:
    visitor = visit(locale="en-US")
    page = opened(visitor, CONNECTION)
    ended = run_all(visitor)
    assert (set(ended["green"]), ended["red"]) == (_WITHOUT_A_TOKEN, [])
    expect(page.locator("[data-check=rest] .check-seen")).to_have_text("needs a sign-in")


def test_a_wrong_token_is_red_and_says_what_to_do(visit: Visit) -> None:
    visitor = visit(locale="en-US", viewport={"width": 390, "height": 844})
    page = opened(visitor, CONNECTION)
    page.locator("[data-tab=token]").click()
    page.locator("#token").fill("abc.def.ghi")
    page.locator("#use-token").click()
    ended = run_all(visitor)
    assert set(ended["green"]) == _WITHOUT_A_TOKEN - {"polling", "websocket"}
    assert len(ended["red"]) == CHECKS - len(ended["green"])
    for name in ended["red"]:
        expect(page.locator(f"[data-check={name}] .check-advice")).to_contain_text("sign in again")
    assert "abc.def.ghi" not in page.content()
    assert serious_findings(page) == []


def test_the_sign_in_of_the_page_counts_here(visit: Visit) -> None:
    visitor = visit().sign_in("alice")
    page = opened(visitor, CONNECTION)
    expect(page.locator(".identity-known")).to_contain_text("Alice")
    page.locator("[data-check=rest] button").click()
    expect(page.locator("[data-check=rest]")).to_have_attribute("data-state", "green")


def test_the_direct_page_sends_anything_and_shows_every_frame(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, DIRECT)
    identify(visitor)
    page.locator("#connect").click()
    expect(page.locator("#client-state")).to_have_attribute("data-state", "open")
    frames = page.locator(".entry")
    expect(frames.filter(has_text="CONNECT").first).to_be_visible()
    page.locator("#arguments").fill("[1")
    page.locator("#send").click()
    expect(page.locator(".error")).to_contain_text("JSON")
    page.locator("#arguments").fill('[{"from": "here"}]')
    page.locator("input[type=file]").set_input_files({"name": "a.bin", "mimeType": "", "buffer": b"\0\1\2"})
    page.locator("#times").fill("3")
    page.locator("#send").click()
    expect(page.locator("#sent")).to_contain_text("3 次中有 3 次")
    expect(frames.filter(has_text="BINARY_EVENT")).to_have_count(3)
    expect(frames.filter(has_text=re.compile(r"ACK #\d"))).to_have_count(3)
    page.locator(".chip", has_text="pong").click()
    expect(frames.filter(has_text="BINARY_EVENT")).to_have_count(0)
    expect(frames.filter(has_text='["pong"')).to_have_count(3)
    page.locator("#frames").fill('42/chat,7["hello",{"to":"world"}]')
    expect(page.locator("[aria-labelledby=inspector-title] .decoded")).to_contain_text('"namespace": "/chat"')
    page.locator("#disconnect").click()
    expect(page.locator("#client-state")).to_have_attribute("data-state", "closed")
    page.locator(".chip", has_text="pong").click()
    page.locator("#raw-open").click()
    expect(frames.filter(has_text='"client_id"')).to_have_count(1)
    page.locator("#raw-send").click()
    expect(frames.filter(has_text='"type":"subscribed"')).to_have_count(1)
    page.locator("#raw-close").click()
    page.locator(".token summary").click()
    expect(page.locator(".token .decoded")).to_contain_text('"username": "alice"')
    assert serious_findings(page) == []
    screenshot(page, "diagnostics-direct")


def test_what_was_sent_is_sent_again_after_a_reload_and_goes_with_a_link(visit: Visit) -> None:
    visitor = visit(locale="en-US")
    page = opened(visitor, f"{DIRECT}#parser=msgpack&event=no_such_event")
    identify(visitor)
    expect(page.locator("#parser")).to_have_value("msgpack")
    page.locator("#connect").click()
    expect(page.locator("#client-state")).to_have_attribute("data-state", "open")
    page.locator("#send").click()
    answer = page.locator(".entry", has_text="unknown_event")
    expect(answer).to_have_count(1)
    page.locator("#copy-link").click()
    expect(page).to_have_url(re.compile("parser=msgpack&event=no_such_event"))
    page.reload()
    identify(visitor)
    page.locator("#connect").click()
    expect(page.locator("#client-state")).to_have_attribute("data-state", "open")
    page.locator(".history summary").click()
    page.locator(".history button.icon").first.click()
    expect(answer).to_have_count(1)


def test_a_server_that_is_not_there_leaves_the_client_closed(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, DIRECT)
    page.locator("#path").fill("/nothing/")
    page.locator("#connect").click()
    expect(page.locator(".entry[data-state=red]")).to_be_visible()
    expect(page.locator("#client-state")).to_have_attribute("data-state", "closed")
    visitor.complaints.clear()


def test_a_sign_in_here_ends_with_it(visit: Visit) -> None:
    visitor = visit()
    page = opened(visitor, CONNECTION)
    identify(visitor)
    with page.expect_response("**/api/auth/logout") as told:
        page.locator("#forget").click()
    assert told.value.status == 200
    expect(page.locator("#username")).to_be_visible()
