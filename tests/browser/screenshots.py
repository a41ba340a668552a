"""The pictures of docs/report.md: `python -m tests.browser.screenshots`, in the root of this tree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from oomcheck.report.html import render_html, render_trace_html
from oomcheck.result.gated import Gated, GateReport
from oomcheck.result.trace import Trace
from oomcheck.version import VERSION
from tests.browser.conftest import CHROMIUM, NARROW, WIDE, Scheme
from tests.browser.pages import SERIES, STARVING, TIMING, checked, sources_of, traces_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path("docs/images")
EXAMPLES = ("csma_cd", "exit_vs_reaper", "fischer", "peterson", "train_gate")
TURNED = "fischer/late/two_inside"


def shoot(
    browser: Browser,
    name: str,
    html: str,
    address: str,
    size: tuple[int, int],
    scheme: Scheme,
    keys: tuple[str, ...] = (),
) -> None:
    """One picture of a page, after some keys."""
    path = FOLDER / f"{name}.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.goto(path.absolute().as_uri() + address)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_timeout(400)
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()
    path.unlink()


def turned(entry: Gated) -> Gated:
    """The entry, with one expectation turned round if it has that result: to show what a failure looks like."""
    if entry.report is None:
        return entry
    results = tuple(
        replace(result, expected="holds", ok=False) if result.identity == TURNED else result
        for result in entry.report.results
    )
    return replace(entry, report=replace(entry.report, results=results))


def main() -> None:
    """All pictures; the models are checked anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    series, timing, starving = (checked(*one) for one in (SERIES, TIMING, STARVING))
    examples = [
        checked(Path(f"models/examples/{name}.oom"), Path(f"specs/examples/{name}.oomspec"), "*") for name in EXAMPLES
    ]
    entries = (series, timing, *map(turned, examples))
    gate = GateReport("specs", entries, seconds=sum(entry.seconds for entry in entries))
    (uninit,), (reaped, *_), (unserved,) = (traces_of(entry) for entry in (series, timing, starving))
    sources = sources_of([uninit, reaped, unserved])

    def page(trace: Trace) -> str:
        return render_trace_html(trace, sources, VERSION)

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        shoot(browser, "matrix", render_html(gate, {}, VERSION), "", (1280, 900), "light")
        shoot(browser, "trace", page(uninit), "", (WIDE[0], 920), "light", ("Home", *["ArrowRight"] * 15))
        shoot(browser, "time", page(reaped), "", (1500, 900), "dark", ("[", "[", "ArrowRight"))
        shoot(browser, "lasso", page(unserved), "", (1280, 900), "light", ("End", *["ArrowRight"] * 5))
        shoot(browser, "phone", page(uninit), "", NARROW, "light", ("Home", *["ArrowRight"] * 12))
        browser.close()


if __name__ == "__main__":
    main()
