"""Runs of annotated frames without a gap, and data sets whose frames were chosen as single clips."""

from collections.abc import Sequence

from asyconv.pose.clips import CLIP_FRAMES


def runs_of(frames: Sequence[int], step: int) -> list[list[int]]:
    """Ascending frame numbers in runs without a gap."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame - runs[-1][-1] == step:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def chosen_clips(frames: Sequence[int], step: int) -> bool:
    """Whether frames were chosen as single clips of three: most runs are as long, and none is longer."""
    lengths = [len(run) for run in runs_of(frames, step)]
    return max(lengths, default=0) == CLIP_FRAMES and 2 * lengths.count(CLIP_FRAMES) > len(lengths)
