"""Clips: three depth maps 1/6 s apart, cut from a stream of frames, and their normalisation.

A recording of 30 frames/s is five interleaved sequences of 6 Hz, each cut into clips without overlap, so that every
frame is predicted once (paper.md 3). The starts of the five sequences are staggered: a frame's position in its clip
changes from frame to frame, so a bias by position becomes a line at 10 Hz that the low-pass removes, not movement at
2 Hz.

Deviations from the paper: the mean of each image is taken over its valid pixels, or over those near the bed, and
invalid ones are 0 afterwards; the depth is divided by a constant and clamped. All of this is stored with the model.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError

CLIP_FRAMES: Final = 3
SPACING_S: Final = 1.0 / 6.0
SPACING_TOLERANCE: Final = 0.2 + 0.005  # a fifth, and what a clock may be off
MIDDLE: Final = (slice(24, 72), slice(32, 96))
"""Rows and columns of the map whose median depth is the level of the bed: half of each, where the infant lies."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sample:
    """One frame: its row in the recording, its time, and its depth in native counts."""

    index: int
    time_s: float
    native: npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Clip:
    """Three samples and which of them this clip predicts (an earlier clip predicts the others)."""

    samples: tuple[Sample, Sample, Sample]
    keep: tuple[bool, bool, bool]


@dataclass
class _Sequence:
    recent: deque[Sample] = field(default_factory=lambda: deque(maxlen=CLIP_FRAMES))
    last_step: int = 0
    length: int = 0  # samples in the present run
    waiting: int = 0  # newest samples that no clip predicts yet


class ClipCutter:
    """Cuts a stream of samples into clips; memory is three samples a sequence.

    Parameters
    ----------
    fps_hz : frames per second, as the recording's clock has it; the stride is round(fps / 6).
    """

    def __init__(self, fps_hz: float) -> None:
        self.fps_hz = fps_hz
        self.stride = max(1, round(fps_hz * SPACING_S))
        if not spacing_fits(self.stride / fps_hz):
            raise InputError(
                f"clips: expected frames that can be taken 1/6 s apart, found {fps_hz:g} frames/s "
                f"(spacing {self.stride / fps_hz:.3f} s)"
            )
        self.too_short: list[int] = []  # rows of runs with fewer than three samples
        self._sequences = [_Sequence() for _ in range(self.stride)]
        self._grid = 0
        self._last_time_s: float | None = None

    def push(self, sample: Sample) -> Iterator[Clip]:
        """Take the next sample (in time order) and give the clips it completes."""
        if self._last_time_s is not None:  # incremental, so that a clock a little off never drifts over a grid step
            self._grid += max(1, round((sample.time_s - self._last_time_s) * self.fps_hz))
        self._last_time_s = sample.time_s
        step, phase = divmod(self._grid, self.stride)
        sequence = self._sequences[phase]
        if sequence.length:
            spacing_s = sample.time_s - sequence.recent[-1].time_s
            if step != sequence.last_step + 1 or not spacing_fits(spacing_s):
                yield from self._finish(sequence)
        sequence.recent.append(sample)
        sequence.last_step = step
        sequence.length += 1
        sequence.waiting += 1
        position = clip_position(step, phase, self.stride)
        if sequence.length >= CLIP_FRAMES and position == CLIP_FRAMES - 1:
            yield _cut(sequence, newest=0)
        elif sequence.length == CLIP_FRAMES:  # the run began inside a clip: predict its first samples with this one
            yield _cut(sequence, newest=position + 1)

    def finish(self) -> Iterator[Clip]:
        """The clips that the end of the stream leaves: the last one of a run is shifted back to full length."""
        for sequence in self._sequences:
            yield from self._finish(sequence)

    def _finish(self, sequence: _Sequence) -> Iterator[Clip]:
        if sequence.waiting and sequence.length >= CLIP_FRAMES:
            yield _cut(sequence, newest=0)
        elif sequence.waiting:
            self.too_short += [sample.index for sample in sequence.recent]
        sequence.recent.clear()
        sequence.length = sequence.waiting = 0


def spacing_fits(spacing_s: float) -> bool:
    """Whether two frames lie close enough to 1/6 s apart for the networks, which have seen no other spacing."""
    return abs(spacing_s / SPACING_S - 1) <= SPACING_TOLERANCE


def clip_position(step: int, phase: int, stride: int) -> int:
    """Position 0, 1 or 2 in its clip of the sample at `step` of sequence `phase`: changes from frame to frame."""
    return (step + (-phase if stride % CLIP_FRAMES == 2 else phase)) % CLIP_FRAMES


def grid_steps(time_s: npt.NDArray[np.float64], rate_hz: float) -> npt.NDArray[np.int64]:
    """Place of each frame on the grid of the rate, from 0; step by step, so that a clock a little off never drifts.

    Frames without a time (NaN) have the place -1.
    """
    timed = np.isfinite(time_s)
    places = np.full(len(time_s), -1, np.int64)
    steps = np.maximum(np.round(np.diff(time_s[timed]) * rate_hz), 1).astype(np.int64)
    places[timed] = np.concatenate([[0], np.cumsum(steps)])
    return places


def _cut(sequence: _Sequence, newest: int) -> Clip:
    """Clip of the last three samples that predicts what waits, except the `newest` ones, left for the next clip."""
    first = CLIP_FRAMES - sequence.waiting
    keep = tuple(first <= position < CLIP_FRAMES - newest for position in range(CLIP_FRAMES))
    sequence.waiting = newest
    a, b, c = sequence.recent
    return Clip((a, b, c), (keep[0], keep[1], keep[2]))


def normalise(depth_mm: Float32, scale_mm: float, limit: float, mean_within_mm: float) -> Float32:
    """Depth maps [..., H, W] in mm (0 = none) as network input: each image's mean removed, scaled, clamped, holes 0.

    With `mean_within_mm` above 0 only depths so near to the median of the image's middle count for the mean. Else the
    floor beside the bed would move it so far that bed and infant are clamped to one value.
    """
    valid = depth_mm > 0
    counts = valid
    if mean_within_mm:
        middle = np.where(valid, depth_mm, np.inf)[..., *MIDDLE]
        depths = np.sort(middle.reshape(*middle.shape[:-2], -1), axis=-1)
        rank = np.maximum(np.isfinite(depths).sum(axis=-1, keepdims=True) - 1, 0) // 2
        level = np.take_along_axis(depths, rank, axis=-1)[..., None]
        near = np.abs(depth_mm - level) <= mean_within_mm
        counts = valid & (near | np.isinf(level))  # a middle without any depth has no level
    count = counts.sum(axis=(-2, -1), keepdims=True)
    mean = np.sum(depth_mm, axis=(-2, -1), keepdims=True, dtype=np.float64, where=counts) / np.maximum(count, 1)
    scaled = np.clip((depth_mm - mean) / scale_mm, -limit, limit)
    return np.where(valid, scaled, 0.0).astype(np.float32)
