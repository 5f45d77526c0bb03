"""Tracks with everything that an export must keep: joints that come and go, a joint never seen, lost frames."""

from dataclasses import replace
from typing import Any

import numpy as np

from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import make_tracks

NEVER = "left_ankle"
LOST = (20, 21, 22)
"""Rows that are taken out; the numbers of the frames go on without a gap, as where a camera drops frames."""


def example(**meta: Any) -> Tracks:
    """Two seconds at 30 Hz: 57 frames, and 60 steps of time."""
    rng = np.random.default_rng(3)
    tracks = make_tracks(2.0, noise_mm=2.0, seed=3, **meta)
    missing = rng.random(tracks.x_px.shape) < 0.1
    missing[:, JOINTS.index(NEVER)] = True
    missing[7] = True
    missing[:2] = [[j == JOINTS.index(NEVER) for j in range(len(JOINTS))]] * 2
    values: dict[str, Any] = {
        name: np.where(missing, np.nan, getattr(tracks, name)).astype(np.float32)
        for name in ("x_px", "y_px", "depth_mm", "x_mm", "y_mm", "z_mm")
    }
    values["depth_source"] = np.where(missing, 0, tracks.depth_source).astype(np.uint8)
    values["confidence"] = rng.random(missing.shape).astype(np.float32)
    kept = np.delete(np.arange(len(tracks.frame)), LOST)
    values = {name: value[kept] for name, value in values.items()}
    frame = np.arange(1, len(kept) + 1, dtype=np.int32)
    return replace(tracks, frame=frame, time_s=tracks.time_s[kept], sigma_px=None, motion=None, **values)
