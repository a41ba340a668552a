"""A real browser for pages: Debian's chromium, driven by playwright. Without one, these tests are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

WIDE, NARROW = (1600, 1000), (375, 812)

Scheme = Literal["light", "dark"]
Opener = Callable[..., "Page"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    if CHROMIUM is None:
        pytest.skip("needs chromium: apt-get install chromium")
    playwright: Any = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def _outside(url: str) -> list[str]:
    """The address if it is none of the page itself."""
    return [] if url.startswith(("file:", "data:")) else [f"request: {url}"]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """`show(html, address="", size=WIDE, scheme="light", script=True)` opens a page; nothing may complain."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(
        html: str, address: str = "", size: tuple[int, int] = WIDE, scheme: Scheme = "light", script: bool = True
    ) -> Page:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=script,
            offline=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda failure: complaints.append(str(failure)))
        page.on("request", lambda request: complaints.extend(_outside(request.url)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(path.as_uri() + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
