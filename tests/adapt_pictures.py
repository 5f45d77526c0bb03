"""Draw docs/adapt.png from benchmarks/adapt.csv: ``python -m tests.adapt_pictures docs``."""

import csv
import sys
from pathlib import Path

from matplotlib.figure import Figure

from tests.helpers.real_data import ROOT

PANELS = {
    "missed_pct": "missed, %",
    "invented_pct": "invented, %",
    "limbs_beyond_10_px_pct": "limbs more than 10 px off, %",
}
STYLES = {"3": "s:#6b8e23", "4": "o-#1f4e79", "8": "D-#b35900"}
"""Marker, line and colour by the number of labelled infants."""


def curves() -> list[dict[str, str]]:
    """Rows of the newest weights, measured with fresh seeds on infants of the hospital who were never labelled."""
    with (ROOT / "benchmarks" / "adapt.csv").open(encoding="utf8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["what"].endswith("curve")]
    newest = rows[-1]["weights"].partition(",")[0]
    return [row for row in rows if row["weights"].partition(",")[0] == newest]


def draw(path: Path) -> None:
    """Errors by labelled frames, a line for each number of infants; without labels all begin at the same errors."""
    rows = curves()
    figure = Figure(figsize=(8.4, 2.7), layout="constrained")
    for axes, (key, label) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for infants, style in STYLES.items():
            own = [row for row in rows if row["labelled_infants"] in ("0", infants)]
            points = sorted((int(row["labelled_frames"]), float(row[key])) for row in own)
            marker, line, colour = style[0], style[1], style[2:]
            axes.plot(
                *zip(*points, strict=True), marker=marker, linestyle=line, color=colour, label=f"{infants} infants"
            )
        axes.set_xlabel("labelled frames")
        axes.set_ylabel(label)
        axes.set_ylim(0, 1.1 * max(float(row[key]) for row in rows))
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].legend(frameon=False)
    figure.suptitle("SIMULATED other hospital, infants who were never labelled", fontsize=10)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) / "adapt.png")
