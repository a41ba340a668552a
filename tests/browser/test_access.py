"""Pages for everybody: contrast, roles and names by axe, no sideways scrolling on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oomcheck.report.html import render_html, render_trace_html
from tests.browser.conftest import NARROW, WIDE, Opener
from tests.browser.pages import lasso, made_gate
from tests.report.traces import uninit_trace

if TYPE_CHECKING:
    from playwright.sync_api import Page

axe: Any = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
pytestmark = pytest.mark.needs_browser

SOURCES = {"models/oom_freezer.oom": "\n".join(f"\tbool ret{n} = false; // {n}" for n in range(120))}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "matrix": lambda: render_html(made_gate(), SOURCES, "1"),
    "trace": lambda: render_trace_html(uninit_trace(), SOURCES, "1"),
    "lasso": lambda: render_trace_html(lasso(), SOURCES, "1"),
}


def complaints(page: Page, only: dict[str, object]) -> list[tuple[str, str, str]]:
    """What axe finds wrong by some of its rules: the rule, the first element, what to do."""
    found = axe.Axe().run(page, options={"runOnly": only}).response["violations"]
    return [(one["id"], one["nodes"][0]["html"], one["nodes"][0]["failureSummary"]) for one in found]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(show: Opener, name: str, size: tuple[int, int]) -> None:
    """WCAG 2.2 A and AA are kept at either width, contrast in both schemes, and nothing scrolls sideways."""
    page = show(PAGES[name](), size=size)
    page.locator("main details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert complaints(page, {"type": "tag", "values": TAGS}) == []
    page.emulate_media(color_scheme="dark")
    assert complaints(page, {"type": "rule", "values": ["color-contrast"]}) == []
