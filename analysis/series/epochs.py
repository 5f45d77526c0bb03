"""Epochs: the parts of a recording that get one value of every measure, 180 s long where it can be."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks

Bools = npt.NDArray[np.bool_]

EPOCH_S: Final = 180.0
TAIL_MIN_S: Final = 30.0
"""A shorter tail joins the epoch before it: so few seconds give no value of their own."""


@dataclass(frozen=True)
class Epoch:
    """Samples [first, stop) of a recording, and what holds for every part of the infant in them.

    `counted` [n] are the samples inside no excluded event, `present` [n] those that have a frame. `mm_reason` says why
    there are no millimetres at all, and is empty where there are some. Where `in_plane`, results are in trunk lengths,
    see `cleaning.plane`. `trunk_mm` is the trunk length of the recording.
    `interval_factors` are how many SDs of a measure's error hold 95 % of true values, by measure, as the model states.
    """

    start_s: float
    length_s: float
    first: int
    stop: int
    fs_hz: float
    effective_hz: float
    jitter_pct: float
    counted: Bools
    present: Bools
    sides_verified: bool
    mm_reason: str
    trunk_mm: float | None
    interval_factors: dict[str, float]
    in_plane: bool = False

    @property
    def expected(self) -> int:
        """Samples that every share of the epoch is of."""
        return int(self.counted.sum())

    def seconds(self, mask: Bools) -> float:
        """Time (s) of the samples in `mask` [n]."""
        return float(mask.sum() / self.fs_hz)


def epochs_of(tracks: CleanTracks, meta: dict[str, Any]) -> list[Epoch]:
    """Epochs of 180 s; a tail below 30 s joins the one before, so a recording up to 210 s is one epoch."""
    fs_hz, n = tracks.time.fs_hz, len(tracks.time.time_s)
    count = max(1, int(np.ceil((n / fs_hz - TAIL_MIN_S) / EPOCH_S + 1e-9)))
    edges = [round(k * EPOCH_S * fs_hz) for k in range(count)] + [n]
    return [
        epoch_of(tracks, meta, k * EPOCH_S, first, stop)
        for k, (first, stop) in enumerate(zip(edges[:-1], edges[1:], strict=True))
    ]


def epoch_of(tracks: CleanTracks, meta: dict[str, Any], start_s: float, first: int, stop: int) -> Epoch:
    """The epoch of the samples [first, stop), which begins at `start_s`."""
    return Epoch(
        start_s=start_s,
        length_s=round((stop - first) / tracks.time.fs_hz, 3),
        first=first,
        stop=stop,
        fs_hz=tracks.time.fs_hz,
        effective_hz=tracks.time.effective_hz,
        jitter_pct=tracks.time.jitter_pct,
        counted=~tracks.excluded[first:stop],
        present=tracks.time.present[first:stop],
        sides_verified=bool(meta.get("left_right_verified")),
        mm_reason=why_no_mm(tracks, meta),
        trunk_mm=None if tracks.body is None else tracks.body.trunk_length_mm,
        interval_factors=dict(meta.get("interval_factors") or {}),
        in_plane=tracks.in_plane,
    )


def why_no_mm(tracks: CleanTracks, meta: dict[str, Any]) -> str:
    """Reason why the recording has no millimetres; empty if it has some."""
    if np.isfinite(tracks.gated_mm).any() and not tracks.in_plane:
        return ""
    if not np.isfinite(tracks.gated_px).any():
        return "no joint was found"
    if meta.get("lossy"):
        return "depth of 8 bits, so no millimetres"
    if not meta.get("intrinsics"):
        return "no camera intrinsics, so no millimetres"
    return "no depth at the joints, so no millimetres"
