"""Left and right exchanged: what was swapped by hand is found and given back, crossing limbs are left alone."""

from dataclasses import replace

import numpy as np

from asyconv.analysis.cleaning import clean as c
from asyconv.analysis.cleaning import flags as f
from asyconv.analysis.cleaning.rejections import undo_swaps
from asyconv.analysis.cleaning.swaps import find_swaps
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import make_tracks, shake

ARMS = [JOINTS.index(name) for name in ("right_elbow", "right_wrist", "left_elbow", "left_wrist")]
ROOTS = [JOINTS.index(name) for name in ("right_shoulder", "left_shoulder")]


def positions(seconds: float = 20) -> np.ndarray:
    tracks = make_tracks(seconds, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.5)
    return np.stack([tracks.x_px, tracks.y_px], axis=-1).astype(float)


def exchanged(xy: np.ndarray, start: int, stop: int, joints: list[int]) -> np.ndarray:
    out = xy.copy()
    half = len(joints) // 2
    out[start:stop, joints] = xy[start:stop, joints[half:] + joints[:half]]
    return out


def test_an_exchange_there_and_back_is_undone() -> None:
    true = positions()
    found = find_swaps(exchanged(true, 100, 110, ARMS), 30.0, 40.0)
    np.testing.assert_array_equal(np.flatnonzero(found.undo[:, ARMS].any(axis=1)), np.arange(100, 110))
    assert not found.undo[:, [j for j in range(12) if j not in ARMS]].any()
    assert not found.doubtful.any()
    np.testing.assert_array_equal(found.apply(exchanged(true, 100, 110, ARMS)), true)


def test_shoulders_go_back_with_the_arm_where_they_were_exchanged_too() -> None:
    true = positions()
    bad = exchanged(exchanged(true, 100, 110, ARMS), 100, 110, ROOTS)
    np.testing.assert_array_equal(find_swaps(bad, 30.0, 40.0).apply(bad), true)


def test_a_change_without_its_way_back_is_only_marked() -> None:
    true = positions()
    bad = exchanged(true, 300, len(true), ARMS)
    found = find_swaps(bad, 30.0, 40.0)
    assert not found.undo.any()
    assert np.flatnonzero(found.doubtful[:, ARMS].all(axis=1)).tolist() == [299, 300]


def test_hands_that_cross_are_no_swap() -> None:
    true = positions()
    right, left = JOINTS.index("right_wrist"), JOINTS.index("left_wrist")
    way = np.linspace(-1, 1, 60)[:, None]
    middle, half = true[0, [right, left]].mean(axis=0), (true[0, left] - true[0, right]) / 2
    true[200:260, right], true[200:260, left] = middle + way * half, middle - way * half
    true[260:, right], true[260:, left] = middle + half, middle - half
    found = find_swaps(true, 30.0, 40.0)
    assert not found.undo.any()
    assert not found.doubtful.any()


def test_cleaning_undoes_it_in_pixels_and_millimetres_and_says_so() -> None:
    tracks = make_tracks(60, motion={"right_wrist": shake(20, 1.0)})
    for name in ("x_px", "y_px", "x_mm", "y_mm", "z_mm"):
        values = getattr(tracks, name)
        values[100:110, ARMS] = values[100:110, ARMS[2:] + ARMS[:2]]
    cleaned = c.clean(tracks)
    log = {step.name: step.changed for step in cleaned.steps}
    assert log["left-right swaps"] == 40
    assert (cleaned.flags[100:110, ARMS] & f.SWAPPED > 0).all()
    clean = c.clean(make_tracks(60, motion={"right_wrist": shake(20, 1.0)}))
    np.testing.assert_array_equal(cleaned.gated_px, clean.gated_px)
    np.testing.assert_array_equal(cleaned.gated_mm, clean.gated_mm)


def test_confidence_goes_back_to_its_side_with_the_joint() -> None:
    tracks = make_tracks(20)
    right, left = JOINTS.index("right_wrist"), JOINTS.index("left_wrist")
    tracks.confidence[:, left] = 0.55
    at, _ = c.on_time_base(tracks, None)
    px, confidence = (exchanged(values, 100, 110, ARMS) for values in (at.px, at.confidence))
    back, _ = undo_swaps(replace(at, px=px, confidence=confidence), apart_min_px=40.0)
    np.testing.assert_array_equal(back.confidence[:, [right, left]], at.confidence[:, [right, left]])
