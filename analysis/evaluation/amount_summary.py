"""Amounts beside the truth in one line: limbs given, paths and moving shares near the truth, false movement, jitter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation

from asyconv.analysis.evaluation.agreement import PATH_LEAST_MM_PER_MIN, PATH_OFF_MAX, Amounts
from asyconv.analysis.evaluation.jitter import Jitter
from asyconv.analysis.measures.gates import COVERAGE_MIN_PCT
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

MOVING_NEAR_PP: Final = 3.0
APART_S: Final = 0.2
"""Movement this far from any true one is false; nearer it is a bout that begins too early or ends too late."""


@dataclass(frozen=True)
class LimbError:
    """One limb of one recording: amounts found and true; false movement in % of its time; jitter at rest; NaN: none.

    `visible_pct` is the share of the time in which all its joints are truly visible.
    """

    measured: Amounts
    true: Amounts
    visible_pct: float
    coverage_pct: float
    false_pct: float
    jitter_mm_s: float

    @property
    def given(self) -> bool:
        """Whether the amounts are given, plainly or as lower bounds."""
        return self.measured.path_active_mm_per_min is not None


def limb_errors(
    movement: "Movement",
    measured: Mapping[str, Amounts],
    truth: Mapping[str, Amounts],
    moving: npt.NDArray[np.bool_],
    visible_pct: npt.NDArray[np.float64],
    jitter: Mapping[str, Jitter] | None = None,
) -> list[LimbError]:
    """Errors of the four limbs of a recording whose frames truly have `moving` [F, 4] and limbs `visible_pct` [4]."""
    time = movement.clean.time
    at = np.flatnonzero(time.frame > 0)
    out = []
    for k, limb in enumerate(LIMBS):
        series = movement.limbs[limb]
        apart = ~binary_dilation(moving[:, k], iterations=round(APART_S * time.fs_hz))[time.frame[at] - 1]
        false = (series.moving[at] & apart).sum() / max(1, series.valid.sum())
        rest = float("nan") if jitter is None else jitter[limb].at_rest_mm_s
        coverage_pct = 100 * float(series.valid.mean())
        out.append(LimbError(measured[limb], truth[limb], visible_pct[k], coverage_pct, 100 * float(false), rest))
    return out


def figures(limbs: Sequence[LimbError]) -> dict[str, Any]:
    """What is said of `limbs`: counts, and means of those that are given; NaN where there is none."""
    given = [limb for limb in limbs if limb.given]
    ratios = np.array(
        [
            (limb.measured.path_active_mm_per_min or 0.0) / (limb.true.path_active_mm_per_min or 1.0)
            for limb in given
            if (limb.true.path_active_mm_per_min or 0.0) >= PATH_LEAST_MM_PER_MIN
        ]
    )
    off = np.array([abs((limb.measured.moving_pct or 0.0) - (limb.true.moving_pct or 0.0)) for limb in given])
    jitter = np.array([limb.jitter_mm_s for limb in limbs])
    jitter = jitter[np.isfinite(jitter)]
    return {
        "limbs": len(limbs),
        "visible": sum(limb.visible_pct >= COVERAGE_MIN_PCT for limb in limbs),
        "given": len(given),
        "coverage_pct": float(np.mean([limb.coverage_pct for limb in limbs])) if limbs else float("nan"),
        "paths": len(ratios),
        "paths_near": int((abs(ratios - 1) <= PATH_OFF_MAX).sum()),
        "path_ratio_median": float(np.median(ratios)) if len(ratios) else float("nan"),
        "moving_near": int((off <= MOVING_NEAR_PP).sum()),
        "false_moving_pct": float(np.mean([limb.false_pct for limb in given])) if given else float("nan"),
        "jitter_p90_mm_s": float(np.percentile(jitter, 90)) if len(jitter) else float("nan"),
    }


def summary_text(by_name: Mapping[str, Sequence[LimbError]]) -> str:
    """A table for a terminal, a line for each source of tracks or condition."""
    heads = ("visible", "limbs given", "coverage", "paths near", "path ratio", "moving near", "false", "jitter P90")
    width = max(28, *(len(name) + 2 for name in by_name))
    lines = [" " * width + "".join(f"{head:>13}" for head in heads)]
    for name, limbs in by_name.items():
        f = figures(limbs)
        cells = (
            f"{f['visible']} of {f['limbs']}", f"{f['given']} of {f['limbs']}", f"{f['coverage_pct']:.0f} %",
            f"{f['paths_near']} of {f['paths']}", f"{f['path_ratio_median']:.2f}",
            f"{f['moving_near']} of {f['given']}", f"{f['false_moving_pct']:.2f} %", f"{f['jitter_p90_mm_s']:.1f} mm/s",
        )  # fmt: skip
        lines.append(f"{name:{width}}" + "".join(f"{cell:>13}" for cell in cells))
    lines.append(
        f"visible: limbs whose three joints can truly be seen in {COVERAGE_MIN_PCT:g} % of the time or more; paths "
        f"near: given ones within {100 * PATH_OFF_MAX:.0f} % of a true path of at least {PATH_LEAST_MM_PER_MIN:g} "
        f"mm/min; path ratio: median of measured / true; moving near: within {MOVING_NEAR_PP:g} points; false: time "
        f"said to move {APART_S:g} s and more from true movement, mean of the limbs given; jitter: 90th percentile of "
        "the speed error at rest over all limbs. SIMULATED infants."
    )
    return "\n".join(lines)
