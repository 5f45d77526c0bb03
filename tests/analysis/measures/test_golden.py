"""Golden test: published results on real fetal movement, through the functions that the measures are made of.

Key points of 77 fetuses (Vasung et al., Xu et al. 2019; MIT) and the table that the authors' own program made from
them, looked for beside the repository. That study's cleaning is written here; the arithmetic is the product's.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pytest
from scipy.io import loadmat

from asyconv.analysis.formulas.angles import included_angle
from asyconv.analysis.formulas.kinematics import difference, segment_length
from asyconv.analysis.formulas.statistics import share_pct
from tests.helpers.real_data import shared_data
from tests.helpers.xlsx import read_xlsx

Floats = npt.NDArray[np.float64]

KEY_POINTS: Final = (
    "ankle_L", "ankle_R", "knee_L", "knee_R", "bladder", "elbow_L", "elbow_R", "eye_L", "eye_R", "hip_L", "hip_R",
    "shoulder_L", "shoulder_R", "wrist_L", "wrist_R",
)  # fmt: skip
AT: Final = {name: k for k, name in enumerate(KEY_POINTS)}
BONES: Final = {"tibia": ("ankle", "knee"), "femur": ("knee", "hip"), "radius": ("wrist", "elbow"),
                "humerus": ("elbow", "shoulder")}  # fmt: skip
CORNERS: Final = {"knee": ("hip", "ankle"), "elbow": ("shoulder", "wrist")}
VOXEL_MM: Final = 3.0
MOVING_ABOVE_MM_S: Final = 3.0
RELATIVE: Final = 1e-9  # the data page's own; N - 1 for N in a standard deviation already errs by 1e-3


def without_zeros(x: Floats) -> Floats:
    """Every coordinate that is not positive becomes the mean of its neighbours in time."""
    out = x.copy()
    for t, axis, joint in np.argwhere(x <= 0):
        around = [x[k, axis, joint] for k in (t - 1, t + 1) if 0 <= k < len(x)]
        out[t, axis, joint] = np.mean(around)
    return out


def with_possible_bones(x: Floats) -> Floats:
    """Both ends of a bone whose length errs by more than 30 % go on the straight line between good frames."""
    pairs = [(AT[f"{a}_{s}"], AT[f"{b}_{s}"]) for a, b in BONES.values() for s in "LR"] + [(AT["eye_L"], AT["eye_R"])]
    lengths = [segment_length(x[..., a], x[..., b]) for a, b in pairs]
    out = x.copy()
    for (a, b), length in zip(pairs, lengths, strict=True):
        left_out = round(len(length) * 10 / 100 / 2)
        middle = np.sort(length)[left_out : len(length) - left_out].mean()
        good = np.abs(length - middle) / middle <= 0.3
        for t in np.flatnonzero(~good):
            before, after = np.flatnonzero(good[:t]), t + 1 + np.flatnonzero(good[t + 1 :])
            if len(before) and len(after):
                p, q = before[-1], after[0]
                for joint in (a, b):
                    out[t, :, joint] = ((q - t) * out[p, :, joint] + (t - p) * out[q, :, joint]) / (q - p)
    return out


def results_of(x: Floats, step_s: float) -> dict[str, float]:
    """The study's 100 columns from joints [T, 3, 15] in mm."""
    out: dict[str, float] = {}

    def mean_and_std(name: str, values: Floats, first: str = "avg") -> None:
        out[f"{first}_{name}"], out[f"std_{name}"] = float(values.mean()), float(values.std())

    for name, joint in AT.items():
        speed = np.linalg.norm(difference(x[..., joint], step_s), axis=-1)
        mean_and_std(f"velocity_{name}", speed, "mean")
        share = share_pct(speed > MOVING_ABOVE_MM_S, np.ones(len(speed), bool)) / 100
        out[f"movement_time_relative_{name}"] = share
        out[f"movement_time_absolute_{name}"] = share * len(speed) * step_s
    for side in "LR":
        for bone, (a, b) in BONES.items():
            mean_and_std(f"length_{bone}_{side}", segment_length(x[..., AT[f"{a}_{side}"]], x[..., AT[f"{b}_{side}"]]))
        for corner, ends in CORNERS.items():
            angle = included_angle(*(x[..., AT[f"{joint}_{side}"]] for joint in (corner, *ends)))
            mean_and_std(f"angle_{corner}_{side}", angle)
            mean_and_std(f"angle_velocity_{corner}_{side}", np.abs(difference(angle, step_s)))
            mean_and_std(f"angle_acceleration_{corner}_{side}", np.abs(difference(angle, step_s, 2)))
    return out


@pytest.fixture(scope="module")
def study() -> tuple[Path, list[dict[str, Any]]]:
    folder = shared_data("fetal_motion")
    return folder, read_xlsx(folder / "results.xlsx")


def test_100_published_columns_of_77_series(study: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, published = study
    assert len(published) == 77
    worst = 0.0
    for row in published:
        voxels = loadmat(folder / "data" / f"{row['name']}.mat")["joint_coord"].astype(np.float64)
        cleaned = with_possible_bones(without_zeros(voxels * VOXEL_MM))
        found = results_of(cleaned, 60 * row["duration"] / len(voxels))
        assert set(row) - set(found) == {"name", "duration", "GA_week", "GA_day"}
        assert len(found) == 100
        for column, value in found.items():
            worst = max(worst, abs(value - row[column]) / max(abs(row[column]), 1e-12))
            assert value == pytest.approx(row[column], rel=RELATIVE), (row["name"], column)
    assert worst < RELATIVE


def test_values_printed_on_the_data_page(study: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, published = study
    row = next(row for row in published if row["name"] == "010918L")
    voxels = loadmat(folder / "data" / "010918L.mat")["joint_coord"].astype(np.float64)
    assert voxels.shape == (200, 3, 15)
    found = results_of(with_possible_bones(without_zeros(voxels * VOXEL_MM)), 60 * row["duration"] / 200)
    assert found["movement_time_absolute_ankle_L"] == pytest.approx(61.11, abs=0.005)
    assert found["avg_length_tibia_L"] == pytest.approx(68.10642806, abs=5e-9)
    assert found["mean_velocity_wrist_L"] == pytest.approx(0.95051735, abs=5e-9)
    assert found["avg_angle_acceleration_elbow_L"] == pytest.approx(0.22054402, abs=5e-9)


def test_the_study_has_one_infant_without_an_age(study: tuple[Path, list[dict[str, Any]]]) -> None:
    assert [row["name"] for row in study[1] if row["GA_week"] is None] == ["032217"]
