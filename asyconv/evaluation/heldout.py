"""What errors are measured on: simulated infants that were never trained on, with the truth of every frame."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labels.clip_files import read_clip_files, read_infants
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.geometry import MAP_WIDTH
from asyconv.simulation.clips import infant_at_clips, infant_clips
from asyconv.simulation.scene import AS_DRAWN, FOCAL_PX, WIDTH_PX, Condition
from asyconv.simulation.seeds import TRAIN_SEED

NATIVE_PX: Final = WIDTH_PX / MAP_WIDTH
"""Native pixels in a map pixel."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Clips with their infants.

    Attributes
    ----------
    clips : n clips.
    infant : number of each clip's infant, [n].
    mm_per_map : millimetres in a map pixel, across the picture at each joint's true distance, [n, 3, 12]; NaN where
        the camera is not known.
    what : the words that stand beside every error measured here.
    simulated : whether the infants are.
    """

    clips: ClipSet
    infant: npt.NDArray[np.int64]
    mm_per_map: Array
    what: str
    simulated: bool = True


def held_out(seed: int, infants: int, clips: int, condition: Condition = AS_DRAWN) -> HeldOut:
    """`clips` clips of each of the first `infants` simulated infants of `seed`."""
    sets, scales = [], []
    for number in range(infants):
        infant = infant_at_clips(seed, number, clips, condition=condition)
        sets.append(infant_clips(infant))
        scales.append(infant.to_camera(infant.joints_bed)[..., 2] * (NATIVE_PX / FOCAL_PX))
    known = "the infants of the training" if seed == TRAIN_SEED else "never trained on"
    together = joined(sets)
    return HeldOut(
        clips=together,
        infant=np.repeat(np.arange(infants), clips),
        mm_per_map=np.concatenate(scales).reshape(together.visible.shape),
        what=f"{infants} SIMULATED infants of seed {seed}, {known}",
    )


def annotated_part(run: Path, name: str, split: str) -> HeldOut:
    """The "validation" or "test" clips of the annotated data set on which the training in `run` was done."""
    folders = sorted((run / name).glob("clips-*"), key=lambda path: path.stat().st_mtime_ns)
    if not folders:
        raise InputError(f"{run}: expected the {name} clips of its annotated data set, found none; train again")
    infant, facts = read_infants(folders[-1])
    clips = read_clip_files(folders[-1])
    kind = "SIMULATED annotated infants" if facts["simulated"] else "annotated infants"
    return HeldOut(
        clips=clips,
        infant=infant,
        mm_per_map=np.full(clips.visible.shape, np.nan),
        what=f"{facts['infants']} {kind}, {split}",
        simulated=facts["simulated"],
    )


def joined(sets: list[ClipSet]) -> ClipSet:
    """Several clip sets as one."""
    return ClipSet(*(np.concatenate([getattr(one, name) for one in sets]) for name in ("depth", "xy_map", "visible")))
