"""The still clip: its floor is the RMS speed of the noise, and it is refused where it does not hold."""

import json
from pathlib import Path

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.series.limbs import limb_series, still_floor
from asyconv.analysis.series.still_clip import check_fits, read_still, still_floor_of, write_still
from asyconv.errors import InputError
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks
from asyconv.tracks_file import read_tracks, write_tracks
from tests.helpers.closed_form import make_tracks, shake
from tests.helpers.commands import invoke


def test_the_floor_is_the_rms_speed_of_each_limb_over_all_clips(tmp_path: Path) -> None:
    clips = [make_tracks(20, noise_mm=1.0, seed=seed) for seed in (1, 2)]
    still = still_floor_of(clips)
    for limb in LIMBS:
        power = [np.nanmean(limb_series(clean(clip), clip.meta)[limb].speed_mm_s ** 2) for clip in clips]
        assert still.limbs_mm_s[limb] == pytest.approx(np.sqrt(np.mean(power)), abs=1e-3)
    assert set(still.joints_mm_s) >= {"right_wrist", "left_hip"}
    assert still.seconds == 40
    write_still(still, tmp_path / "still.json")
    assert read_still(tmp_path / "still.json") == still


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ([make_tracks(20, motion={"left_ankle": shake(20, 1.0)})], "left leg moving at 5"),
        ([make_tracks(5)], "seen for 10 s"),
        ([make_tracks(20), make_tracks(20, weights_hash="1" * 64)], "one model and one rate"),
    ],
)
def test_what_is_not_a_still_clip_is_refused(clips: list[Tracks], words: str) -> None:
    with pytest.raises(InputError, match=words):
        still_floor_of(clips)


def test_another_model_or_rate_is_refused(tmp_path: Path) -> None:
    clip = make_tracks(20, noise_mm=0.5)
    still = still_floor_of([clip])
    check_fits(still, clip.meta)
    with pytest.raises(InputError, match="weights hash"):
        check_fits(still, {**clip.meta, "weights_hash": "f" * 64})
    with pytest.raises(InputError, match="rate 6"):
        check_fits(still, {**clip.meta, "rate": "6"})


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": 1}', '{"schema": 2}'])
def test_other_files_are_refused_by_name(text: str, tmp_path: Path) -> None:
    path = tmp_path / "still.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"still\.json: expected a speed floor"):
        read_still(path)
    with pytest.raises(InputError, match="nothing-here"):
        read_still(tmp_path / "nothing-here")


def test_speeds_that_are_none_are_refused(tmp_path: Path) -> None:
    write_still(still_floor_of([make_tracks(20, noise_mm=0.5)]), tmp_path / "still.json")
    stated = json.loads((tmp_path / "still.json").read_text())
    stated["limbs_mm_s"]["right_arm"] = -1.0
    (tmp_path / "still.json").write_text(json.dumps(stated))
    with pytest.raises(InputError, match="above 0 mm/s"):
        read_still(tmp_path / "still.json")


def test_each_limb_takes_its_own_floor() -> None:
    assert still_floor({"still_floor_mm_s": {"right_arm": 7.0}}, "right_arm") == 7.0
    assert still_floor({"still_floor_mm_s": {"right_arm": 7.0}}, "left_arm") is None
    assert still_floor({"still_floor_mm_s": 3.0}, "left_arm") == 3.0
    assert still_floor({}, "left_arm") is None


def test_the_command_measures_and_analyse_uses_it(tmp_path: Path) -> None:
    write_tracks(make_tracks(20, noise_mm=2.0), tmp_path / "still.parquet")
    write_tracks(make_tracks(60, motion={"right_wrist": shake(20, 1.0)}), tmp_path / "tracks.parquet")
    run = invoke("calibrate", tmp_path / "still.parquet", "-o", tmp_path / "still.json")
    assert run.exit_code == 0, run.output
    assert "right arm: " in run.output
    run = invoke("analyse", tmp_path / "tracks.parquet", "-o", tmp_path / "out", "--still", tmp_path / "still.json")
    assert run.exit_code == 0, run.output
    still = read_still(tmp_path / "still.json")
    tracks = read_tracks(tmp_path / "out" / "rec-000000000001" / "tracks.parquet")
    assert tracks.meta["still_floor_mm_s"] == still.limbs_mm_s
    floor = analyse(tracks).limbs["right_arm"].floor
    assert floor.decided_by == "still clip"
    assert floor.value == pytest.approx(still.limbs_mm_s["right_arm"])
