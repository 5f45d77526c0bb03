"""Picture of amounts of movement from predicted joints beside the same functions on true joints, limb by limb."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from matplotlib.figure import Figure

from asyconv.analysis.evaluation.agreement import LABELS, MEASURES
from asyconv.analysis.report.canvas import GRID, LIMB_COLOURS, MUTED, Drawing, limb_name

MARKS: Final = {"plain": "o", "at least": "^"}


def agreement_picture(rows: Sequence[Mapping[str, Any]]) -> Drawing:
    """A panel for each measure: measured against true, a point for each recording and limb, equality as a line.

    `rows` are those of `agreement.rows`. Filled circles are given plainly, open triangles stand for "at least".
    """
    data = pl.DataFrame([dict(row) for row in rows], infer_schema_length=None)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(MEASURES))
        for panel, name in zip(panels, MEASURES, strict=True):
            of_measure = data.filter(pl.col("measure") == name)
            pairs = of_measure.drop_nulls(["measured", "true"])
            top = max([1.0, *pairs["true"], *pairs["measured"]]) * 1.05
            panel.plot([0, top], [0, top], color=MUTED, lw=0.8, ls="--")
            for (limb, given), points in pairs.group_by(["limb", "given"], maintain_order=True):
                colour = LIMB_COLOURS[str(limb)]
                face = colour if given == "plain" else "none"
                panel.scatter(
                    points["true"],
                    points["measured"],
                    s=16,
                    marker=MARKS[str(given)],
                    edgecolors=colour,
                    facecolors=face,
                )
            panel.set(xlim=(0, top), ylim=(0, top), xlabel=f"true: {LABELS[name]}")
            panel.set_aspect("equal")
            panel.grid(color=GRID, lw=0.5)
            panel.set_axisbelow(True)
            panel.set_title(f"{len(of_measure) - len(pairs)} of {len(of_measure)} withheld", fontsize=7, color=MUTED)
        panels[0].set_ylabel("measured from predicted joints")
        for at, (limb, colour) in enumerate(LIMB_COLOURS.items()):
            figure.text(0.02 + 0.12 * at, 0.99, limb_name(limb), color=colour, fontsize=8, va="top")
        figure.text(0.98, 0.99, "SIMULATED infants; triangles: at least", ha="right", va="top", color=MUTED, fontsize=7)
        figure.tight_layout(rect=(0, 0, 1, 0.95))

    return Drawing(
        "agreement",
        "Movement from predicted and true joints",
        draw,
        data,
        "Amounts and ranges of simulated infants, measured from predicted joints against the truth.",
        2.4,
        10.0,
    )
