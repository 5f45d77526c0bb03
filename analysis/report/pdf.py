"""PDF: a report printed by a browser on this computer, or by WeasyPrint where there is none; nothing leaves it."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from asyconv.errors import InputError
from asyconv.whole_files import write_whole

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS_MAX: Final = 120
NO_PRINTER: Final = (
    "--pdf: expected Chromium or Chrome on the search path, or the package weasyprint (pip install 'asyconv[pdf]'), "
    "found neither; the report can be printed from any browser"
)


def write_pdf(html: Path, pdf: Path) -> Path:
    """Print the report `html` on A4 to `pdf`; raises `InputError` where nothing on this computer can print it."""
    page = html.read_text(encoding="utf-8").replace("@page {", "@page { size: A4;", 1)
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "report.pdf"
        if browser is None:
            _by_weasyprint(page, made)
        else:
            _by_browser(browser, page, made)
        return write_whole(pdf, made.read_bytes())


def browser_flags(profile: Path) -> list[str]:
    """Flags for a browser that runs alone, with its new profile in `profile`; root has no sandbox."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*FLAGS, *(["--no-sandbox"] if root else []), f"--user-data-dir={profile}"]


def _by_browser(browser: str, page: str, pdf: Path) -> None:
    source = pdf.with_suffix(".html")
    source.write_text(page, encoding="utf-8")
    flags = [*browser_flags(pdf.parent / "profile"), "--no-pdf-header-footer", f"--print-to-pdf={pdf}"]
    try:
        done = subprocess.run(
            [browser, *flags, source.as_uri()], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"--pdf: {browser} did not print the report ({error})") from error
    if not pdf.is_file():
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise InputError(f"--pdf: {browser} did not print the report: {last}")


def _by_weasyprint(page: str, pdf: Path) -> None:
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:  # OSError: its system library is not there
        raise InputError(NO_PRINTER) from error
    HTML(string=page).write_pdf(pdf)
