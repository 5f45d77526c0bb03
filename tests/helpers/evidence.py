"""Tracks with closed-form movement and motion evidence made of their true displacements."""

from dataclasses import replace

import numpy as np

from asyconv.analysis.formulas.gaps import whole
from asyconv.motion_evidence import MotionEvidence
from asyconv.tracks import Tracks
from tests.helpers.closed_form import Motion, make_tracks

NOISE_MM = 0.15
"""SD of each displacement, known to the evidence."""


def evidence_of(tracks: Tracks) -> MotionEvidence:
    """The displacements of the true joints of `tracks` with noise of a known SD in each."""
    rng = np.random.default_rng(0)
    points = np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1)
    moved = np.full((2, *points.shape), np.nan, np.float32)
    for k, lag in enumerate(MotionEvidence.lags):
        moved[k, :-lag] = points[lag:] - points[:-lag]
    moved += np.asarray(NOISE_MM * rng.normal(size=moved.shape), np.float32)
    known = whole(moved)
    information = np.where(known[..., None, None], np.eye(3) / NOISE_MM**2, np.nan).astype(np.float32)
    return MotionEvidence(moved, information, np.where(known, 1.0, np.nan).astype(np.float32), {"refused": None})


def seen_with_evidence(motion: dict[str, Motion], seconds: float = 120.0) -> Tracks:
    true = make_tracks(seconds, motion=motion)
    return replace(make_tracks(seconds, motion=motion, noise_mm=0.5), motion=evidence_of(true))
