"""The worst frames: what a wrong joint costs, and which frames are shown."""

from io import BytesIO

import numpy as np
from PIL import Image

from asyconv.analysis.evaluation.worst_frames import cost_map, worst_frames, worst_frames_png


def test_a_missed_and_an_invented_joint_cost_8_px_and_a_misplaced_one_its_distance() -> None:
    truth = np.zeros((1, 3, 12, 2))
    visible = np.ones((1, 3, 12), bool)
    known = np.ones_like(visible)
    predicted = truth.copy()
    predicted[0, 0, 0, 0] = 3.0
    predicted[0, 0, 1, 0] = 100.0
    predicted[0, 1, :2] = np.nan
    visible[0, 1, 1] = False  # rightly not given
    visible[0, 2, 5] = False  # invented
    np.testing.assert_allclose(cost_map(predicted, truth, visible, known)[0], [11 / 12, 8 / 12, 8 / 12])
    known[0, 2, 5] = False
    known[0, 0] = False
    np.testing.assert_allclose(cost_map(predicted, truth, visible, known)[0], [0.0, 8 / 12, 0.0])


def test_the_worst_frame_of_each_of_the_worst_clips_is_shown() -> None:
    cost = np.array([[0.0, 1.0, 0.5], [3.0, 2.0, 2.9], [0.1, 0.0, 0.0], [0.0, 0.0, 2.0]])
    assert worst_frames(cost, 3) == [(1, 0), (3, 2), (0, 1)]
    assert len(worst_frames(cost, 24)) == 4


def test_the_picture_shows_both_skeletons_and_marks_what_is_missed_and_invented() -> None:
    rng = np.random.default_rng(3)
    depth_mm = np.full((1, 3, 96, 128), 600.0)
    truth = rng.uniform(20, 70, (1, 3, 12, 2))
    every = np.ones((1, 3, 12), bool)

    def colours(predicted: np.ndarray, visible: np.ndarray) -> tuple[int, int]:
        png = worst_frames_png(depth_mm, predicted, truth, visible, every, "test")
        pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
        blue, orange = ((np.abs(pixels - colour).max(axis=-1) < 8).sum() for colour in ([0, 184, 255], [255, 157, 0]))
        return int(blue), int(orange)

    none = np.full_like(truth, np.nan)
    missed_blue, missed_orange = colours(none, every)
    assert missed_blue > 0
    assert missed_orange == 0
    invented_blue, invented_orange = colours(truth, ~every)
    assert invented_blue == 0
    assert invented_orange > 0
