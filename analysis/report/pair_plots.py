"""Pairs of limbs as figures: bars of lateralisation, and the matrix of correlations and lags."""

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from asyconv.analysis.measures.measure import LEFT_RIGHT, Result
from asyconv.analysis.report.canvas import GRID, HALF_IN, INK, MUTED, POSTURE, UNSEEN, Drawing, limb_name
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

SIDES: Final = tuple(f"lateralisation_{of}_pct" for of in ("path", "moving", "rom", "lift"))
TOGETHER: Final = ("corr_speed_r", "xcorr_max", "xcorr_bound", "lag_s")
EPOCHS_MAX: Final = 6
"""More epochs than this stand in the tables only."""


def symmetry_bars(movement: "Movement") -> Drawing:
    """Lateralisation of arms and legs as bars from the middle, with intervals where they are given."""
    data = _symmetry_data(movement)
    of_epochs = data.filter(pl.col("epoch_start_s").is_in(_starts(movement)[:EPOCHS_MAX]))
    several = of_epochs["epoch_start_s"].n_unique() > 1

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0.36, 0.44 / height, 0.61, 1 - 0.72 / height))
        for k, row in enumerate(of_epochs.iter_rows(named=True)):
            if row["value"] is None:
                ax.text(3, k, "withheld", va="center", color=MUTED, fontsize=7)
                continue
            ax.barh(k, row["value"], height=0.5, color=POSTURE, edgecolor=INK, lw=0.8)
            if row["ci_lo"] is not None:
                ax.plot([row["ci_lo"], row["ci_hi"]], [k, k], color=INK, lw=1.2, marker="|", ms=5)
        names = [
            f"{limb_name(row['limbs'])}, {row['of']}" + (f", from {row['epoch_start_s']:.0f} s" if several else "")
            for row in of_epochs.iter_rows(named=True)
        ]
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(-100, 100)
        ax.set_xticks(range(-100, 101, 50))
        ax.axvline(0, color=INK, lw=0.9)
        ax.set_xlabel("100 (R - L) / (R + L)  (%)")
        ax.grid(axis="x", color=GRID, lw=0.5)
        ax.set_axisbelow(True)
        ax.tick_params(length=0, axis="y", labelcolor=INK)
        for x, side, ha in ((-100, "more on the left", "left"), (100, "more on the right", "right")):
            ax.text(x, -0.75, side, ha=ha, va="bottom", color=MUTED, fontsize=7.5)

    height = 0.9 + 0.29 * max(1, of_epochs.height)
    given = sum(value is not None for value in of_epochs["value"])
    summary = (
        "Left and right set against each other, both under the larger of their floors; positive: more on the infant's "
        f"right. {given} of {of_epochs.height} values are given. Lines are intervals within this recording. An index "
        "says nothing of its cause."
    )
    return Drawing("symmetry", "Left and right", draw, data, summary, height, HALF_IN)


