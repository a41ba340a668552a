"""The view of a trace in a browser: steps, state, source, time, loops."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from oomcheck.report.html import render_trace_html
from tests.browser.conftest import NARROW, WIDE, Opener
from tests.browser.pages import lasso, long_sources, long_trace
from tests.report.test_html import EVILS, evil_trace
from tests.report.traces import bound_trace, uninit_trace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.needs_browser

SOURCE = "\n".join(f"line {number}" for number in range(1, 120))
SOURCES = {"models/oom_freezer.oom": SOURCE}
PLACE = "#oom_freezer/v5_uninit/no_uninit"


def value(page: Page, name: str) -> str:
    """What the table of variables shows for one."""
    row = page.locator(".state tbody tr").filter(has=page.get_by_role("button", name=name, exact=True))
    return str(row.locator("td").first.inner_text())


def test_page_opens_at_the_end(show: Opener) -> None:
    """The last state comes first, with the fault, its line and its thread."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    assert page.inner_text(".position") == "step 10 of 10"
    assert "ret was never written on this path" in page.inner_text(".card .fault")
    assert page.inner_text(".ln.bad .no") == "32"
    assert page.locator(".fault-box").count() == 1


def test_steps_change_state_and_source(show: Opener) -> None:
    """Each step shows what it changed, and its line of the model."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    page.keyboard.press("Home")
    assert page.inner_text(".position") == "step 0 of 10"
    assert value(page, "cgroup_freezing") == "false"
    assert page.locator(".ln.cur").count() == 0
    page.keyboard.press("ArrowRight")
    assert value(page, "cgroup_freezing") == "false → true"
    assert page.inner_text(".ln.cur code") == "line 97"
    page.keyboard.press("j")
    assert value(page, "cgroup_freezing") == "true"
    assert page.inner_text(".ln.cur code") == "line 61"
    assert page.inner_text(".steps [aria-current] .num") == "2"
    page.keyboard.press("k")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".position") == "step 0 of 10"
    page.keyboard.press("End")
    assert page.inner_text(".position") == "step 10 of 10"


def test_keys_hop_over_switches_and_changes(show: Opener) -> None:
    """`]` and `[` go to context switches, `n` and `p` along the changes of the selected variable."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"), f"{PLACE}/step=0")
    found = []
    for _ in range(4):
        page.keyboard.press("]")
        found.append(page.inner_text(".position"))
    assert found == [f"step {n} of 10" for n in (2, 3, 7, 8)]
    page.keyboard.press("[")
    assert page.inner_text(".position") == "step 7 of 10"
    page.get_by_role("button", name="oom_mm", exact=True).click()
    assert page.locator(".label.selected .name").inner_text() == "oom_mm"
    page.keyboard.press("p")
    assert page.inner_text(".position") == "step 5 of 10"
    page.keyboard.press("Home")
    page.keyboard.press("n")
    assert page.inner_text(".position") == "step 5 of 10"


def test_mouse_goes_to_a_column_and_a_row(show: Opener) -> None:
    """A click on the timeline or on the list of steps goes there; so does the slider."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    box = page.locator(".tl-inner svg").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 3, box["y"] + 60)
    assert page.inner_text(".position") == "step 0 of 10"
    page.locator(".steps button").nth(7).click()
    assert page.inner_text(".position") == "step 7 of 10"
    page.locator("input[type=range]").fill("4")
    assert page.inner_text(".position") == "step 4 of 10"


def test_address_names_the_step(show: Opener) -> None:
    """A link to a step opens there; going on changes the address; a step that is too far is the last."""
    html = render_trace_html(uninit_trace(), SOURCES, "1")
    page = show(html, f"{PLACE}/step=7")
    assert page.inner_text(".position") == "step 7 of 10"
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/step=8")
    assert page.inner_text("#announce").startswith("Step 8, oom_killer: test_and_set_bit")
    assert show(html, f"{PLACE}/step=999").inner_text(".position") == "step 10 of 10"


def test_loop_wraps_round(show: Opener) -> None:
    """After the last step of a lasso comes the first of its loop again, and back."""
    page = show(render_trace_html(lasso(), SOURCES, "1"))
    assert page.locator(".loop-bracket").count() == 1
    assert page.locator(".steps .looped").count() == 5
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".position") == "step 3 of 7, lap 2"
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".position") == "step 7 of 7"


@pytest.mark.parametrize("loop", [None, 0])
def test_a_trace_without_steps(show: Opener, loop: int | None) -> None:
    """The initial state alone can be the whole trace, also one that rests there."""
    page = show(render_trace_html(replace(uninit_trace(), steps=(), loop=loop), SOURCES, "1"))
    for key in ("ArrowRight", "ArrowLeft", "]", "n", "End"):
        page.keyboard.press(key)
    assert page.inner_text(".position") == "step 0 of 0"
    assert page.inner_text(".card .what") == "Initial state"


def test_focus_follows_in_the_list(show: Opener) -> None:
    """The list of steps is one stop of the tab key; arrows move inside it."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    page.locator(".steps [aria-current]").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.n") == "8"
    assert page.locator(".steps button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowDown")
    assert page.inner_text(".position") == "step 9 of 10"


