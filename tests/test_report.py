"""The report: one offline file that says first what may be trusted, whatever is in its input."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.clean import Event
from asyconv.analysis.measures import REGISTRY
from asyconv.analysis.movement import Movement
from asyconv.analysis.plots import pictures, write_figures
from asyconv.analysis.report import number, render, write_report
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.tracks import Tracks
from tests.closed_form import from_mm, hide, make_tracks, shake, without_mm

FORBIDDEN = ("normal", "abnormal", "risk", "score")


class Page(HTMLParser):
    """Tags in order, attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs
        self.hidden = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        """Show text again."""
        self.hidden = False

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        self.text += "" if self.hidden else data


def tracks(**meta: Any) -> Tracks:
    return make_tracks(90, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2, **meta)


@pytest.fixture(scope="module")
def movement() -> Movement:
    partly = hide(tracks(warnings=["the file is cut off: 2700 whole frames were used"]), "left_ankle", 300, 1500)
    return analyse(partly, [Event(10.0, 12.0, "handling", "care")])


@pytest.fixture(scope="module")
def html(movement: Movement) -> str:
    return render([movement])


def test_it_is_one_offline_file_without_script(html: str) -> None:
    page = Page(html)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert not re.search(r"https?://|//[a-z]+\.", html)
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert sources
    assert all(source and source.startswith("data:image/png;base64,") for source in sources)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html
    assert len(html) < 1_500_000


def test_trust_comes_before_every_number_and_notices_are_there(html: str) -> None:
    text = Page(html).text
    assert text.index("Can I trust this?") < text.index("Key numbers")
    assert text.count(NOTICE) == 2
    assert "weights trained on simulated infants" in text
    assert "simulated_only" in text
    assert "Simulated recording" in text
    assert "Amounts of movement are withheld for: left leg." in text
    assert "coverage 57 %, needs 70 %" in text  # 1500 of 2640 samples outside the event
    assert "the file is cut off: 2700 whole frames were used" in text


def test_no_verdict_words(html: str) -> None:
    words = re.findall(r"[a-z]+", Page(html).text.replace(NOTICE, "").lower())
    assert not set(FORBIDDEN) & set(words)


def test_headings_are_in_order_and_pictures_have_text(html: str) -> None:
    page = Page(html)
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in zip(levels[:-1], levels[1:], strict=True))
    assert ("lang", "en") in page.attributes
    assert page.tags.count("img") == page.tags.count("figcaption") == 3
    assert all(value for name, value in page.attributes if name == "alt")


def test_two_builds_are_byte_identical(movement: Movement, html: str, tmp_path: Path) -> None:
    path = write_report(movement, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == html


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "x" * 200, "\u202etfel", "{{ 7*7 }}"]
)
def test_hostile_text_stays_text(hostile: str) -> None:
    page = Page(
        render([analyse(tracks(infant_id=hostile, recording_id=hostile, warnings=[hostile], model_name=hostile))])
    )
    assert "script" not in page.tags
    assert page.tags.count("img") == 3
    assert page.text.count(hostile) >= 4


def test_several_recordings_of_one_infant_share_a_file() -> None:
    pair = [analyse(tracks(recording_id="rec-a")), analyse(tracks(recording_id="rec-b", simulated=False))]
    text = Page(render(pair)).text
    assert "2 recordings" in text
    assert text.index("Recording rec-a") < text.index("Recording rec-b")
    assert text.count("Can I trust this?") == 2


def test_recordings_of_different_or_unnamed_infants_are_refused() -> None:
    one, other, unnamed = (analyse(tracks(infant_id=name)) for name in ("a", "b", None))
    for movements in ([], [one, other], [unnamed, unnamed]):
        with pytest.raises(InputError, match="report: expected"):
            render(movements)
    assert "Infant not named" in Page(render([unnamed])).text


def test_a_recording_in_which_nothing_was_found_says_so_first() -> None:
    text = Page(render([analyse(from_mm(np.arange(2700) / 30, np.full((2700, 12, 3), np.nan)))])).text
    assert "No infant was found in this recording. Every measure is withheld." in text


def test_without_intrinsics_the_reason_is_printed() -> None:
    text = Page(render([analyse(without_mm(tracks(left_right_verified=False)))])).text
    assert "no camera intrinsics, so no millimetres" in text
    assert "not verified: orientation or mirroring of the camera is assumed" in text
    assert "Some angles are measured in the picture plane" in text


def test_bare_metadata_leave_nothing_but_not_stated() -> None:
    text = Page(render([analyse(replace(tracks(), meta={"schema_version": 1}))])).text
    assert "None" not in text
    assert "640" not in text
    assert "not stated" in text


def test_lower_bounds_carry_the_sign() -> None:
    text = Page(render([analyse(make_tracks(90, motion={"right_wrist": shake(30, 1.0)}, noise_mm=1.6))])).text
    assert "lower bounds" in text
    assert re.search("\N{GREATER-THAN OR EQUAL TO}\N{NARROW NO-BREAK SPACE}[0-9]", text)


def test_numbers_are_written_for_readers() -> None:
    path, moving = (next(m for m in REGISTRY if m.name == name) for name in ("path_active_mm_per_min", "moving_pct"))
    assert number(12345.6, path) == "12\N{NARROW NO-BREAK SPACE}346"
    assert number(-12.34, moving) == "\N{MINUS SIGN}12.3"
    assert number(-0.01, moving) == "0"


def test_pictures_are_png_with_their_data_beside_them(movement: Movement, tmp_path: Path) -> None:
    write_figures(movement, tmp_path / "figures")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {f"{p.name}.{kind}" for p in pictures(movement) for kind in ("png", "csv")}
    assert all(p.png.startswith(b"\x89PNG") and p.summary for p in pictures(movement))
    strips = pictures(movement)[0].data
    assert strips.height <= 4 * 1500
    assert strips["speed_max"].max() == pytest.approx(np.nanmax(movement.limbs["right_arm"].speed_mm_s))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_track_of_a_few_frames_is_reported_without_numbers(n: int) -> None:
    text = Page(render([analyse(make_tracks(n / 30))])).text
    assert "withheld for all limbs" in text
