"""Clips of simulated infants, with their labels."""

from dataclasses import replace
from typing import Final

import numpy as np

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry, on_map
from asyconv.pose.infant_crop import SPAN, infant_crop
from asyconv.simulation.frames import frames_of
from asyconv.simulation.infant import HEIGHT_PX, WIDTH_PX, Infant, project
from asyconv.simulation.scene import CALM_INFANT, Condition, make_infant
from asyconv.skeleton import JOINTS

WHOLE_PICTURE: Final = MapGeometry(WIDTH_PX, HEIGHT_PX)
SPAN_S: Final = 60.0
WHOLE: Final = 0.25
SPANS: Final = (0.85, 1.25)
SHIFTS: Final = 0.08
"""Of a training's infants: the share seen in the whole picture, how large the crops of the others are, as a factor, and
how far they are moved, in shares of their size."""


def condition_of(seed: int, number: int, varied_share: float, condition: Condition = CALM_INFANT) -> Condition:
    """Condition of infant `number` of `seed` where this share of the infants is varied and the others are calm."""
    draw = np.random.default_rng(np.random.SeedSequence([seed, number, 31])).random()
    return replace(condition, varied=bool(draw < varied_share))


def make_clips(
    seed: int, number: int, clips: int, condition: Condition = CALM_INFANT, pace: float = 1.0, cropped: bool = False
) -> ClipSet:
    """`clips` clips of infant `number` of `seed`, at random times (see `infant_at_clips`).

    Where `cropped`, three infants in four are seen in a crop round them, larger or smaller than usual and moved.
    """
    infant = infant_at_clips(seed, number, clips, condition, pace)
    return infant_clips(infant, drawn_crop(infant, np.random.SeedSequence([seed, number, 41])) if cropped else None)


def drawn_crop(infant: Infant, seed: np.random.SeedSequence) -> Crop | None:
    """A crop round an infant as a training should see it, None = the whole picture."""
    rng = np.random.default_rng(seed)
    whole, span, shift = rng.random() < WHOLE, SPAN * rng.uniform(*SPANS), rng.uniform(-SHIFTS, SHIFTS, 2)
    if whole:
        return None
    xy_map = WHOLE_PICTURE.to_map(project(infant.to_camera(infant.joints_bed)))
    return infant_crop(xy_map[on_map(xy_map)], WHOLE_PICTURE, span, (shift[0], shift[1]))


def infant_at_clips(
    seed: int, number: int, clips: int, condition: Condition = CALM_INFANT, pace: float = 1.0
) -> Infant:
    """Infant `number` of `seed` at the frames of `clips` clips, three after each other, at times within a minute.

    The infant moves up to `pace` times as fast, differently in each clip (uniform in the logarithm).
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, number, 11]))
    starts = np.sort(rng.uniform(0.0, SPAN_S, size=clips))
    spacing_s = SPACING_S * pace ** rng.uniform(0.0, 1.0, size=clips)
    times = starts[:, None] + spacing_s[:, None] * np.arange(CLIP_FRAMES)
    return make_infant(seed, number, times[np.argsort(times[:, -1])].ravel(), condition=condition)


def infant_clips(infant: Infant, crop: Crop | None = None) -> ClipSet:
    """Clips of an infant whose times come in threes, of whole pictures or a `crop`; beyond it no joint is visible."""
    times = len(infant.motion.time_s)
    geometry = replace(WHOLE_PICTURE, crop=crop)
    depth = np.empty((times, MAP_HEIGHT, MAP_WIDTH), np.uint16)
    visible = np.empty((times, len(JOINTS)), bool)
    for index, native, seen in frames_of(infant):
        depth[index] = np.round(geometry.resize(native) * 10.0)
        visible[index] = seen
    xy_map = geometry.to_map(project(infant.to_camera(infant.joints_bed))).astype(np.float32)
    if crop:
        visible &= on_map(xy_map)
    shape = (times // CLIP_FRAMES, CLIP_FRAMES)
    return ClipSet(
        depth.reshape(*shape, MAP_HEIGHT, MAP_WIDTH),
        xy_map.reshape(*shape, len(JOINTS), 2),
        visible.reshape(*shape, len(JOINTS)),
    )
