"""A real browser for the tests of pages: Debian's Chromium, driven by playwright, cut off from any network."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
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

    @property
    def asked_of_a_network(self) -> list[str]:
        """Addresses that are no file and no part of the page."""
        return [url for url in self.requests if not url.startswith(("file:", "data:"))]


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


def printed_pages(page: Any, words: str, paper: str, size_mm: tuple[float, float]) -> list[str]:
    """Text of each page of `page` printed on `paper`; all have its size, `words` and their number."""
    pypdf = pytest.importorskip("pypdf", reason=MISSING)
    pages = pypdf.PdfReader(BytesIO(page.pdf(format=paper, print_background=True))).pages
    texts = [" ".join(one.extract_text().split()) for one in pages]
    for number, (one, text) in enumerate(zip(pages, texts, strict=True), start=1):
        assert words in text
        assert f"{number} / {len(pages)}" in text
        assert [float(side) / 72 * 25.4 for side in one.mediabox[2:]] == pytest.approx(size_mm, abs=0.5)
    return texts


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


def becomes(page: Any, holds: Callable[[], bool]) -> bool:
    """Whether something comes true within ten seconds: ``wait_for_function`` evaluates text, which our pages forbid."""
    for _ in range(100):
        if holds():
            return True
        page.wait_for_timeout(100)
    return False
