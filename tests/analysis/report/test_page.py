"""The report: one offline file that says first what may be trusted, whatever is in its input."""

import re
import time
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.measures.registry import REGISTRY
from asyconv.analysis.report.number_tables import number
from asyconv.analysis.report.page import render, write_report
from asyconv.analysis.report.trust import trust, withheld
from asyconv.analysis.tables.movement import Movement
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from tests.helpers.closed_form import from_mm, hide, make_tracks, shake, without_mm
from tests.helpers.found_results import find
from tests.helpers.hostile_text import IN_REPORT
from tests.helpers.html_page import Page
from tests.helpers.infant_report import tracks

FORBIDDEN = ("normal", "abnormal", "risk", "score")


def test_it_is_one_offline_file_whose_only_script_is_named_by_its_hash(html: str) -> None:
    page = Page(html)
    assert page.count("script") == 1
    assert page.count("link") == 0
    assert not re.search(r"https?://|//[a-z]+\.", html)
    sources = [value for name, value in page.attributes if name in ("src", "href")]
    assert sources
    assert all(source and source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    (script,) = page.scripts
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'\"" in html
    assert len(script) < 10_000
    assert len(html) < 1_500_000


def test_trust_comes_before_every_number_and_notices_are_there(html: str) -> None:
    text = Page(html).text
    assert text.index("What to doubt") < text.index("Can I trust this?") < text.index("Key numbers")
    assert text.index("For research use only. Not a medical device.") < text.index("What moved")
    assert text.count(NOTICE) == 1
    assert "weights trained on simulated infants" in text
    assert "simulated_only" in text
    assert "Simulated recording" in text
    # 1500 of 2640 samples outside the event
    assert "Amounts of movement are withheld for: left leg (coverage 57 %, needs 70 %)." in text
    assert "the file is cut off: 2700 whole frames were used" in text


def test_each_withheld_core_value_stands_under_its_reason() -> None:
    tracks_6hz = make_tracks(90, fs_hz=6, motion={"right_wrist": shake(20, 0.5)}, noise_mm=0.2)
    movement = analyse(hide(tracks_6hz, "left_ankle", 60, 300))
    listed = dict(withheld(movement))
    core = [r for r in movement.results if r.measure.tier == "core" and r.part == "left_leg"]
    lost = [r for r in core if r.reason == "coverage 56 %, needs 70 %"]
    assert listed["coverage 56 %, needs 70 %"] == f"left leg: {len(lost)} of {len(core)} core measures"
    assert listed["effective rate 6 Hz, needs 25 Hz"].endswith(": Smoothness of bouts (LDLJ)")
    empty = [r for r in movement.results if r.value is None]
    further = [r for r in empty if r.measure.tier != "core" or r.measure.scope == "joint"]
    assert listed["in the tables only"].startswith(f"{len(further)} further values")


def test_no_verdict_words(html: str) -> None:
    shown = html[html.index("<body>") : html.index("<script>")].replace(NOTICE, "")
    words = re.findall(r"[a-z]+", re.sub(r"<[^>]*>", " ", shown).lower())  # cells stay apart
    assert "outliers" in words
    assert not set(FORBIDDEN) & set(words)


def test_headings_are_in_order_and_pictures_have_text(html: str) -> None:
    page = Page(html)
    assert page.headings[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(page.headings))
    assert page.all("html") == [{"lang": "en"}]
    assert page.count("img") == 6
    assert page.count("figcaption") == 7  # the picture of the first page is drawn by the page itself
    assert sum(name == "role" and value == "img" for name, value in page.attributes) == 4 + 1  # lanes and the player
    assert all(value for name, value in page.attributes if name == "alt")


def test_two_builds_are_byte_identical(movement: Movement, html: str, tmp_path: Path) -> None:
    path = write_report(movement, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == html


@pytest.mark.parametrize("hostile", IN_REPORT)
def test_hostile_text_stays_text(hostile: str) -> None:
    said = dict.fromkeys(("infant_id", "recording_id", "model_name"), hostile)
    page = Page(render([analyse(tracks(warnings=[hostile], **said))]))
    assert page.count("script") == 1
    assert page.count("img") == 6
    assert page.text.count(hostile) >= 6


def stated(movement: Movement, **meta: Any) -> Movement:
    """The same movement, of which something else is stated."""
    return replace(movement, meta={**movement.meta, **meta})


def test_several_recordings_of_one_infant_share_a_file(movement: Movement) -> None:
    pair = [stated(movement, recording_id="rec-a"), stated(movement, recording_id="rec-b", simulated=False)]
    text = Page(render(pair)).text
    assert "2 recordings" in text
    assert text.index("Recording rec-a") < text.index("Recording rec-b")
    assert text.count("Can I trust this?") == 2
    assert text.count("Watch it move") == 2


def test_recordings_of_different_or_unnamed_infants_are_refused(movement: Movement) -> None:
    one, other, unnamed = (stated(movement, infant_id=name) for name in ("a", "b", None))
    for movements in ([], [one, other], [unnamed, unnamed]):
        with pytest.raises(InputError, match="report: expected"):
            render(movements)
    assert "Infant not named" in Page(render([unnamed])).text


def test_a_recording_in_which_nothing_was_found_says_so_first() -> None:
    page = Page(render([analyse(from_mm(np.arange(2700) / 30, np.full((2700, 12, 3), np.nan)))]))
    box = page.text[page.text.index("What moved") :]
    assert box.index("No infant was found in this recording. Every measure is withheld.") < 30
    assert "A joint was looked for 32400 times (12 joints in 2700 frames): each time it was not found." in box
    assert page.count("script") == page.count("img") == 0
    assert "There are no key numbers and no pictures: nothing was seen." in page.text


def test_joints_that_only_flash_up_are_counted_as_found_too_rarely() -> None:
    xyz_mm = np.full((2700, 12, 3), np.nan)
    xyz_mm[::10] = [0.0, 0.0, 500.0]
    text = Page(render([analyse(from_mm(np.arange(2700) / 30, xyz_mm))])).text
    lost = "found too rarely or with too little confidence around that time."
    assert f"29160 times it was not found, 3240 times it was {lost}" in text


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


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_track_of_a_few_frames_is_reported_without_numbers(n: int) -> None:
    for tracks_of_few in (make_tracks(n / 30), without_mm(make_tracks(n / 30))):
        assert "withheld for all limbs" in Page(render([analyse(tracks_of_few)])).text


def test_ages_stand_in_the_head_in_weeks_and_days(html: str) -> None:
    text = Page(render([analyse(tracks(), sheet={"pma_days": 221, "ga_birth_days": 204})])).text
    assert text.index("31+4 weeks") < text.index("29+1 weeks") < text.index("Can I trust this?")
    assert "not stated" in Page(html).text[:1000]


def test_key_numbers_carry_n_and_every_value_its_place(movement: Movement, html: str) -> None:
    text = Page(html).text
    key = text[text.index("Key numbers") : text.index("Movement strips")]
    moving = find(movement, "moving_pct", "right_arm")
    assert f"{moving.value:.1f} n {moving.n}" in key
    assert "Elbow / knee range" in key
    assert "Shoulder elevation / hip range" in key


def test_events_are_listed_with_their_reason_as_text(movement: Movement) -> None:
    page = Page(render([replace(movement, events=(Event(10.0, 12.0, "handling", "<b>care</b>"),))]))
    assert "10.0 to 12.0 s: handling (<b>care</b>); left out of every number" in page.text


def test_methods_say_what_was_done_to_this_recording() -> None:
    slow, quick = (Page(render([analyse(make_tracks(90, fs_hz=fs_hz))])).text for fs_hz in (6, 30))
    assert "keeps movement up to 2 Hz" in slow
    assert "bouts shorter than 0.5 s dropped" in slow
    assert "keeps movement up to 4 Hz" in quick
    assert "bouts shorter than 0.2 s dropped" in quick
    assert "those of an SD above 2.5 times that of a sure one nothing" in quick
    assert "robust least squares; its band is that of a Butterworth filter" in quick
    assert "A gap of at most 1 s was bridged" in quick
    assert "nothing is filled in" not in quick


def test_three_minutes_of_restless_noise_stay_small_and_quick() -> None:
    rng = np.random.default_rng(1)

    def restless(time_s: Any) -> Any:
        bumps = [np.exp(-(((time_s - at) / 0.4) ** 2)) for at in np.cumsum(rng.uniform(1, 5, 60))]
        return 30 * np.stack(bumps, axis=1) @ rng.normal(size=(60, 3))

    ends = [f"{side}_{joint}" for side in ("right", "left") for joint in ("wrist", "ankle")]
    movement = analyse(make_tracks(180, motion=dict.fromkeys(ends, restless), noise_mm=1))
    before = time.process_time()
    size = len(render([movement]).encode())
    assert time.process_time() - before < 3  # seconds of CPU; 1.4 on the machine that this was written on
    assert size < 1_500_000


def test_coverage_in_the_report_is_a_share_of_the_time_and_not_of_the_epochs() -> None:
    tracks = hide(make_tracks(215, noise_mm=0.2), "left_ankle", 0, 3700)  # 180 s mostly unseen, 35 s seen
    limbs = {limb["name"]: limb for limb in trust(analyse(tracks))["limbs"]}
    seen = 6450 - 3700
    assert limbs["left leg"]["seen"] == pytest.approx(100 * seen / 6450, abs=0.01)
