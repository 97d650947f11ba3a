from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import serious_findings
from tests.browser.outside import call, sign_in
from tests.browser.visitors import Program, Visitor, screenshot

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
COLOURS = """canvas => {
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""


@pytest.fixture(scope="module")
def program(browser: Browser) -> Iterator[Program]:
    """A server that also has tasks for workers outside."""
    home = Path("/dev/shm")
    data_dir = Path(tempfile.mkdtemp(prefix="stock-insight-page-", dir=home if home.is_dir() else None))
    program = Program(data_dir, EXTERNAL_TASK_TYPES="training")
    yield program
    program.stop()
    shutil.rmtree(data_dir)


def analyse(page: Page, stock: str) -> None:
    page.locator(".task-start input").fill(stock)
    expect(page.locator(".stock-found [role=option]").first).to_be_visible()
    page.locator(".task-start input").press("Enter")


def is_drawn(page: Page) -> None:
    """Wait until the charts are there, each of more than the colour of the ground."""
    expect(page.locator(".report-canvas canvas").first).to_be_visible()
    page.wait_for_function(
        f"() => [...document.querySelectorAll('.report-canvas canvas')].some((canvas) => ({COLOURS})(canvas) > 20)"
    )


def test_an_analysis_runs_to_its_report(visit: Callable[..., Visitor], program: Program) -> None:
    gina = visit().register("gina")
    gina.page.goto(f"{program.url}#/tasks")
    expect(gina.page.locator(".task-list .empty")).to_be_visible()
    analyse(gina.page, "6005")
    expect(gina.page.locator("[data-task-state=completed]")).to_be_visible()
    expect(gina.page.locator(".task-head")).to_contain_text("贵州茅台")
    is_drawn(gina.page)
    expect(gina.page.locator(".report-summary")).to_contain_text("250 根日线")
    expect(gina.page.locator("[data-figure=close] dd")).to_have_text(re.compile(r"^[\d,]+\.\d\d$"))
    gina.page.locator(".task-log summary").click()
    expect(gina.page.locator(".task-log-step")).to_have_text(["0/5", "1/5", "2/5", "3/5", "4/5", "5/5", "5/5"])
    assert serious_findings(gina.page) == []
    screenshot(gina.page, "report")
    gina.page.locator("#bell").click()
    expect(gina.page.locator(".inbox-row")).to_contain_text("分析完成")
    expect(gina.page.locator(".inbox-row.unread")).to_have_count(0)  # its report is in view


def test_a_long_task_is_followed_over_a_reload_cancelled_and_tried_again(
    visit: Callable[..., Visitor], program: Program
) -> None:
    hans = visit().register("hans")
    hans.page.goto(f"{program.url}#/tasks")
    expect(hans.page.locator(".task-list .empty")).to_be_visible()
    device = sign_in(program, "hans")
    task_id = call(program, "POST", "/tasks", {"type": "training"}, device)["task_id"]
    row = hans.page.locator(f'[data-task="{task_id}"]')
    expect(row).to_have_attribute("data-state", "queued")
    row.click()
    detail = hans.page.locator(".task-detail")
    expect(detail.locator(".how-far .hint")).to_contain_text("下一个就是它")
    report(program, task_id, 1, "warming up")
    expect(detail.locator(".how-far-message")).to_have_text("warming up")
    expect(detail.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    hans.page.reload()
    expect(detail.locator(".how-far-message")).to_have_text("warming up")
    report(program, task_id, 2, "second epoch")
    expect(detail.locator(".task-log-lines li")).to_have_count(3)
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
    screenshot(hans.page, "task")
    hans.page.locator("#cancel-task").click()
    hans.page.locator("dialog button.danger").click()
    expect(detail.locator("[data-task-state=cancelled]")).to_be_visible()
    hans.page.locator("#retry-task").click()
    expect(detail.locator("[data-task-state=queued]")).to_be_visible()
    report(program, task_id, 3, "again")
    expect(detail.locator(".task-log-attempt")).to_have_count(1)
    call(program, "POST", f"/tasks/{task_id}/complete", {"result": {"accuracy": 0.93}})
    expect(detail.locator(".task-result")).to_contain_text("0.93")


def report(program: Program, task_id: str, step: int, message: str) -> None:
    body = {"step": step, "total_steps": 4, "progress": step * 25, "message": message}
    call(program, "POST", f"/tasks/{task_id}/progress", body)


def test_on_a_phone_list_and_report_take_turns(visit: Callable[..., Visitor], program: Program) -> None:
    irma = visit(**PHONE, locale="en", color_scheme="dark").register("irma")
    irma.page.goto(f"{program.url}#/tasks")
    analyse(irma.page, "000001")
    is_drawn(irma.page)
    assert irma.page.evaluate("document.documentElement.scrollWidth") == 390
    irma.page.locator(".task-log summary").click()
    expect(irma.page.locator(".task-log-lines")).to_contain_text("Daily bars loaded")  # the server says it in Chinese
    expect(irma.page.locator(".task-list")).to_be_hidden()
    assert serious_findings(irma.page) == []
    screenshot(irma.page, "report-phone")
    irma.page.locator(".task-back").click()
    expect(irma.page.locator(".task-detail")).to_be_hidden()
    expect(irma.page.locator(".task-row")).to_have_count(1)
    irma.page.goto(f"{program.url}#/tasks/000000000000000000000000")
    expect(irma.page.locator(".task-detail")).to_contain_text("There is no such task")
