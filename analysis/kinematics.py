"""Kinematics: the elementary arithmetic of positions that every measure is made of.

Positions are arrays [N, D] over evenly spaced samples, NaN = missing; nothing here smooths, fills or gates.
"""

import numpy as np
import numpy.typing as npt

from asyconv.analysis.body_frame import body_frame
from asyconv.analysis.clean import runs, whole
from asyconv.skeleton import JOINTS

Floats = npt.NDArray[np.float64]

_SHOULDERS = [JOINTS.index("right_shoulder"), JOINTS.index("left_shoulder")]
_HIPS = [JOINTS.index("right_hip"), JOINTS.index("left_hip")]


def difference(values: Floats, step_s: float, order: int = 1) -> Floats:
    """Forward difference of `order` along time, per second to that power; `order` values fewer than given."""
    return np.asarray(np.diff(values, n=order, axis=0) / step_s**order)


def step_speed(position: Floats, step_s: float) -> Floats:
    """Length of each step of `position` [N, D] per second, N - 1 values: the mean speed during the step."""
    return np.asarray(np.linalg.norm(difference(position, step_s), axis=-1))


def derivative(position: Floats, fs_hz: float) -> Floats:
    """Velocity [N, D] of `position`: central differences, one-sided where a run ends; runs under 3 samples: none."""
    out = np.full(position.shape, np.nan)
    for start, stop in runs(whole(position)):
        if stop - start >= 3:
            out[start:stop] = np.gradient(position[start:stop], 1 / fs_hz, axis=0)
    return out


def segment_length(a: Floats, b: Floats) -> Floats:
    """Distance between two joints [N, D], in their unit."""
    return np.asarray(np.linalg.norm(a - b, axis=-1))


def white_noise(values: Floats) -> Floats:
    """SD of the white part of the noise, per column of [N, D]: 1.4826 MAD(third difference) / sqrt(20).

    A smooth movement hardly has a third difference; below 25 Hz it has, and the result is too high. NaN below 10
    third differences.
    """
    third = difference(values, 1.0, 3)
    third = third[whole(third)]
    if len(third) < 10:
        return np.full(values.shape[-1], np.nan)
    return np.asarray(1.4826 * np.median(np.abs(third - np.median(third, axis=0)), axis=0) / np.sqrt(20))


def mid_shoulder(points: Floats) -> Floats:
    """Middle of the shoulders [N, D] of `points` [N, 12, D]."""
    return np.asarray(points[:, _SHOULDERS].mean(axis=1))


def mid_hip(points: Floats) -> Floats:
    """Middle of the hips [N, D] of `points` [N, 12, D]."""
    return np.asarray(points[:, _HIPS].mean(axis=1))


def mid_trunk(points: Floats) -> Floats:
    """Middle of the trunk [N, D] of `points` [N, 12, D]."""
    return (mid_shoulder(points) + mid_hip(points)) / 2


def body_axes(points: Floats) -> Floats:
    """Axes of the body frame (see body_frame.py) as rows [3, 3]; NaN if the trunk was never seen whole."""
    frame = body_frame(points)
    return np.full((3, 3), np.nan) if frame is None else frame.axes
