"""The program as `python run.py` starts it, and people who open its page in Chromium."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, BrowserContext, Page, expect

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCREENSHOTS = ROOT / "build" / "screenshots"
PATIENCE_MS = 15_000
PASSWORD = "correct horse"

# The first question of a visitor who is not signed in; browsers log every 401.
_EXPECTED_CONSOLE = re.compile(r"Failed to load resource: the server responded with a status of 401")

expect.set_options(timeout=PATIENCE_MS)


def screenshot(page: Page, name: str) -> None:
    """Keep a picture of what a page shows, for people to look at."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


class Program:
    """One run of the server after another, on the same data and the same port; `settings` are environment variables."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(ROOT / "run.py"), f"--port={self.port}", f"--data_dir={self.data_dir}"]
        environment = {"PATH": os.environ["PATH"], "PRICE_PUSH_INTERVAL": "0.5", **self.settings}
        self._process = subprocess.Popen(command, cwd=self.data_dir, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = ""
        for line in self._process.stdout:
            said += line
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(found[1])
                break
        else:
            raise AssertionError(f"the server did not start: {said!r}")
        found = re.search(r"password (\S+)", said)
        self.demo_password = found[1] if found else ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        """End it as an operator does."""
        self._process.terminate()
        assert self._process.wait(30) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()


class Visitor:
    """A person with a browser of their own; what its console says in red is kept in `complaints`."""

    def __init__(self, browser: Browser, program: Program, **context_options: object) -> None:
        options = {"locale": "zh-CN", "viewport": {"width": 1440, "height": 900}, **context_options}
        self.program = program
        self.context: BrowserContext = browser.new_context(**options)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.page = self.open()

    def open(self) -> Page:
        """Open the page in a tab, behind the first one: what is behind another is drawn once a second only."""
        page = self.context.new_page()
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.program.url)
        self.context.pages[0].bring_to_front()
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not _EXPECTED_CONSOLE.match(text):
            self.complaints.append(text)

    def sign_in(self, username: str) -> Self:
        """Sign in as one of the demo accounts."""
        self._enter(username, self.program.demo_password)
        return self

    def register(self, username: str) -> Self:
        self.page.locator("#switch-mode").click()
        self._enter(username, PASSWORD)
        return self

    def _enter(self, username: str, password: str) -> None:
        self.page.locator("#username").fill(username)
        self.page.locator("#password").fill(password)
        self.page.locator("#enter").click()
        self.is_live()

    def is_live(self) -> None:
        """Wait until the page says so."""
        expect(self.page.locator("#connection")).to_have_attribute("data-state", "live")

    def talk_to(self, username: str) -> None:
        self.page.locator(f'[data-friend="{username}"]').click()
        expect(self.page.locator("#history-note")).to_be_hidden()

    def say(self, content: str) -> None:
        self.page.locator("#draft").fill(content)
        self.page.locator("#draft").press("Enter")

    def reads(self, content: str, state: str) -> None:
        """Wait until the last message is this one, in this state."""
        last = self.page.locator(".message").last
        expect(last.locator(".bubble")).to_have_text(content)
        expect(last).to_have_attribute("data-state", state)
