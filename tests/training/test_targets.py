"""Target maps: values checkable by hand, then a per-pixel oracle in plain NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from asyconv.skeleton import CONNECTIONS, FLIP
from asyconv.training.target_sizes import RADIUS_PAPER_MAP, SIGMA_PAPER_MAP, SIGMA_USEFUL_MAP
from asyconv.training.targets import Kind, _dense_targets, draw_targets

NAN = math.nan
KINDS: tuple[Kind, Kind] = ("detection", "regression")


def missing(clips: int = 1, frames: int = 1) -> torch.Tensor:
    return torch.full((clips, frames, 12, 2), NAN)


def oracle(xy: np.ndarray, kind: Kind, radius: float, sigma: float, height: int, width: int) -> np.ndarray:
    """Draw the maps [20, H, W] of one frame, one pixel at a time, straight from the definition."""
    maps = np.zeros((20, height, width))
    for y in range(height):
        for x in range(width):
            p = np.array([x, y], float)
            for j in range(12):
                d2 = ((p - xy[j]) ** 2).sum()
                if d2 <= radius**2:
                    maps[j, y, x] = 1 if kind == "detection" else math.exp(-d2 / (2 * sigma**2))
            for k, (a, b) in enumerate(CONNECTIONS):
                bone = xy[b] - xy[a]
                length = np.hypot(*bone)
                along = (p - xy[a]) @ bone / length
                across = (bone[0] * (p - xy[a])[1] - bone[1] * (p - xy[a])[0]) / length
                if 0 <= along <= length and abs(across) <= radius / 2:
                    maps[12 + k, y, x] = 1 if kind == "detection" else math.exp(-(across**2) / (2 * sigma**2))
    return maps


def test_disc_of_radius_six_holds_113_pixels() -> None:
    xy = missing()
    xy[0, 0, 4] = torch.tensor([60.0, 40.0])
    maps = draw_targets(xy, "detection", disc_radius=6.0)
    assert maps.shape == (1, 20, 1, 96, 128)
    assert maps[0, 4].sum() == 113
    assert maps.sum() == 113  # its connections miss their other joint


def test_rectangle_along_a_row_by_hand() -> None:
    xy = missing()
    xy[0, 0, 0], xy[0, 0, 1] = torch.tensor([20.0, 30.0]), torch.tensor([30.0, 30.0])
    box = draw_targets(xy, "detection", disc_radius=6.0)[0, 12, 0]
    assert box.sum() == 11 * 7  # both ends and 3 px to either side included
    assert box[27:34, 20:31].min() == 1


def test_gaussians_by_hand() -> None:
    xy = missing()
    xy[0, 0, 0], xy[0, 0, 1] = torch.tensor([20.0, 30.0]), torch.tensor([30.0, 30.0])
    maps = draw_targets(xy, "regression", disc_radius=6.0, sigma=2.0)[0, :, 0]
    assert maps[0, 30, 20] == 1
    assert maps[0, 30, 26] == pytest.approx(math.exp(-36 / 8))  # the rim: 0.011
    assert maps[0, 30, 27] == 0
    assert maps[12, 33, 25] == pytest.approx(0.325, abs=5e-4)  # 3 px across
    assert maps[12, 30, 20:31].min() == 1  # no fall along the line
    assert maps[12, 34, 25] == 0


def test_paper_setting_is_a_plateau() -> None:
    xy = missing()
    xy[0, 0, 0] = torch.tensor([20.0, 30.0])
    assert (RADIUS_PAPER_MAP, SIGMA_PAPER_MAP, SIGMA_USEFUL_MAP) == (6.0, 18.0, 2.0)
    maps = draw_targets(xy, "regression", disc_radius=RADIUS_PAPER_MAP, sigma=SIGMA_PAPER_MAP)
    assert maps[0, 0, 0, 30, 26] == pytest.approx(0.946, abs=5e-4)


def test_missing_joint_has_empty_maps_and_connections() -> None:
    xy = torch.rand(2, 3, 12, 2) * 60 + 20
    xy[1, 2, 1] = NAN
    xy[0, 0, 7, 1] = NAN  # half a position is none
    for kind in KINDS:
        maps = draw_targets(xy, kind)
        assert torch.isfinite(maps).all()
        empty = maps.sum((3, 4)) == 0
        expected = torch.zeros_like(empty)
        expected[1, [1, 12, 13], 2] = True
        expected[0, [7, 16, 17], 0] = True
        assert torch.equal(empty, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_the_oracle(kind: Kind) -> None:
    rng = np.random.default_rng(3)
    xy = rng.uniform(-4, 30, (2, 2, 12, 2)).astype(np.float32)
    maps = draw_targets(torch.from_numpy(xy), kind, disc_radius=5.0, sigma=1.7, height=23, width=31).numpy()
    for b in range(2):
        for t in range(2):
            truth = oracle(xy[b, t].astype(float), kind, 5.0, 1.7, 23, 31)
            # a pixel on a region's very border may fall to either side in float32
            differs = np.abs(maps[b, :, t] - truth) > 1e-5
            assert differs.mean() < 1e-3


@pytest.mark.parametrize("sigma", [None, SIGMA_USEFUL_MAP, SIGMA_PAPER_MAP])
def test_windows_draw_what_the_expression_over_every_pixel_draws(sigma: float | None) -> None:
    rng = np.random.default_rng(7)
    kind: Kind = "regression" if sigma else "detection"
    for radius in (1.0, 3.0, 5.3, 6.0):
        near, halves = rng.uniform(-10, 70, (2, 3, 12, 2)), 0.5 * rng.integers(-20, 140, (2, 3, 12, 2))
        xy = torch.from_numpy(np.concatenate((near, halves)).astype(np.float32))
        xy[torch.from_numpy(rng.random((4, 3, 12)) < 0.1)] = NAN
        xy[0, 0, 0], xy[1, 0, 4], xy[2, 0, 7] = torch.tensor([math.inf, 3.0]), torch.tensor([-90.0, 400.0]), xy[2, 0, 6]
        maps = draw_targets(xy, kind, disc_radius=radius, sigma=sigma or 1.0, height=50, width=60)
        dense = _dense_targets(xy, radius, sigma, 50, 60)
        assert torch.equal(maps > 0, dense > 0)
        # the two exponentials may round differently
        torch.testing.assert_close(maps, dense, rtol=1e-6, atol=0)


def test_a_buffer_is_reused_and_keeps_nothing_of_before() -> None:
    first, second = torch.rand(2, 3, 12, 2) * 60 + 20, missing(2, 3)
    out = draw_targets(first, "regression")
    assert draw_targets(second, "regression", out=out) is out
    assert out.count_nonzero() == 0
    with pytest.raises(ValueError, match=r"out must be float32 \(2, 20, 3, 96, 128\) on cpu, channels-last"):
        draw_targets(second, "regression", out=torch.empty(2, 20, 3, 96, 128))


@pytest.mark.parametrize("kind", KINDS)
def test_crop_is_a_window_of_the_whole(kind: Kind) -> None:
    xy = torch.randint(0, 96, (2, 3, 12, 2)).float()
    whole = draw_targets(xy, kind)
    origin = torch.tensor([[30.0, 11.0], [-5.0, 60.0]])
    crop = draw_targets(xy, kind, height=40, width=48, origin_map=origin)
    assert torch.allclose(crop[0], whole[0, :, :, 11:51, 30:78], atol=1e-5)
    assert torch.allclose(crop[1, :, :, :36, 5:], whole[1, :, :, 60:96, :43], atol=1e-5)


def test_memory_layout_is_the_networks() -> None:
    assert draw_targets(missing(2, 3), "detection").is_contiguous(memory_format=torch.channels_last_3d)


def test_joints_on_one_point_and_unknown_kind() -> None:
    xy = torch.full((1, 1, 12, 2), 20.0)
    maps = draw_targets(xy, "detection")
    assert maps[:, 12:].sum((2, 3, 4)).max() <= 4  # a line of the thickness at most, never a flooded map
    with pytest.raises(ValueError, match="kind must be"):
        draw_targets(xy, "heat")  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from(KINDS))
def test_mirrored_joints_draw_mirrored_maps(seed: int, kind: Kind) -> None:
    xy = torch.from_numpy(np.random.default_rng(seed).uniform(0, 40, (1, 1, 12, 2)))
    mirrored = torch.stack((39 - xy[..., 0], xy[..., 1]), -1)[:, :, list(FLIP)]
    bones = [set(pair) for pair in CONNECTIONS]
    order = [*FLIP, *(12 + bones.index({FLIP[a], FLIP[b]}) for a, b in CONNECTIONS)]
    a = draw_targets(xy, kind, height=40, width=40)
    b = draw_targets(mirrored, kind, height=40, width=40).flip(4)[:, order]
    assert ((a - b).abs() > 1e-5).float().mean() < 1e-3
