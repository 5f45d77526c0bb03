"""A real browser for the tests of pages: Debian's Chromium, driven by playwright, cut off from any network."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from asyconv.analysis.report.pdf import browser_flags

MISSING = "no Chromium or no playwright here: `make browser` installs both"


@dataclass
class Seen:
    """A page that is open, and everything that it said or asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def launched(profile: Path) -> Iterator[Any]:
    """Chromium, ready to open pages; skips the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason=MISSING)
    found = shutil.which("chromium")
    if found is None:
        pytest.skip(MISSING)
    flags = [flag for flag in browser_flags(profile) if not flag.startswith(("--headless", "--user-data-dir"))]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Any, html: str, folder: Path, *, script: bool = True, width: int = 1100) -> Iterator[Seen]:
    """Open `html` from a file in `folder`."""
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    context = browser.new_context(java_script_enabled=script, offline=True, viewport={"width": width, "height": 900})
    page = context.new_page()
    seen = Seen(page)
    page.on("console", lambda said: seen.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("dialog", lambda dialog: seen.errors.append(dialog.message))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    yield seen
    context.close()


def serious(page: Any) -> list[str]:
    """What axe-core finds serious or critical on `page`, with the element."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=MISSING)
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
