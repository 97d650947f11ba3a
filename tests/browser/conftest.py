"""One server and one Chromium for all tests of the page."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitors import CHROMIUM, CHROMIUM_ARGUMENTS, ROOT, Program, Visitor

_SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"the tests of the page need a browser, and there is no {CHROMIUM}: apt-get install chromium")
    if not (ROOT / "node_modules" / "socket.io-client").is_dir():
        pytest.skip("the page needs the package socket.io-client: run make setup")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def program(browser: Browser) -> Iterator[Program]:
    home = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    data_dir = Path(tempfile.mkdtemp(prefix="stock-insight-page-", dir=home))
    program = Program(data_dir)
    yield program
    program.stop()
    shutil.rmtree(data_dir)


@pytest.fixture
def visit(browser: Browser, program: Program) -> Iterator[Callable[..., Visitor]]:
    """Return a function that lets somebody open the page; nobody's console may complain."""
    visitors: list[Visitor] = []

    def visit(**context_options: object) -> Visitor:
        visitors.append(Visitor(browser, program, **context_options))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.context.close()
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    assert not complaints, complaints
