"""How long drawing target maps takes, beside filling their buffer with a constant."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from asyconv.kernels.timing import PARTS, facts, measure
from asyconv.simulation.clips import make_clips
from asyconv.simulation.seeds import TRAIN_SEED
from asyconv.training.target_sizes import RADIUS_PAPER_MAP, RADIUS_USEFUL_MAP
from asyconv.training.targets import Kind, draw_targets


def target_rows(device: torch.device, clips: int, seconds: float) -> Iterator[dict[str, object]]:
    """Times (ms) of filling the buffer of `clips` clips and of drawing a simulated infant's joints into it.

    Their ratio is one of 20th percentiles, which other work on the computer disturbs least.
    """
    clip_set = make_clips(TRAIN_SEED, 0, clips)
    xy_map = torch.from_numpy(np.where(clip_set.visible[..., None], clip_set.xy_map, np.nan)).to(device)
    yield _row(xy_map, "detection", RADIUS_USEFUL_MAP, seconds)
    yield _row(xy_map, "regression", RADIUS_PAPER_MAP, seconds)


def _row(xy_map: Tensor, kind: Kind, radius: float, seconds: float) -> dict[str, object]:
    out = draw_targets(xy_map, kind, disc_radius=radius)
    timed = partial(measure, device=out.device, seconds=seconds, repeats=101)
    fill = timed(lambda: out.fill_(0.0))
    draw = timed(lambda: draw_targets(xy_map, kind, disc_radius=radius, out=out))
    base = facts(out.device, torch.float32)
    return {
        "kind": kind,
        "radius_map": radius,
        "shape": "x".join(map(str, out.shape)),
        **{f"fill_{p}_ms": round(t, 3) for p, t in zip(PARTS, fill, strict=True)},
        **{f"draw_{p}_ms": round(t, 3) for p, t in zip(PARTS, draw, strict=True)},
        "times_filling": round(draw[0] / fill[0], 2),
        **{name: getattr(base, name) for name in ("device", "threads", "torch", "commit")},
    }
