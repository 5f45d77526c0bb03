"""`check` names every flaw planted in simulated labels and no other; such data sets are read right."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from asyconv.labels import check as kinds
from asyconv.labels.annotations import clip_rows, inside, read_annotated
from asyconv.labels.check import Checked, as_table, check
from asyconv.labels.check_labels import COINCIDING, COPIED, JUMP, SWAP
from asyconv.labels.label_sheets import HALF_MISSING, OUTSIDE, UNPARSABLE
from asyconv.simulation.flaws import Planted, natural, plant, with_gaps
from asyconv.simulation.infant import project
from asyconv.simulation.labels import LABEL_NOISE_PX
from asyconv.simulation.scene import BARE, make_infant
from tests.helpers.checked_labels import Array, where, write_data_set


def moving_labels(seed: int, number: int, frames: list[int]) -> Array:
    """Labels of a moving simulated infant with click noise; runs of missing ones, as covers make them."""
    infant = make_infant(seed, number, (np.array(frames) - 1) / 30.0, condition=BARE)
    rng = np.random.default_rng([seed, number])
    xy = project(infant.to_camera(infant.joints_bed))
    labels = np.round(xy + rng.normal(0, LABEL_NOISE_PX, xy.shape))
    labels[~inside(labels, 640, 480)] = np.nan
    for joint in range(12):
        for start in rng.integers(0, len(frames), size=3):
            labels[start : start + int(rng.geometric(0.25)), joint] = np.nan
    return labels


@pytest.mark.parametrize("seed", range(6))
def test_movement_and_click_noise_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    frames = list(range(1, 1800, 5))
    labels = moving_labels(seed, seed, frames)
    written = natural(frames, labels, "pz1")
    assert {flaw.kind for flaw in written.flaws} <= {kinds.NEVER}  # a foot may lie outside the picture all the time
    assert where(check(write_data_set(tmp_path, written.rows, written.pictures)).findings) == where(written.flaws)


FLAWED = with_gaps(list(range(1, 1400, 5)))
ALL_KINDS = {
    COPIED, COINCIDING, JUMP, SWAP, HALF_MISSING, OUTSIDE, UNPARSABLE, kinds.MISSING_IMAGE, kinds.NO_ROW,
    kinds.DUPLICATE, kinds.UNORDERED, kinds.GAP, kinds.NEVER,
}  # fmt: skip


@pytest.fixture(scope="module", params=range(3))
def clean(request: pytest.FixtureRequest) -> Array:
    return moving_labels(30 + request.param, 0, FLAWED)


@pytest.mark.parametrize("seed", range(8))
def test_every_planted_flaw_is_named_and_no_other(tmp_path: Path, clean: Array, seed: int) -> None:
    planted = plant(FLAWED, clean, "pz1", np.random.default_rng(seed))
    findings = check(write_data_set(tmp_path, planted.rows, planted.pictures)).findings
    assert where(findings) == where(planted.flaws), as_table(Checked(1, len(planted.rows), findings, {}))
    assert {one.kind for one in planted.flaws} >= ALL_KINDS - {COINCIDING}
    assert sum(one.kind == kinds.GAP for one in planted.flaws) == 3


def test_flaws_of_every_kind_find_a_place(clean: Array) -> None:
    planted = [plant(FLAWED, clean, "pz1", np.random.default_rng(seed)) for seed in range(8)]
    assert {flaw.kind for one in planted for flaw in one.flaws} == ALL_KINDS


@pytest.mark.parametrize("seed", range(4))
def test_a_flawed_data_set_is_read_right(tmp_path: Path, clean: Array, seed: int) -> None:
    planted = plant(FLAWED, clean, "pz1", np.random.default_rng(seed))
    (infant,) = read_annotated(write_data_set(tmp_path, planted.rows, planted.pictures))
    gone = {flaw.kind for flaw in planted.flaws} & {kinds.MISSING_IMAGE, kinds.NO_ROW}
    assert len(infant.frame) == len(FLAWED) - len(gone)
    assert (np.diff(infant.frame) > 0).all()
    assert [int(path.stem.split("_")[0]) for path in infant.images] == infant.frame.tolist()
    assert differing(infant.frame, infant.xy_px, clean) <= flawed_frames(planted)
    for overlap in (True, False):
        assert (np.diff(infant.frame[clip_rows(infant.frame, overlap=overlap)], axis=1) == 5).all()


def differing(frame: npt.NDArray[np.int64], xy_px: Array, clean: Array) -> set[int]:
    """Frames whose labels are not the true ones, the joint that was never visible left out."""
    never = np.isnan(xy_px[..., 0]).all(axis=0)
    true = clean[[FLAWED.index(number) for number in frame.tolist()]]
    same = (xy_px == true) | (np.isnan(xy_px) & np.isnan(true))
    return set(frame[~same[:, ~never].all(axis=(1, 2))].tolist())


def flawed_frames(planted: Planted) -> set[int]:
    rows = {flaw.row for flaw in planted.flaws if flaw.kind not in (kinds.GAP, kinds.UNORDERED)}
    return {int(planted.rows[row - 2][0].split("_")[0]) for row in rows if row is not None}


def test_the_gaps_are_those_of_baby_pose() -> None:
    frames = np.array(with_gaps(list(range(1, 5400, 5))))
    at = np.flatnonzero(np.diff(frames) != 5)
    assert np.stack([frames[at], frames[at + 1]], axis=1).tolist() == [[1, 11], [51, 101], [546, 1001]]
    assert with_gaps([1, 6]) == [1, 6]  # no gap without an end
