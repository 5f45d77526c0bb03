"""Clips of simulated infants, with their labels."""

from dataclasses import replace

import numpy as np

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, MapGeometry
from asyconv.simulation.frames import frames_of
from asyconv.simulation.infant import HEIGHT_PX, WIDTH_PX, Infant, project
from asyconv.simulation.scene import CALM_INFANT, Condition, make_infant
from asyconv.skeleton import JOINTS


def condition_of(seed: int, number: int, varied_share: float, condition: Condition = CALM_INFANT) -> Condition:
    """Condition of infant `number` of `seed` where this share of the infants is varied and the others are calm."""
    draw = np.random.default_rng(np.random.SeedSequence([seed, number, 31])).random()
    return replace(condition, varied=bool(draw < varied_share))


def make_clips(
    seed: int,
    number: int,
    clips: int,
    span_s: float = 60.0,
    condition: Condition = CALM_INFANT,
    pace: float = 1.0,
) -> ClipSet:
    """`clips` clips of infant `number` of `seed`, at random times within `span_s` seconds (see `infant_at_clips`)."""
    return infant_clips(infant_at_clips(seed, number, clips, span_s, condition, pace))


def infant_at_clips(
    seed: int,
    number: int,
    clips: int,
    span_s: float = 60.0,
    condition: Condition = CALM_INFANT,
    pace: float = 1.0,
) -> Infant:
    """Infant `number` of `seed` at the frames of `clips` clips, three after each other.

    The infant moves up to `pace` times as fast, differently in each clip (uniform in the logarithm).
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, number, 11]))
    starts = np.sort(rng.uniform(0.0, span_s, size=clips))
    spacing_s = SPACING_S * pace ** rng.uniform(0.0, 1.0, size=clips)
    times = starts[:, None] + spacing_s[:, None] * np.arange(CLIP_FRAMES)
    return make_infant(seed, number, times[np.argsort(times[:, -1])].ravel(), condition=condition)


def infant_clips(infant: Infant) -> ClipSet:
    """Clips of an infant whose times come in threes."""
    times = len(infant.motion.time_s)
    geometry = MapGeometry(WIDTH_PX, HEIGHT_PX)
    depth = np.empty((times, MAP_HEIGHT, MAP_WIDTH), np.uint16)
    visible = np.empty((times, len(JOINTS)), bool)
    for index, native, seen in frames_of(infant):
        depth[index] = np.round(geometry.resize(native) * 10.0)
        visible[index] = seen
    xy_map = geometry.to_map(project(infant.to_camera(infant.joints_bed))).astype(np.float32)
    shape = (times // CLIP_FRAMES, CLIP_FRAMES)
    return ClipSet(
        depth.reshape(*shape, MAP_HEIGHT, MAP_WIDTH),
        xy_map.reshape(*shape, len(JOINTS), 2),
        visible.reshape(*shape, len(JOINTS)),
    )
