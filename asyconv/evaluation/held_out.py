"""Held-out data: clips of infants that no training has seen, with the true joints of every frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, clip_rows, load_clips
from asyconv.labels.clip_files import read_areas, read_clip_files, read_infants
from asyconv.labels.clip_set import ClipSet, joined
from asyconv.labels.label_sheets import is_label_sheet
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.geometry import MAP_WIDTH, Crop, MapGeometry
from asyconv.simulation.clips import WHOLE_PICTURE, condition_of, infant_at_clips, infant_clips
from asyconv.simulation.driven import driven_body, read_joint_motion
from asyconv.simulation.infant import FOCAL_PX, WIDTH_PX, Infant
from asyconv.simulation.scene import CALM_INFANT, DRIVEN_INFANT, Condition, make_infant
from asyconv.simulation.seeds import TRAIN_SEED
from asyconv.words import counted

NATIVE_PX: Final = WIDTH_PX / MAP_WIDTH
"""Native pixels in a map pixel."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class InfantPicture:
    """How the picture of an infant lies on the map, and its clips again in a crop of the picture; None = all of it."""

    geometry: MapGeometry
    clips_in: Callable[[Crop | None], ClipSet]


@dataclass(frozen=True)
class HeldOutClips:
    """Clips with their infants.

    Attributes
    ----------
    clips : n clips.
    infant : number of each clip's infant, [n].
    mm_per_map : millimetres in a map pixel, across the picture at each joint's true distance, [n, 3, 12]; NaN where
        the camera is not known.
    what : the words that stand beside every error measured here.
    simulated : whether the infants are.
    has_truth : joints whose true place in the picture is known, [n, 3, 12]; None = all. Other joints are not counted.
    infant_names : None = the infants' numbers.
    area_map : of each infant as its labels state it, map px squared, [n, 3]; NaN or None = not stated.
    hidden_known : whether the places of hidden joints are known; people label what they see.
    pictures : of each infant; empty where they are not at hand.
    """

    clips: ClipSet
    infant: npt.NDArray[np.int64]
    mm_per_map: Array
    what: str
    simulated: bool = True
    has_truth: npt.NDArray[np.bool_] | None = None
    infant_names: tuple[str, ...] | None = None
    area_map: Array | None = None
    hidden_known: bool = True
    pictures: tuple[InfantPicture, ...] = ()


