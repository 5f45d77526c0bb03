"""Figures of a model's errors: boxes of RMSD by limb (Fig. 4 of the paper) and the reliability of its confidences."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.report.canvas import GRID, HALF_IN, INK, LIMB_COLOURS, MUTED, Drawing, limb_name
from asyconv.skeleton import LIMBS

Floats = npt.NDArray[np.float64]

COLOURS: Final = ("#0072b2", "#b84e00", "#00745a", "#9c3f77")


def limb_boxes(rmsd_map: Mapping[str, Mapping[str, Floats]], held_out: str) -> Drawing:
    """A panel for each limb, a box for each framework: quartiles, median, whiskers to P5 and P95 of RMSD over frames.

    `rmsd_map` holds map px by framework and limb, NaN = none.
    """
    data = pl.DataFrame(
        [
            {"framework": name, "limb": limb, **_box(limbs[limb]), "held_out": held_out}
            for limb in LIMBS
            for name, limbs in rmsd_map.items()
        ]
    )

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(LIMBS), sharey=True)
        for panel, limb in zip(panels, LIMBS, strict=True):
            rows = data.filter(pl.col("limb") == limb).to_dicts()
            for at, row in enumerate(rows):
                if row["p50"] is not None:
                    _draw_box(panel, at, row, COLOURS[at % len(COLOURS)])
            panel.set_title(limb_name(limb), color=LIMB_COLOURS[limb], fontsize=9)
            panel.set_xticks(range(len(rows)), [row["framework"].replace(" ", "\n") for row in rows], fontsize=6.5)
            panel.set_xlim(-0.6, len(rows) - 0.4)
            panel.grid(axis="y", color=GRID, lw=0.5)
            panel.set_axisbelow(True)
        panels[0].set_ylim(bottom=0)
        panels[0].set_ylabel("RMSD, px of the 128x96 map")
        figure.suptitle(f"{held_out}; box = quartiles, whiskers = P5 and P95", fontsize=8, color=MUTED)
        figure.set_layout_engine("constrained")

    words = f"Root mean square distance of each limb's joints over frames of {held_out}."
    return Drawing("fig4", "RMSD by limb and framework", draw, data, words, 3.2)


def _box(values: Floats) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    parts = np.percentile(finite, [5, 25, 50, 75, 95]).tolist() if len(finite) else [None] * 5
    return {"n_frames": len(finite), **dict(zip(("p5", "p25", "p50", "p75", "p95"), parts, strict=True))}


def _draw_box(panel: Any, at: int, row: dict[str, Any], colour: str) -> None:
    box = {"med": row["p50"], "q1": row["p25"], "q3": row["p75"], "whislo": row["p5"], "whishi": row["p95"]}
    line = {"color": colour, "linewidth": 1.0}
    panel.bxp(
        [box], positions=[at], widths=0.5, showfliers=False, patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": colour, "alpha": 0.25, "edgecolor": colour},
        medianprops={"color": INK, "linewidth": 1.4}, whiskerprops=line, capprops=line,
    )  # fmt: skip
    panel.annotate(f"{row['p50']:.2f}", (at + 0.29, row["p50"]), fontsize=7, color=INK, va="center")


def reliability_curve(rows: Sequence[Mapping[str, Any]], calibration_error: float, held_out: str) -> Drawing:
    """Share of right joints against mean confidence in bins of equal count, with the diagonal it should lie on."""
    data = pl.DataFrame([dict(row) for row in rows]).with_columns(held_out=pl.lit(held_out))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls="--", label="as it should be")
        axes.plot(data["confidence"], data["share_right"], "o-", color=COLOURS[0], ms=3.5, lw=1.2, label="measured")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="share of right joints")
        axes.set_aspect("equal")
        axes.grid(color=GRID, lw=0.5)
        axes.legend(frameon=False, loc="upper left")
        found = f"expected calibration error {calibration_error:.3f}; {len(rows)} bins of equal count"
        axes.set_title(f"{held_out}\n{found}", fontsize=7, color=MUTED)
        figure.set_layout_engine("constrained")

    words = f"Share of joints within 3 map px of a visible joint, by confidence, on {held_out}."
    return Drawing("reliability", "Reliability of the confidences", draw, data, words, 3.9, HALF_IN)


def trade_curve(rows: Sequence[Mapping[str, Any]], held_out: str) -> Drawing:
    """Missed against invented joints for presence thresholds moved together, with the model's own marked."""
    data = pl.DataFrame([dict(row) for row in rows]).with_columns(held_out=pl.lit(held_out))
    own = data.filter(pl.col("shift") == 0.0)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(data["invented_pct"], data["missed_pct"], "o-", color=COLOURS[0], ms=2.5, lw=1.2)
        axes.plot(own["invented_pct"], own["missed_pct"], "o", color=COLOURS[1], ms=6, label="the model's thresholds")
        axes.set(xlabel="invented, % of the predictions", ylabel="missed, % of the visible joints")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(color=GRID, lw=0.5)
        axes.legend(frameon=False)
        axes.set_title(f"{held_out}\neach point: log odds of all thresholds moved by 0.25", fontsize=7, color=MUTED)
        figure.set_layout_engine("constrained")

    words = f"What a higher or lower threshold of presence would miss and invent on {held_out}."
    return Drawing("presence_trade", "Missed and invented joints", draw, data, words, 3.6, HALF_IN)
