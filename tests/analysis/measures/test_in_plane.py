"""Tracks in pixels only: what is given in trunk lengths, and that it agrees with millimetres where these are known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.cleaning.plane import IN_PLANE, TRUNK_MM
from asyconv.analysis.measures.plausible import LENGTHS_MM
from asyconv.analysis.measures.registry import Result
from asyconv.analysis.report.first_page import first_page
from asyconv.analysis.report.methods import methods_text
from asyconv.analysis.report.strips import limb_strips
from asyconv.analysis.tables.for_people import for_people
from asyconv.analysis.tables.movement import Movement
from asyconv.tracks import Tracks
from tests.helpers.closed_form import hide, make_tracks, shake, without_mm

TRUNK_OF_THE_TRACKS_MM = 120.0
MOTION = {"right_wrist": shake(30, 1.0), "left_ankle": shake(25, 0.7)}


def zoomed(tracks: Tracks, by: float) -> Tracks:
    """The same infant in a picture `by` times as large."""
    meta = {**tracks.meta, "width_px": round(640 * by), "height_px": round(480 * by)}
    return replace(tracks, x_px=tracks.x_px * np.float32(by), y_px=tracks.y_px * np.float32(by), meta=meta)


def by_name(movement: Movement) -> dict[tuple[str, str], Result]:
    return {(r.measure.name, r.part): r for r in movement.results}


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return make_tracks(64, motion=MOTION, noise_mm=0.4)


@pytest.fixture(scope="module")
def in_pixels(tracks: Tracks) -> Movement:
    return analyse(without_mm(tracks))


def test_pixels_give_what_millimetres_give_in_trunk_lengths(tracks: Tracks, in_pixels: Movement) -> None:
    known, plane = by_name(analyse(tracks)), by_name(in_pixels)
    for name, part in (("moving_pct", "right_arm"), ("bouts_per_min", "left_leg"), ("elbow_rom_deg", "right_arm")):
        assert plane[name, part].value == pytest.approx(known[name, part].value, rel=0.05, abs=1), name
    for mm, tl in (("speed_median_mm_s", "speed_median_tl_s"), ("path_active_mm_per_min", "path_active_tl_per_min")):
        expected = (known[mm, "right_arm"].value or 0) / TRUNK_OF_THE_TRACKS_MM
        assert plane[tl, "right_arm"].value == pytest.approx(expected, rel=0.03)
        assert plane[tl, "right_arm"].measure.unit.startswith("TL")
        assert (mm, "right_arm") not in plane
    assert plane["speed_median_tl_s", "right_arm"].reason == IN_PLANE
    assert plane["elbow_sampen_angle", "right_arm"].value is not None


def test_shares_are_lower_bounds_because_movement_towards_the_camera_is_not_seen() -> None:
    def nearer(time_s: np.ndarray) -> np.ndarray:
        return shake(6, 1.0)(time_s)[:, [1, 2, 0]]  # up to 38 mm/s in space, 10 mm/s across the picture

    share = by_name(analyse(without_mm(make_tracks(64, motion={"right_wrist": nearer}))))["moving_pct", "right_arm"]
    assert share.lower_bound
    assert share.value == 0


def test_the_size_of_the_picture_changes_nothing(tracks: Tracks, in_pixels: Movement) -> None:
    larger = by_name(analyse(zoomed(without_mm(tracks), 3.0)))
    for key, result in by_name(in_pixels).items():
        if result.value is None:
            assert larger[key].value is None, key
        elif result.measure.name in ("moving_pct", "speed_median_tl_s", "elbow_rom_deg", "speed_floor_tl_s"):
            assert larger[key].value == pytest.approx(result.value, rel=0.01, abs=0.01), key


def test_what_needs_depth_is_withheld_and_tables_have_no_millimetres(in_pixels: Movement) -> None:
    plane = by_name(in_pixels)
    for name in ("bone_cv_pct", "lift_p95_tl", "ellipse_area_cm2", "curvature_median_1_m"):
        assert plane[name, "right_arm"].reason == "no camera intrinsics, so no millimetres", name
    long = in_pixels.features_long
    assert not long.filter(pl.col("value").is_not_null() & pl.col("unit").str.contains("mm|cm|1/m$")).height
    assert in_pixels.limb_series["z_tl"].null_count() == in_pixels.limb_series.height
    assert in_pixels.limb_series["x_tl"].null_count() < in_pixels.limb_series.height
    shown = for_people(in_pixels.limb_summary, "limb")
    assert {"moving_pct", "speed_median_tl_s", "path_active_tl_per_min"} <= set(shown.columns)
    assert not any("_mm" in name for name in shown.columns)
    assert shown["lower_bound"].to_list() == ["moving_pct; path_active_tl_per_min"] * 4
    page = first_page(in_pixels)
    assert any("trunk lengths" in sentence for sentence in page["doubts"])
    assert any("TL/s" in amount.detail for _, amount, _, _ in page["limbs"])


def test_the_report_marks_bouts_and_says_what_its_ruler_is(in_pixels: Movement) -> None:
    strips = limb_strips(in_pixels)
    assert "bars mark bouts" in strips.summary
    assert "right arm: moving (%)" in ([] if strips.table is None else strips.table.columns)
    assert methods_text(in_pixels)[-1].startswith("Without millimetres there are no heights. The median trunk is the")


def test_without_a_trunk_there_is_no_ruler(tracks: Tracks) -> None:
    flat = without_mm(tracks)
    for joint in ("right_hip", "left_hip"):
        flat = hide(flat, joint, 0, len(flat.time_s))
    movement = analyse(flat)
    assert not movement.clean.in_plane
    assert by_name(movement)["moving_pct", "right_arm"].value is None


def test_of_33_s_bounds_are_given_and_the_report_says_so(tracks: Tracks) -> None:
    short = analyse(without_mm(make_tracks(33, motion=MOTION, noise_mm=0.4)))
    results = by_name(short)
    assert results["moving_pct", "right_arm"].reason == "33 s analysed, needs 60 s"
    assert 40 < (results["moving_least_pct", "right_arm"].value or 0.0) < 70
    most = results["moving_most_pct", "right_arm"]
    assert (most.value, most.reason) == (None, "small movements may be lost, so that rest is not known")
    assert results["path_least_tl_per_min", "right_arm"].value is not None
    (sentence,) = first_page(short)["moved"]
    assert sentence.endswith("of the whole time; too little was seen for one number.")


def test_the_ruler_is_a_plausible_trunk() -> None:
    assert LENGTHS_MM["trunk"][0] < TRUNK_MM < LENGTHS_MM["trunk"][1]
