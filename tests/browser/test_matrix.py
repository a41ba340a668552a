"""The matrix of checks in a browser: filter, rows, the way to a trace and back."""

from __future__ import annotations

import pytest

from oomcheck.report.html import render_html
from tests.browser.conftest import Opener
from tests.browser.pages import made_gate

pytestmark = pytest.mark.needs_browser


def test_filter_keeps_what_matches(show: Opener) -> None:
    """`/` goes to the filter; every word must match; buttons keep what is odd, or has a trace."""
    page = show(render_html(made_gate(), {}, "1"))
    assert page.locator(".line:visible").count() == 15
    page.keyboard.press("/")
    page.keyboard.type("clocked HOLDS")
    assert page.locator(".line:visible .mono").all_inner_texts() == ["clocked/reaped", "clocked/fast", "clocked/order"]
    assert page.inner_text("#filter-count") == "3 results of 15"
    page.locator("#filter").fill("")
    page.get_by_role("button", name="Not as expected").click()
    assert page.locator(".line:visible").count() == 8
    page.get_by_role("button", name="With a trace").click()
    assert page.locator(".line:visible").count() == page.locator(".line a.open").count() == 6


def test_keys_open_a_trace_and_come_back(show: Opener) -> None:
    """Keys walk over rows, Enter opens the trace, Escape leads back to its row, and so does the browser's way back."""
    page = show(render_html(made_gate(), {}, "1"))
    for key in ("j", "ArrowDown", "ArrowDown", "k"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.id") == "row-oom_freezer/v5_uninit/no_uninit"
    page.keyboard.press("Enter")
    page.wait_for_selector(".trace.current .tl-inner svg")
    assert not page.locator("#checks").is_visible()
    assert page.inner_text(".trace.current .position") == "step 10 of 10"
    page.keyboard.press("Escape")
    page.wait_for_selector("#checks:visible")
    page.wait_for_selector("[id='row-oom_freezer/v5_uninit/no_uninit']:focus")
    page.go_back()
    page.wait_for_selector(".trace.current .tl-inner svg")


def test_a_row_without_a_trace_opens_its_details(show: Opener) -> None:
    """Enter on a row that has no trace tells more about it."""
    page = show(render_html(made_gate(), {}, "1"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    assert page.locator(".line details[open] .facts").first.is_visible()
    assert "171204 transitions" in page.locator(".line details[open]").first.inner_text()


def test_links_lead_to_rows_and_traces(show: Opener) -> None:
    """A cell of the map leads to its row; the address of a step opens its trace at once."""
    html = render_html(made_gate(), {}, "1")
    page = show(html)
    page.locator("a.cell").first.click()
    assert page.evaluate("location.hash") == "#row-oom_freezer/base/premature_skip"
    assert page.locator("#checks").is_visible()
    page = show(html, "#oom_freezer/v5_uninit/no_uninit/step=3")
    assert page.inner_text(".trace.current .position") == "step 3 of 10"
    page.get_by_role("link", name="All checks").click()
    assert page.locator("#checks").is_visible()


def test_a_link_shows_a_row_that_the_filter_hides(show: Opener) -> None:
    """A cell of the map leads to its row also while a filter hides that."""
    page = show(render_html(made_gate(), {}, "1"))
    page.locator("#filter").fill("clocked")
    page.locator("a.cell").first.click()
    page.wait_for_selector("[id='row-oom_freezer/base/premature_skip']:visible")
    assert page.locator(".line:visible").count() == 15


def test_two_traces_share_no_ids(show: Opener) -> None:
    """Traces that were opened one after the other have hatches of their own: a hidden one would not be drawn."""
    page = show(render_html(made_gate(), {}, "1"), "#oom_freezer/v5_uninit/no_uninit")
    page.keyboard.press("Escape")
    page.locator("[id='row-oom_freezer/clocked/reaped'] a.open").click()
    page.wait_for_selector(".trace.current .tl-inner svg")
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert sum(one.startswith("hatch-frozen") for one in ids) == 2


def test_matrix_reads_without_script(show: Opener) -> None:
    """Without scripts the matrix and all traces as text are there, and what needs a script is not."""
    page = show(render_html(made_gate(), {}, "1"), script=False)
    assert page.locator(".line:visible").count() == 15
    assert page.locator("pre.lanes:visible").count() == 6
    assert not page.locator("#filter-form").is_visible()
