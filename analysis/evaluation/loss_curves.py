"""Loss curves of a training as a picture, from its losses.csv."""

import csv
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from asyconv.analysis.report.canvas import draw_png

_MARKS: Final = {"training": ("-", 1.0, "#0072B2")}
_VALIDATION: Final = ("o-", 1.5, "#D55E00")


def draw_losses(losses: Path) -> Path:
    """Draw a ``losses.csv`` as a picture beside it, a panel for each network; give its path."""
    with losses.open(encoding="utf8", newline="") as file:
        rows = list(csv.DictReader(file))
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    panels = max(1, len(stages))

    def draw(figure: Figure) -> None:
        for panel, stage in zip(figure.subplots(1, panels, squeeze=False)[0], stages, strict=False):
            own = [row for row in rows if row["stage"] == stage]
            for what in dict.fromkeys(row["what"] for row in own):
                points = [(int(row["step"]), float(row["value"])) for row in own if row["what"] == what]
                style, size, colour = _MARKS.get(what, _VALIDATION)
                label = "training loss" if what == "training" else f"{what} on tuning infants"
                panel.plot(*zip(*points, strict=True), style, ms=3, lw=size, color=colour, label=label)
            panel.set(title=stage, xlabel="step", ylabel="value", yscale="log")
            panel.legend(frameon=False, fontsize=8)
            panel.spines[["top", "right"]].set_visible(False)
        figure.set_layout_engine("constrained")

    path = losses.with_suffix(".png")
    path.write_bytes(draw_png(draw, 3.4, 5.0 * panels))
    return path
