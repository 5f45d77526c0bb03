"""Runs of annotated frames without a gap, and data sets whose frames were chosen as single clips."""

from collections.abc import Sequence

from asyconv.labels.annotations import ANNOTATED_STEP
from asyconv.pose.clips import CLIP_FRAMES


def runs_of(frames: Sequence[int]) -> list[list[int]]:
    """Ascending frame numbers in runs without a gap."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame - runs[-1][-1] == ANNOTATED_STEP:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def chosen_clips(frames: Sequence[int]) -> bool:
    """Whether frames were chosen as single clips of three: most runs are as long, and none is longer."""
    lengths = [len(run) for run in runs_of(frames)]
    return max(lengths, default=0) == CLIP_FRAMES and 2 * lengths.count(CLIP_FRAMES) > len(lengths)
