"""Where a shoulder or hip is not seen, the trunk stands in: against trunks whose movement is known by hand."""

import numpy as np
import pytest

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.cleaning.depths import ROOTS
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.roots import with_trunk, with_trunk_sd
from asyconv.skeleton import JOINTS
from tests.helpers.closed_form import META, hide, make_tracks, shake, still

FS_HZ = 2.0  # 20 samples are a long gap
RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP, LEFT_HIP = ROOTS


def carried() -> np.ndarray:
    """The still infant [N, 12, 3], carried along a sine and a slope."""
    at = np.arange(60)[:, None]
    path = np.concatenate([3 * np.sin(at / 5), 0.2 * at, 0 * at], axis=1)
    return np.asarray(still(60) + path[:, None])


def test_a_missing_shoulder_goes_where_the_trunk_goes() -> None:
    true = carried()
    seen = true.copy()
    seen[20:40, RIGHT_SHOULDER] = np.nan
    filled, stands_in = with_trunk(seen, FS_HZ)
    np.testing.assert_allclose(filled, true, atol=1e-9)
    assert stands_in.sum() == 20
    assert stands_in[20:40, RIGHT_SHOULDER].all()


def test_it_joins_the_place_where_it_was_last_seen_to_the_place_where_it_is_seen_next() -> None:
    seen = carried()
    seen[40:, RIGHT_SHOULDER, 1] += 21.0
    expected = seen[:, RIGHT_SHOULDER, 1] + np.interp(np.arange(60), [19, 40], [0.0, 21.0]) * (np.arange(60) < 40)
    seen[20:40, RIGHT_SHOULDER] = np.nan
    np.testing.assert_allclose(with_trunk(seen, FS_HZ)[0][:, RIGHT_SHOULDER, 1], expected, atol=1e-9)


def test_roots_that_come_and_go_do_not_move_it() -> None:
    true = carried()
    seen = true.copy()
    seen[10:50, RIGHT_SHOULDER] = np.nan
    seen[15:25, LEFT_HIP] = np.nan
    seen[30:40, LEFT_SHOULDER] = np.nan
    np.testing.assert_allclose(with_trunk(seen, FS_HZ)[0], true, atol=1e-9)


def test_one_that_leaves_the_trunk_does_not_draw_it_along() -> None:
    seen = carried()
    seen[30, LEFT_SHOULDER] += 50.0
    expected = seen[:, RIGHT_SHOULDER].copy()
    seen[20:40, RIGHT_SHOULDER] = np.nan
    np.testing.assert_allclose(with_trunk(seen, FS_HZ)[0][:, RIGHT_SHOULDER], expected, atol=3.0)


def test_one_that_is_never_seen_moves_as_the_trunk_does() -> None:
    true = carried()
    seen = true.copy()
    seen[:, RIGHT_HIP] = np.nan
    filled = with_trunk(seen, FS_HZ)[0][1:-1, RIGHT_HIP]
    np.testing.assert_allclose(np.diff(filled, axis=0), np.diff(true[1:-1, RIGHT_HIP], axis=0), atol=1e-9)
    np.testing.assert_allclose(
        filled[0] - true[1, [RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP]].mean(axis=0), 0, atol=1e-9
    )


def test_short_gaps_stay() -> None:
    seen = carried()
    seen[20:29, RIGHT_SHOULDER] = np.nan
    filled, stands_in = with_trunk(seen, FS_HZ)
    assert not stands_in.any()
    np.testing.assert_array_equal(filled, seen)


def test_one_other_is_no_trunk() -> None:
    seen = carried()
    seen[20:40, [RIGHT_SHOULDER, LEFT_SHOULDER, RIGHT_HIP]] = np.nan
    filled, stands_in = with_trunk(seen, FS_HZ)
    assert not stands_in.any()
    np.testing.assert_array_equal(filled, seen)


def test_its_sd_is_that_of_the_roots_that_are_seen() -> None:
    sd = np.full((2, 12), 9.0)
    sd[:, ROOTS] = [[np.nan, 3.0, 4.0, 5.0], [1.0, 3.0, 4.0, 5.0]]
    stands_in = np.zeros((2, 12), bool)
    stands_in[0, RIGHT_SHOULDER] = True
    out = with_trunk_sd(sd, stands_in)
    assert out[0, RIGHT_SHOULDER] == pytest.approx(np.sqrt(50 / 3))
    assert out[1, RIGHT_SHOULDER] == 1.0
    assert out[0, JOINTS.index("right_wrist")] == 9.0


def test_an_arm_whose_shoulder_is_never_seen_has_its_movement_and_no_angle_at_the_shoulder() -> None:
    tracks = make_tracks(60, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2)
    whole = limb_series(clean(tracks), META)["right_arm"]
    hidden = limb_series(clean(hide(tracks, "right_shoulder", 0, 1800)), META)["right_arm"]
    assert not whole.by_trunk.any()
    assert hidden.by_trunk.mean() > 0.99
    assert not hidden.seen.any()
    assert hidden.moving[hidden.valid].mean() == pytest.approx(whole.moving[hidden.valid].mean(), abs=0.01)
    path = [np.nansum(np.where(arm.moving & hidden.valid, arm.speed_mm_s, 0.0)) for arm in (whole, hidden)]
    assert path[1] == pytest.approx(path[0], rel=0.02)
    assert all(np.isnan(angle).all() for angle in hidden.angles.deg.values())
