"""The infant report in a real browser: no network, no error, usable by keyboard and readers, and in print."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.report.canvas import write_drawings
from asyconv.analysis.report.drawings import drawings
from asyconv.analysis.report.page import render
from asyconv.analysis.report.pdf import write_pdf
from asyconv.analysis.tables.movement import Movement
from asyconv.errors import InputError
from asyconv.tracks_file import write_tracks
from tests.helpers.browser import MISSING, becomes, opened, printed_pages, serious
from tests.helpers.closed_form import from_mm, make_tracks, shake, without_mm
from tests.helpers.commands import invoke
from tests.helpers.hostile_text import IN_REPORT


def test_it_loads_without_an_error_and_asks_no_network(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html, tmp_path) as seen:
        assert seen.page.title() == "Movement report, infant inf-01"
        assert seen.page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 100)")
        assert not seen.errors
        assert not seen.asked_of_a_network


def test_the_policy_stops_everything_else(chromium: Any, html: str, tmp_path: Path) -> None:
    bad = html.replace("</main>", "<script>document.title = 'x'</script><img src='https://example.org/x.png'></main>")
    with opened(chromium, bad, tmp_path) as seen:
        assert seen.page.title() == "Movement report, infant inf-01"
        assert any("violates" in error for error in seen.errors)


def test_the_player_plays_seeks_and_moves_with_the_strips(chromium: Any, html: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with opened(chromium, html, tmp_path) as seen:
        page = seen.page
        button, slider, clock = page.locator(".player button"), page.locator(".player input"), page.locator("output")
        assert button.inner_text() == "Play"
        button.focus()
        page.keyboard.press("Space")
        assert becomes(page, lambda: int(slider.input_value()) >= 5)
        page.keyboard.press("Space")
        stopped = slider.input_value()
        page.wait_for_timeout(300)
        assert slider.input_value() == stopped
        slider.focus()
        page.keyboard.press("End")
        expect(clock).to_have_text("89.9 s")
        page.locator("canvas").focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        expect(clock).to_have_text("0.1 s")
        page.keyboard.press("PageUp")
        expect(clock).to_have_text("10.1 s")
        assert not seen.errors


def test_a_click_on_the_strips_goes_there(chromium: Any, html: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with opened(chromium, html, tmp_path) as seen:
        strips = seen.page.locator(".timed").first
        box = strips.bounding_box()
        strips.click(position={"x": (0.085 + 0.91 * 0.5) * box["width"], "y": box["height"] / 2})
        expect(seen.page.locator("output")).to_have_text(re.compile(r"(44\.[89]|45\.[0-2]) s"))
        lines = [line.bounding_box() for line in seen.page.locator(".cursor").all()]
        assert len(lines) == 2
        assert lines[0]["x"] == pytest.approx(box["x"] + (0.085 + 0.91 * 0.5) * box["width"], abs=2)
        assert lines[1]["x"] == pytest.approx(lines[0]["x"], abs=1)
        assert not seen.errors


def test_the_player_draws_another_picture_when_time_goes_on(chromium: Any, html: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    with opened(chromium, html, tmp_path) as seen:
        drawn = "document.querySelector('canvas').toDataURL()"
        first = seen.page.evaluate(drawn)
        seen.page.locator("canvas").focus()
        seen.page.keyboard.press("End")
        expect(seen.page.locator("output")).to_have_text("89.9 s")
        assert seen.page.evaluate(drawn) != first
        seen.page.keyboard.press("Home")
        expect(seen.page.locator("output")).to_have_text("0.0 s")
        assert seen.page.evaluate(drawn) == first
        assert not seen.errors


def test_it_is_complete_without_script(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html, tmp_path, script=False) as seen:
        bare = seen.page.locator("main").inner_text()
        assert not seen.page.locator(".player").is_visible()
        assert seen.page.locator("img").count() == 6
    with opened(chromium, html, tmp_path) as seen:
        seen.page.locator(".player").evaluate("(box) => { box.hidden = true; }")
        assert seen.page.locator("main").inner_text() == bare


@pytest.mark.parametrize("width", [1100, 400])
def test_axe_finds_nothing_serious(chromium: Any, html: str, tmp_path: Path, width: int) -> None:
    with opened(chromium, html, tmp_path, width=width) as seen:
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true;")
        assert not serious(seen.page)
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_axe_finds_what_is_planted(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html.replace("<canvas", "<p style='color:#ccc'>too pale</p><canvas"), tmp_path) as seen:
        assert any(found.startswith("color-contrast") for found in serious(seen.page))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Movement, Path]:
    """A movement and the folder of its figures, in which stands no text of the recording."""
    movement, figures = analyse(make_tracks(61)), tmp_path_factory.mktemp("drawn") / "figures"
    write_drawings(drawings(movement), figures)
    return movement, figures


@pytest.mark.parametrize("hostile", IN_REPORT)
def test_hostile_text_is_shown_as_text(
    chromium: Any, hostile: str, drawn: tuple[Movement, Path], tmp_path: Path
) -> None:
    movement, figures = drawn
    said = {"warnings": [hostile], **dict.fromkeys(("infant_id", "recording_id", "model_name"), hostile)}
    events = (Event(1.0, 2.0, "state", hostile),)
    page_html = render([replace(movement, meta=movement.meta | said, events=events)], figures)
    with opened(chromium, page_html, tmp_path, width=700) as seen:
        text = seen.page.locator("body").inner_text()
        assert text.count(" ".join(hostile.split())) >= 6
        assert not seen.errors
        assert not seen.asked_of_a_network
        assert seen.page.locator("img").count() == 6
        assert seen.page.locator("script").count() == 1
        assert seen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_nothing_found_and_no_millimetres_are_pages_without_errors(chromium: Any, tmp_path: Path) -> None:
    nothing = analyse(from_mm(np.arange(2700) / 30, np.full((2700, 12, 3), np.nan)))
    flat = analyse(without_mm(make_tracks(61, motion={"right_wrist": shake(20, 1.0)})))
    for movement, players in ((nothing, 0), (flat, 1)):
        with opened(chromium, render([movement]), tmp_path) as seen:
            assert seen.page.locator(".player").count() == players
            assert not seen.errors
            assert not serious(seen.page)


@pytest.mark.parametrize(("paper", "size_mm"), [("A4", (210, 297)), ("Letter", (215.9, 279.4))])
def test_every_printed_page_carries_the_id_and_the_notice(
    chromium: Any, html: str, tmp_path: Path, paper: str, size_mm: tuple[float, float]
) -> None:
    with opened(chromium, html, tmp_path) as seen:
        pages = printed_pages(seen.page, "Infant inf-01. For research use only. Not a medical device.", paper, size_mm)
    assert 4 <= len(pages) <= 10
    assert "Amounts of movement are withheld for: left leg (coverage 57 %, needs 70 %)." in pages[0]
    assert "Investigator's notes" in pages[0]
    assert "Can I trust this?" not in pages[0]


def test_pdf_by_chromium_is_a4(chromium: Any, html: str, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason=MISSING)
    source = tmp_path / "report.html"
    source.write_text(html, encoding="utf-8")
    pages = pypdf.PdfReader(write_pdf(source, tmp_path / "report.pdf")).pages
    assert [float(side) / 72 * 25.4 for side in pages[0].mediabox[2:]] == pytest.approx((210, 297), abs=0.5)
    assert source.read_text(encoding="utf-8") == html


def test_the_command_prints_beside_the_page(chromium: Any, tmp_path: Path) -> None:
    write_tracks(make_tracks(61), tmp_path / "tracks.parquet")
    done = invoke("report", tmp_path / "tracks.parquet", "-o", tmp_path / "infant.html", "--pdf")
    assert done.exit_code == 0, done.output
    assert done.output.split() == [str(tmp_path / f"infant.{kind}") for kind in ("html", "pdf")]
    assert (tmp_path / "infant.pdf").read_bytes().startswith(b"%PDF")


def test_pdf_by_weasyprint_where_there_is_no_browser(
    html: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        pytest.skip("no weasyprint, or not its system library: pip install 'asyconv[pdf]'")
    pypdf = pytest.importorskip("pypdf", reason=MISSING)
    monkeypatch.setattr("shutil.which", lambda name: None)
    source = tmp_path / "report.html"
    source.write_text(html, encoding="utf-8")
    pages = pypdf.PdfReader(write_pdf(source, tmp_path / "report.pdf")).pages
    assert all("Infant inf-01. For research use only." in " ".join(page.extract_text().split()) for page in pages)


def test_without_browser_and_weasyprint_one_sentence_says_what_is_needed(
    html: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    source = tmp_path / "report.html"
    source.write_text(html, encoding="utf-8")
    with pytest.raises(InputError, match="expected Chromium or Chrome on the search path, or the package weasyprint"):
        write_pdf(source, tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()