def _symmetry_data(movement: "Movement") -> pl.DataFrame:
    rows = [
        (
            r.epoch_start_s,
            "arms" if r.part == LEFT_RIGHT[0] else "legs",
            r.measure.label.removeprefix("Lateralisation of "),
            r.value,
            *(r.interval or (None, None)),
            r.n,
            r.reason,
        )
        for start in _starts(movement)
        for name in SIDES
        for r in movement.results
        if r.measure.name == name and r.epoch_start_s == start
    ]
    kinds = (pl.Float64, pl.String, pl.String, pl.Float64, pl.Float64, pl.Float64, pl.Int64, pl.String)
    names = ("epoch_start_s", "limbs", "of", "value", "ci_lo", "ci_hi", "n", "reason")
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def coordination_matrix(movement: "Movement") -> Drawing:
    """Four by four limbs: correlation of speed above the diagonal, lag below; blank where chance gives as much."""
    data = _pair_data(movement)
    starts = _starts(movement)[:EPOCHS_MAX]
    columns = min(2, len(starts))
    lines = -(-len(starts) // columns)

    def draw(figure: Figure) -> None:
        for k, start in enumerate(starts):
            of_epoch = data.filter(pl.col("epoch_start_s") == start)
            width, height = 1 / columns, 1 / lines
            box = (width * (k % columns + 0.24), 1 - height * (k // columns + 0.94), 0.74 * width, 0.72 * height)
            ax = figure.add_axes(box)
            _matrix(ax, {(r["first"], r["second"]): r for r in of_epoch.iter_rows(named=True)})
            if len(starts) > 1:
                ax.set_title(f"from {start:.0f} s", fontsize=8, pad=22)

    height_in = lines * 3.3 / columns
    kept = [row for row in data.iter_rows(named=True) if row["above_chance"]]
    clear = ", ".join(f"{limb_name(row['first'])} and {limb_name(row['second'])}" for row in kept) or "none"
    summary = (
        "Above the diagonal: correlation r of the speed of two limbs; below: lag in s of the largest "
        "correlation within 1 s, positive where the limb of the row comes later. A dot: not above what shifted "
        f"time gives by chance; a dash: withheld. Above chance: {clear}. Two limbs that rest in the same quiet "
        "state correlate without moving together."
    )
    return Drawing("coordination", "Coordination", draw, data, summary, height_in, HALF_IN)


def _matrix(ax: Any, pairs: dict[tuple[str, str], dict[str, Any]]) -> None:
    names = list(LIMBS)
    ax.set_xlim(-0.5, 3.5)
    ax.set_ylim(3.5, -0.5)
    ax.set_xticks(range(4), [limb_name(name).replace(" ", "\n") for name in names])
    ax.set_yticks(range(4), [limb_name(name) for name in names])
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelcolor=INK)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for i, first in enumerate(names):
        for j, second in enumerate(names):
            if i == j:
                ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=UNSEEN, edgecolor=GRID, lw=0.8))
                continue
            ax.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=GRID, lw=0.8))
            ax.text(j, i, entry(pairs, first, second, i < j), ha="center", va="center", fontsize=8)


def entry(pairs: dict[tuple[str, str], dict[str, Any]], row: str, column: str, above: bool) -> str:
    """Text of one cell: r above the diagonal, the lag of the row's limb behind the column's below it."""
    straight = pairs.get((row, column))
    pair = straight or pairs[column, row]
    if pair["r"] is None:
        return "\N{EN DASH}"
    if not pair["above_chance"]:
        return "\N{MIDDLE DOT}"
    if above:
        return f"r {pair['r']:.2f}".replace("-", "\N{MINUS SIGN}")
    lag = -pair["lag_s"] if straight else pair["lag_s"]
    return (f"{lag:+.2f} s" if abs(lag) >= 0.005 else "0.00 s").replace("-", "\N{MINUS SIGN}")


def _pair_data(movement: "Movement") -> pl.DataFrame:
    """Correlation, its bound by chance and the lag of each pair; positive: the limb named second comes later."""
    by_pair = {(r.epoch_start_s, r.part, r.measure.name): r for r in movement.results if r.measure.name in TOGETHER}
    parts = list(dict.fromkeys((start, part) for start, part, _ in by_pair))
    rows = [
        _pair_row(start, part, [by_pair[start, part, name] for name in TOGETHER])
        for start, part in parts
        if all((start, part, name) in by_pair for name in TOGETHER)
    ]
    kinds = (pl.Float64, pl.String, pl.String, *(pl.Float64,) * 4, pl.Boolean, pl.Int64, pl.String)
    names = ("epoch_start_s", "first", "second", "r", *TOGETHER[1:], "above_chance", "n", "reason")
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _pair_row(start_s: float, part: str, results: list[Result]) -> tuple[Any, ...]:
    values = [result.value for result in results]
    _, highest, bound, lag = values
    clear = lag is not None and highest is not None and bound is not None and highest > bound
    return (start_s, *part.split("-"), *values, clear, results[0].n, results[0].reason or results[3].reason)


def _starts(movement: "Movement") -> list[float]:
    return sorted({result.epoch_start_s for result in movement.results})
