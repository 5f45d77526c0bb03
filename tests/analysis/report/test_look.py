"""The page of frames with the skeleton: marks where the joints are, offline, never unasked, noted in the audit."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.analysis.report.look import Looked, render_look
from asyconv.night.audit import AUDIT
from asyconv.skeleton import JOINTS
from tests.helpers.browser import becomes, opened, serious
from tests.helpers.closed_form import hide, make_tracks
from tests.helpers.commands import invoke
from tests.helpers.result_folders import write_result
from tests.helpers.sloped_wall import wall


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A result folder and its recording, 3 s."""
    root = tmp_path_factory.mktemp("look")
    folder, recording = root / "results" / "rec-1", wall(root / "r.mkv", 90)
    tracks = hide(make_tracks(3.0, noise_mm=0.5, simulated=False, recording_id="rec-1"), "left_wrist", 40, 60)
    confidence = tracks.confidence.copy()
    confidence[:, JOINTS.index("right_knee")] = 0.7
    confidence[:, JOINTS.index("left_ankle")] = 0.3
    write_result(folder, replace(tracks, confidence=confidence), recording)
    return folder, recording


@pytest.fixture(scope="module")
def html(made: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    page = tmp_path_factory.mktemp("page") / "look.html"
    done = invoke("look", made[0], "--depth", made[1], "-o", page)
    assert (done.exit_code, done.stdout) == (0, f"{page}\n"), done.output
    return page.read_text(encoding="utf8")


def test_it_says_first_that_it_shows_the_infant_and_the_audit_notes_it(html: str, made: tuple[Path, Path]) -> None:
    assert html.index("<h1>") < html.index("This page shows the infant.") < html.index("<h2>")
    notes = [json.loads(line) for file in (made[0].parent / AUDIT).iterdir() for line in file.read_text().splitlines()]
    assert [(note["event"], note["recording_id"]) for note in notes] == [("depth shown in a page", "rec-1")]


def test_marks_lie_where_the_tracks_say_in_colour_and_shape() -> None:
    tracks = hide(make_tracks(0.1), "left_wrist", 0, 3)
    confidence = np.full_like(tracks.confidence, 0.95)
    confidence[:, JOINTS.index("right_knee")], confidence[:, JOINTS.index("left_hip")] = 0.7, np.nan
    tracks = replace(tracks, confidence=confidence)
    html = render_look([Looked(tracks, dict.fromkeys(("spread", "uncertain", "fastest", "lost"), np.array([1])),
                               np.array([1]), {1: b"x"})])  # fmt: skip
    figure = html[html.index("<main>") :].split("<figure")[1]
    circles = re.findall(r'<circle class="joint sure" cx="([\d.]+)" cy="([\d.]+)"[^>]*><title>([a-z ]+?) 95 %', figure)
    assert len(circles) == 9
    for x, y, name in circles:
        joint = JOINTS.index(name.replace(" ", "_"))
        assert [float(x), float(y)] == pytest.approx([tracks.x_px[1, joint], tracks.y_px[1, joint]], abs=0.051)
    assert re.findall(r'<path class="joint fair"[^>]*><title>([^<]+)', figure) == ["right knee 70 %"]
    assert re.findall(r'<rect class="joint unsure"[^>]*><title>([^<]+)', figure) == ["left hip"]
    assert "Unsure: left hip. Not found: left wrist 95 %." in figure
    assert figure.count('class="bone left"') == 3
    assert figure.count('class="bone right"') == 4


def test_it_asks_no_network_and_axe_finds_nothing_serious(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html, tmp_path) as seen:
        assert not seen.errors
        assert not seen.asked_of_a_network
        assert serious(seen.page) == []


def test_the_slider_goes_through_the_stretch_by_keyboard(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html, tmp_path) as seen:
        page = seen.page
        slider, shown = page.locator(".stretch input"), page.locator(".stretch figure:visible figcaption")
        assert shown.count() == 1
        assert shown.inner_text().startswith("Frame 1,")
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert shown.inner_text().startswith("Frame 11,")
        button = page.locator(".stretch button")
        button.press("Enter")
        assert button.inner_text() == "Pause"
        assert becomes(page, lambda: int(slider.input_value()) > 2)
        button.press("Enter")


def test_without_a_script_every_chosen_frame_is_there(chromium: Any, html: str, tmp_path: Path) -> None:
    with opened(chromium, html, tmp_path, script=False) as seen:
        assert seen.page.get_by_text("The slider needs JavaScript").is_visible()
        assert seen.page.locator(".frames figure:visible").count() == html.split('<div class="frames">', 1)[1].count(
            "<figure>"
        )


def test_what_it_refuses_in_one_sentence(made: tuple[Path, Path], tmp_path: Path) -> None:
    folder, recording = made
    other = wall(tmp_path / "other.mkv", 90, level=800)
    short = wall(tmp_path / "short.mkv", 50)
    page = tmp_path / "a.html"
    for arguments, said in (
        ((folder, "--depth", other, "-o", page), "found another (its SHA-256)"),
        ((folder, "--depth", short, "-o", page), "with frame 51, found no such frame"),
        ((folder, folder, "--depth", recording, "-o", page), "expected the recording of each result"),
        ((folder, "--depth", recording, "-o", tmp_path / "a.pdf"), "expected a name that ends in .html"),
        ((folder, "--depth", recording, "-o", folder / "a.html"), "expected a place outside the results"),
        ((folder, "--depth", recording, "-o", recording / "a.html"), "the page cannot be written here"),
        ((folder, "--depth", tmp_path / "none", "-o", page), "expected a recording, found nothing"),
    ):
        done = invoke("look", *arguments)
        assert done.exit_code == 1
        assert said in done.stderr
        assert "Traceback" not in done.output
        assert len(done.stderr.splitlines()) == 1
    assert not page.exists()
    assert not (folder / "a.html").exists()
