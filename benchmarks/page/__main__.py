"""Measure the page in Chromium on the real server: its first picture, a long chat, and a board of thousands of stocks.

The table is printed and written to ``benchmarks/results/page.md``, all figures to ``page.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks import machine
from benchmarks.chat.population import Population, Shelf, Signed
from benchmarks.page.pushes import Pushes
from benchmarks.page.report import Frames, Paint, markdown
from benchmarks.prices.listing import Listing
from benchmarks.site import Site, StartFailedError, WrongAnswerError, running_site
from server.domain.users import User

RESULTS = Path(__file__).resolve().parents[1] / "results"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PATIENCE_MS = 30_000
TO_THE_NEWEST = "box => { box.scrollTop = box.scrollHeight; }"
FRAMES = """([seconds, selector, step]) => new Promise((resolve) => {
    const times = [];
    const box = document.querySelector(selector);
    const end = performance.now() + 1000 * seconds;
    let last = null;
    const frame = (now) => {
        if (last !== null) times.push(now - last);
        last = now;
        box.scrollTop += step;
        if (performance.now() < end) requestAnimationFrame(frame);
        else resolve(times);
    };
    requestAnimationFrame(frame);
})"""
PAINTED = """() => new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries()[0].startTime))
    .observe({type: "paint", buffered: true}))"""


class Extent(NamedTuple):
    """How much is measured."""

    visits: int
    messages: int
    stocks: int
    changes: int
    seconds: float


FULL = Extent(visits=15, messages=10_000, stocks=5_000, changes=500, seconds=10.0)
QUICK = Extent(visits=2, messages=300, stocks=300, changes=30, seconds=1.0)


class Bench:
    """One browser on one server; somebody is signed in."""

    def __init__(self, browser: Browser, site: Site, listing: Listing, extent: Extent) -> None:
        self._url = f"http://127.0.0.1:{site.port}/"
        self._site = site
        self._listing = listing
        self._extent = extent
        self._context = browser.new_context(locale="en-US", viewport={"width": 1440, "height": 900})
        self._context.set_default_timeout(PATIENCE_MS)
        self._reader = _register(self._context, self._url)
        self._page = self._context.new_page()

    def first_picture(self) -> Paint:
        """Open the page again and again, its files in the browser's cache, until it is painted and live."""
        painted, live = [], []
        for _ in range(self._extent.visits + 1):
            self._page.goto("about:blank")
            self._page.goto(f"{self._url}#/chat", wait_until="commit")
            self._page.wait_for_selector("[data-state=live]")
            live.append(self._page.evaluate("performance.now()"))
            painted.append(self._page.evaluate(PAINTED))
        return Paint(painted[1:], live[1:])

    def long_chat(self) -> Frames:
        """Scroll up through a conversation of thousands."""
        with ThreadPoolExecutor(1) as elsewhere:  # Playwright has a loop of its own in this thread
            conversation_id = elsewhere.submit(asyncio.run, self._fill()).result()
        self._page.goto(f"{self._url}#/chat/{conversation_id}")
        self._page.reload()
        box = self._page.locator(".thread-box")
        self._page.wait_for_selector(".thread-box .message")
        box.evaluate(TO_THE_NEWEST)
        times = self._page.evaluate(FRAMES, [self._extent.seconds, ".thread-box", -60])
        return Frames(f"scrolling up in a chat of {self._extent.messages:,} messages", times)

    def busy_board(self) -> Frames:
        """Look at the whole market while prices change."""
        extent = self._extent
        with Pushes(self._url, self._listing, extent.changes) as pushes:
            self._page.goto(f"{self._url}#/market")
            self._page.reload()
            self._page.wait_for_selector(".board-row")
            times = self._page.evaluate(FRAMES, [extent.seconds, ".board", 12])
        if pushes.count < int(extent.seconds) - 1:
            raise WrongAnswerError(f"only {pushes.count} pushes in {extent.seconds:g} s")
        return Frames(f"a board of {extent.stocks:,} stocks with {extent.changes} changes a second", times)

    async def _fill(self) -> str:
        async with Population.open(self._site) as population:
            writers = [self._reader, *await population.members(3, "writer")]
            conversation_id = await population.group(writers)
            async for _ in population.fill([Shelf(conversation_id, self._extent.messages)], writers):
                pass
        return conversation_id


def _register(context: BrowserContext, url: str) -> Signed:
    """Register somebody; the browser keeps the cookie that signs them in."""
    answer = context.request.post(f"{url}api/auth/register", data={"username": "reader", "password": "correct horse"})
    if not answer.ok:
        raise WrongAnswerError(f"registering was answered {answer.status}")
    data = answer.json()["data"]
    user = User(data["user"]["id"], "reader", "Reader", datetime.now(UTC))
    return Signed(user, data["access_token"])


def measure(extent: Extent) -> tuple[Paint, list[Frames]]:
    """Measure everything on a server of its own."""
    listing = Listing(extent.stocks, signals=0)
    with running_site(listing.prepare) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            bench = Bench(browser, site, listing, extent)
            return bench.first_picture(), [bench.long_chat(), bench.busy_board()]
        finally:
            browser.close()


def main(arguments: Sequence[str]) -> int:
    """Run everything; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, no result")
    options = parser.parse_args(arguments)
    name, extent = ("quick", QUICK) if options.quick else ("page", FULL)
    facts = machine.describe("cc")
    facts["command"] = shlex.join(["python", "-m", "benchmarks.page", *arguments])
    try:
        paint, frames = measure(extent)
    except (StartFailedError, WrongAnswerError) as error:
        print(f"No figures: {error}", file=sys.stderr)
        return 1
    text = markdown(facts, paint, frames)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    everything = {"facts": facts, "paint": asdict(paint), "frames": [*map(asdict, frames)]}
    (RESULTS / f"{name}.json").write_text(json.dumps(everything, indent=1), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with us
    sys.exit(main(sys.argv[1:]))