def driven_infants(folder: Path, clips: int, seed: int) -> HeldOutClips:
    """`clips` clips of a simulated infant for each file of joints in `folder`, moved by these (see `driven`).

    The files are tracks (.parquet) or sheets of labels. Clips are spread evenly over the length of each.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix == ".parquet" or is_label_sheet(path))
    if not files:
        raise InputError(f"{folder}: expected tracks (.parquet) or sheets of labels (result_*.csv), found none")
    infants, given_near = [], []
    for number, path in enumerate(files):
        motion = read_joint_motion(path)
        span_s = float(motion.time_s[-1]) - (CLIP_FRAMES - 1) * SPACING_S
        if span_s < 0:
            raise InputError(f"{path.name}: expected joints for 1/3 s at least, found {motion.time_s[-1]:g} s")
        time_s = (np.linspace(0.0, span_s, clips)[:, None] + SPACING_S * np.arange(CLIP_FRAMES)).ravel()
        body = partial(driven_body, motion, time_s)
        infants.append(make_infant(seed, number, time_s, body=body, condition=DRIVEN_INFANT))
        given_near.append(motion.is_given(time_s))
    who, by = counted(len(files), "SIMULATED infant"), counted(len(files), "file")
    what = f"{who} of seed {seed}, varied bodies, moved by the joints of {by}"
    data = _of_simulated(infants, clips, what)
    given = np.concatenate(given_near).reshape(data.clips.visible.shape)
    seen = replace(data.clips, visible=data.clips.visible & given)
    return replace(data, clips=seen, has_truth=given, infant_names=tuple(path.stem for path in files))


def held_out(
    seed: int, infants: int, clips: int, condition: Condition = CALM_INFANT, varied_share: float = 0.0
) -> HeldOutClips:
    """`clips` clips of each of the first `infants` simulated infants of `seed`, a share of them varied."""
    made = []
    for number in range(infants):
        drawn = condition_of(seed, number, varied_share, condition) if varied_share else condition
        made.append(infant_at_clips(seed, number, clips, condition=drawn))
    familiarity = "the infants of the training" if seed == TRAIN_SEED else "never trained on"
    varied = f", {100 * varied_share:.0f} % of them varied" if varied_share else ", varied" * condition.varied
    return _of_simulated(made, clips, f"{counted(infants, 'SIMULATED infant')} of seed {seed}, {familiarity}{varied}")


def _of_simulated(infants: Sequence[Infant], clips: int, what: str) -> HeldOutClips:
    """`clips` clips of each infant, who is simulated at their times alone."""
    pictures = tuple(InfantPicture(WHOLE_PICTURE, partial(infant_clips, infant)) for infant in infants)
    together = joined([picture.clips_in(None) for picture in pictures])
    z_mm = np.concatenate([infant.to_camera(infant.joints_bed)[..., 2] for infant in infants])
    mm_per_map = (z_mm * (NATIVE_PX / FOCAL_PX)).reshape(together.visible.shape)
    return HeldOutClips(together, np.repeat(np.arange(len(infants)), clips), mm_per_map, what, pictures=pictures)


def annotated_part(run: Path, name: str, split: str) -> HeldOutClips:
    """The "validation" or "test" clips of the annotated data set on which the training in `run` was done."""
    folders = sorted((run / name).glob("clips-*"), key=lambda path: path.stat().st_mtime_ns)
    if not folders:
        raise InputError(f"{run}: expected the {name} clips of its annotated data set, found none; train again")
    infant, facts = read_infants(folders[-1])
    clips = read_clip_files(folders[-1])
    kind = "SIMULATED annotated infants" if facts["simulated"] else "annotated infants"
    return HeldOutClips(
        clips=clips,
        infant=infant,
        mm_per_map=np.full(clips.visible.shape, np.nan),
        what=f"{facts['infants']} {kind}, {split}",
        simulated=facts["simulated"],
        infant_names=tuple(facts["names"]) if "names" in facts else None,
        area_map=read_areas(folders[-1]),
        hidden_known=False,
    )


def labelled_clips(infants: Sequence[Annotated], fx_px: float | None = None) -> HeldOutClips:
    """Every clip of annotated infants once; millimetres where the camera's focal length in native px is known."""
    rows = [clip_rows(infant.frame, overlap=False) for infant in infants]
    chosen = [(infant, own) for infant, own in zip(infants, rows, strict=True) if len(own)]
    if not chosen:
        raise InputError("labels: expected three labelled frames 1/6 s apart somewhere, found none")
    pictures = [
        InfantPicture(MapGeometry(infant.width_px, infant.height_px), partial(load_clips, infant, own))
        for infant, own in chosen
    ]
    clips = joined([picture.clips_in(None) for picture in pictures])
    counts = [len(own) for _, own in chosen]
    scale_px = np.repeat([picture.geometry.scale_px for picture in pictures], counts)[:, None]
    area_px2 = np.concatenate([infant.area_px2[own] for infant, own in chosen])
    simulated = all(infant.simulated for infant, _ in chosen)
    across = np.full(clips.visible.shape, np.nan) if fx_px is None else _joint_depth_mm(clips) / fx_px
    return HeldOutClips(
        clips=clips,
        infant=np.repeat(np.arange(len(chosen)), counts),
        mm_per_map=across * scale_px[..., None],
        what=counted(len(chosen), f"{'SIMULATED ' if simulated else ''}annotated infant"),
        simulated=simulated,
        infant_names=tuple(infant.infant_id for infant, _ in chosen),
        area_map=area_px2 / scale_px**2,
        hidden_known=False,
        pictures=tuple(pictures),
    )


def _joint_depth_mm(clips: ClipSet) -> Array:
    """Median depth of the 5x5 map pixels round each visible joint, mm [n, 3, 12]; NaN where there is none."""
    out = np.full(clips.visible.shape, np.nan)
    for place in np.argwhere(clips.visible):
        clip, frame, joint = place.tolist()
        x, y = np.round(clips.xy_map[clip, frame, joint]).astype(int)
        near = clips.depth[clip, frame, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        if near.any():
            out[clip, frame, joint] = np.median(near[near > 0]) / 10.0
    return out
