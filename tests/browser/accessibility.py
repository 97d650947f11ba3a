"""What axe-core finds in a page as it is shown."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.visitors import ROOT

_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
_AT_REST = """() => Promise.allSettled(
    document.getAnimations()
        .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
        .map((one) => one.finished))"""
_SERIOUS = {"serious", "critical"}


def serious_findings(page: Page, within: str = "body") -> list[str]:
    """Return what is serious or critical, each with where it is."""
    page.evaluate(_AXE.read_text("utf-8"))
    page.evaluate(_AT_REST)
    found = page.evaluate("(within) => axe.run(within, {resultTypes: ['violations']})", within)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in _SERIOUS
        for node in one["nodes"]
    ]
