"""Speed noise: how far speeds err across a movement, and paths without what this adds to them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asyconv.analysis import analyse
from asyconv.analysis.evaluation.speed_noise import errors_across, speed_noise_sds
from asyconv.analysis.formulas.kinematics import derivative, freed
from asyconv.analysis.tables.movement import Movement
from tests.helpers.closed_form import hide, make_tracks, shake
from tests.helpers.found_results import value


def moving(sideways_mm: float, **meta: Any) -> Movement:
    """A wrist that swings along x for 5 s in every 10, and is found beside its way while it does."""
    swing, beside = shake(20, 0.5), shake(sideways_mm, 2.0)
    motion = {"right_wrist": lambda time_s: swing(time_s) + beside(time_s)[:, [1, 0, 2]]}
    return analyse(make_tracks(120, motion=motion, **meta))


def path(movement: Movement) -> float:
    return value(movement, "path_active_mm_per_min", "right_arm")


def test_only_what_lies_across_the_true_movement_is_an_error_across() -> None:
    true = moving(0.0).limbs["right_arm"]
    time_s = np.arange(len(true.position_mm))[:, None] / 30
    drifting = replace(true, position_mm=true.position_mm + time_s * [7.0, 3.0, 4.0])
    middle = np.abs(derivative(true.position_mm, 30.0)[true.moving, 0]) > 1.0  # where it turns nothing lies along x
    across = errors_across(true, drifting, 30.0)[middle]
    assert across == pytest.approx(5 / true.speed_sd_mm_s[true.moving][middle], rel=1e-3)
    assert speed_noise_sds([], 30.0) is None
    assert freed(np.array([5.0, 2.0]), 3.0).tolist() == [4.0, 0.0]


def test_a_path_without_its_noise_is_nearer_to_the_truth() -> None:
    true, noisy = moving(0.0), moving(2.0)
    sds = speed_noise_sds([(true.limbs, noisy.limbs)], 30.0)
    assert sds is not None
    without = moving(2.0, speed_noise_sds=sds)
    assert path(noisy) > 1.1 * path(true)
    assert abs(path(without) / path(true) - 1) < 0.5 * (path(noisy) / path(true) - 1)


def test_where_the_error_of_a_speed_is_not_known_no_noise_is_taken_off() -> None:
    swing = {"right_wrist": shake(20, 0.5)}
    tracks = hide(make_tracks(120, motion=swing, speed_noise_sds=0.3), "right_shoulder", 0, 1500)  # the trunk stands in
    movement = analyse(tracks)
    arm = movement.limbs["right_arm"]
    assert (arm.valid & ~np.isfinite(arm.speed_sd_mm_s)).any()
    assert np.isfinite(arm.speed_noise_mm_s).all()
    assert all(np.isfinite(r.error_sd) for r in movement.results if r.error_sd is not None)