def test_rest_stays_where_it_is(show: Opener) -> None:
    """A loop of no steps says that nothing moves."""
    page = show(render_trace_html(replace(lasso(), loop=7), SOURCES, "1"))
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".position") == "step 7 of 7"
    assert page.inner_text(".loop-note") == "From here nothing moves any more."


def test_tracks_tell_the_state(show: Opener) -> None:
    """At the right of each track stands its value: holder and waiters, armed timers, truth, costs."""
    page = show(render_trace_html(lasso(), SOURCES, "1"))

    def now() -> dict[str, str]:
        labels = page.locator(".label:not(.title)").all()
        return {label.locator(".name").inner_text(): label.locator(".now").inner_text() for label in labels}

    last = now()
    assert (last["mmap_lock"], last["oom_reaper_timer"], last["oom_killer"]) == ("B ← C", "", "blocked")
    assert (last["sigkill"], last["sigkill ~> MMF_OOM_SKIP"], last["order"]) == ("true", "false", "true")
    assert last["retries"] == "1"
    page.keyboard.press("Home")
    first = now()
    assert (first["mmap_lock"], first["oom_reaper_timer"], first["order"]) == ("free", "", "–")
    page.keyboard.press("ArrowRight")
    assert now()["oom_reaper_timer"] == "armed"


def test_time_has_an_axis(show: Opener) -> None:
    """A timed trace is drawn along time, and along steps on demand; the state tells ticks and seconds."""
    page = show(render_trace_html(bound_trace(), SOURCES, "1"))
    assert "at 24 ticks (2.4 s)" in page.inner_text(".card .what")
    assert page.get_by_role("button", name="time", exact=True).get_attribute("aria-pressed") == "true"
    wide = page.locator(".tl-inner svg").get_attribute("width")
    page.get_by_role("button", name="steps", exact=True).click()
    assert page.locator(".tl-inner svg").get_attribute("width") != wide


def test_scale_and_idle_threads(show: Opener) -> None:
    """`+`, `-` and `0` change the width of the timeline; threads that do nothing appear on demand."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))

    def width() -> float:
        return float(page.locator(".tl-inner svg").get_attribute("width") or 0)

    fit = width()
    page.keyboard.press("+")
    assert width() > fit
    page.keyboard.press("0")
    assert width() == fit
    page.keyboard.press("-")
    assert width() < fit
    assert page.locator(".label.lane").count() == 3
    page.get_by_role("button", name="idle threads").click()
    assert page.locator(".label.lane").count() == 5


def test_filter_of_variables(show: Opener) -> None:
    """`/` goes to the filter of variables, Escape leaves it; keys typed there are text."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    page.keyboard.press("/")
    page.keyboard.type("njk")
    assert page.inner_text(".position") == "step 10 of 10"
    assert page.locator(".state tbody tr").count() == 0
    page.keyboard.press("Control+A")
    page.keyboard.type("tif")
    assert page.locator(".state tbody tr").all_inner_texts()[0].startswith("victim[0].tif.TIF_MEMDIE")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    assert page.inner_text(".position") == "step 0 of 10"


def test_help_opens_and_closes(show: Opener) -> None:
    """`?` shows the keys, Escape hides them."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"))
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#help").is_visible()


@pytest.mark.parametrize("evil", EVILS)
def test_texts_stay_texts(show: Opener, evil: str) -> None:
    """Nothing in a trace, a model or a name runs, opens a dialog or asks the network."""
    page = show(render_trace_html(evil_trace(evil), {evil: f"{evil}\n" * 40}, "1"))
    for key in ("Home", "ArrowRight", "]", "+"):
        page.keyboard.press(key)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 3


def test_page_reads_without_script(show: Opener) -> None:
    """A mail program that runs no scripts shows the verdict and the lanes."""
    page = show(render_trace_html(uninit_trace(), SOURCES, "1"), script=False)
    assert "VIOLATED" in page.inner_text("h1")
    assert page.locator("pre.lanes").is_visible()
    assert not page.locator(".stage").is_visible()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_long_trace_is_usable(show: Opener, size: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    """A thousand steps of eight threads fit into one MiB; the time to open is told, not judged."""
    html = render_trace_html(long_trace(), long_sources(), "1")
    page = show(html, size=size)
    page.wait_for_selector(".tl-inner svg")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".position") == "step 999 of 1000"
    assert len(html.encode()) < 2**20
    spent = page.evaluate("performance.getEntriesByType('navigation')[0].duration")
    with capsys.disabled():
        print(f"\n1000 steps, 8 threads: {len(html.encode())} bytes, open after {spent:.0f} ms")
