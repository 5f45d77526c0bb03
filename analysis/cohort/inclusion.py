"""Inclusion: how many recordings were found, which dropped out where and why, and which are used."""

import re
import textwrap
from typing import Any, Final

import polars as pl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from asyconv.analysis.report.canvas import GRID, INK, MUTED, UNSEEN, Drawing

STAGES: Final = {
    "found": "Found",
    "failed": "Failed",
    "excluded": "Excluded",
    "withheld": "All amounts withheld",
    "used": "Used",
    "compared": "With infant and age",
}
LEFT_OUT: Final = {"failed": "failed", "excluded": "excluded", "withheld": "with all amounts withheld"}
REASONS_DRAWN: Final = 3


def inclusion(recordings: pl.DataFrame, values: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """One row per stage and reason: `stage`, `reason` (null = the whole stage), `recordings`, `infants`.

    Found = finished or failed. Failed: no result folder. Excluded: stated in the sheet, a second copy, or tables that
    cannot be read. Withheld: the share of time moving is given for no limb in the first epoch. A recording withheld for
    several reasons counts once, under the reason of most limbs.
    """
    amounts = values.filter((pl.col("feature") == "moving_pct") & (pl.col("epoch_start_s") == 0))
    given = set(amounts.filter(pl.col("value").is_not_null())["recording_id"])
    why = _commonest(amounts)
    rows: list[tuple[str, str, Any, bool]] = [
        ("failed", _general(str(why).replace(f"{name}: ", "")), None, False) for name, why in failed.iter_rows()
    ]
    for name, infant, age, left_out in recordings.select("recording_id", "infant_id", "pma_days", "left_out").rows():
        comparable = infant is not None and age is not None
        if left_out is not None:
            rows.append(("excluded", _general(left_out), infant, comparable))
        elif name not in given:
            rows.append(("withheld", why.get(name, "no amount was computed"), infant, comparable))
        else:
            rows.append(("used", "", infant, comparable))
    each = pl.DataFrame(
        rows, schema={"stage": pl.String, "reason": pl.String, "infant_id": pl.String, "comparable": pl.Boolean},
        orient="row",
    )  # fmt: skip
    used = each.filter(pl.col("stage") == "used")
    parts = [_counted("found", each), *(_stage(each, stage) for stage in LEFT_OUT)]
    parts += [_counted("used", used), _counted("compared", used.filter("comparable"))]
    return pl.concat(parts)


def _counted(stage: str, rows: pl.DataFrame, reason: str | None = None) -> pl.DataFrame:
    counts = (rows.height, rows["infant_id"].drop_nulls().n_unique())
    schema = {"stage": pl.String, "reason": pl.String, "recordings": pl.Int64, "infants": pl.Int64}
    return pl.DataFrame([(stage, reason, *counts)], schema=schema, orient="row")


def _stage(each: pl.DataFrame, stage: str) -> pl.DataFrame:
    rows = each.filter(pl.col("stage") == stage)
    of_reason = [_counted(stage, group, str(reason)) for (reason,), group in rows.group_by("reason")]
    by_count = sorted(of_reason, key=lambda counted: (-counted["recordings"][0], counted["reason"][0]))
    return pl.concat([_counted(stage, rows), *by_count])


def _commonest(amounts: pl.DataFrame) -> dict[str, str]:
    """Reason of most limbs by recording; of as many, the first in the alphabet."""
    reasons = amounts.filter(pl.col("value").is_null() & pl.col("reason").is_not_null())
    general = reasons.with_columns(pl.col("reason").map_elements(_general, return_dtype=pl.String))
    counted = general.group_by("recording_id", "reason").len()
    ordered = counted.sort("recording_id", "len", "reason", descending=[False, True, False])
    first = ordered.unique("recording_id", keep="first", maintain_order=True)
    return dict(first.select("recording_id", "reason").iter_rows())


def _general(reason: str) -> str:
    """Find the kind of a reason, without what differs between recordings: measured numbers, the name of a copy."""
    if reason.startswith("the same input as "):
        return "the same input as another recording"
    return re.sub(r"\d+(?:\.\d+)?(?=.*\bneeds\b)", "\N{HORIZONTAL ELLIPSIS}", reason)


def inclusion_flow(table: pl.DataFrame) -> Drawing | None:
    """Boxes from found to used, with what dropped out on the right; None where nothing did."""
    dropped = [stage for stage in LEFT_OUT if _counts(table, stage)[0]]
    if not dropped:
        return None
    tall = 24 + 20 * len(dropped)

    def draw(figure: Figure) -> None:
        ax = figure.add_axes((0, 0, 1, 1))
        ax.set(xlim=(0, 100), ylim=(0, tall))
        ax.axis("off")
        top, bottom = tall - 7, 7
        _box(ax, 4, top, 28, 11, _words(table, "found"), strong=True)
        ax.annotate("", (18, bottom + 6), (18, top - 6), arrowprops=_ARROW)
        for k, stage in enumerate(dropped):
            y = tall - 24 - 20 * k
            ax.annotate("", (41, y), (18, y), arrowprops=_ARROW)
            _box(ax, 41, y, 57, 17, _words(table, stage), strong=False, below=_reasons(table, stage))
        _box(ax, 4, bottom, 28, 11, _words(table, "used"), strong=True)

    return Drawing("inclusion", "Inclusion", draw, table, inclusion_words(table), 0.048 * tall)


_ARROW: Final = {"arrowstyle": "-|>", "color": MUTED, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}


def _box(ax: Any, x: float, y: float, width: float, height: float, text: str, *, strong: bool, below: str = "") -> None:
    edge, face = (INK, "white") if strong else (GRID, UNSEEN)
    patch = FancyBboxPatch(
        (x, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.8", fc=face, ec=edge, lw=1.0
    )
    ax.add_patch(patch)
    top = y + (height / 2 - 2.6 if below else 0)
    ax.text(x + 2, top, text, va="top" if below else "center", weight="bold", fontsize=9)
    ax.text(x + 2, top - 5.2, below, va="top", fontsize=7.5, color=INK, linespacing=1.25, parse_math=False)


def _counts(table: pl.DataFrame, stage: str) -> tuple[int, int]:
    row = table.filter((pl.col("stage") == stage) & pl.col("reason").is_null()).row(0, named=True)
    return row["recordings"], row["infants"]


def _words(table: pl.DataFrame, stage: str) -> str:
    return f"{STAGES[stage]}: {_counts(table, stage)[0]}"


def whose(recordings: int, infants: int) -> str:
    """`24 recordings of 12 named infants`."""
    of = f"of {infants} named infant{'s' * (infants != 1)}" if infants else "of unnamed infants"
    return f"{recordings} recording{'s' * (recordings != 1)} {of}"


def _reasons(table: pl.DataFrame, stage: str) -> str:
    rows = table.filter((pl.col("stage") == stage) & pl.col("reason").is_not_null())
    lines = [_line(f"{n} \N{MULTIPLICATION SIGN} {reason}") for _, reason, n, _ in rows.head(REASONS_DRAWN).iter_rows()]
    if rows.height > REASONS_DRAWN:
        lines[-1] = f"and {rows.height - REASONS_DRAWN + 1} more reasons, in the table"
    return "\n".join(lines)


def _line(text: str) -> str:
    beyond_ascii = set("\N{MULTIPLICATION SIGN}\N{HORIZONTAL ELLIPSIS}")
    plain = "".join(c if (c.isascii() and c.isprintable()) or c in beyond_ascii else "?" for c in text)
    return textwrap.shorten(plain, 84, placeholder=" \N{HORIZONTAL ELLIPSIS}") if " " in plain[:80] else plain[:84]


def inclusion_words(table: pl.DataFrame) -> str:
    """Say what was found, what is used, what was left out and what may be compared."""
    n = {stage: _counts(table, stage) for stage in STAGES}
    out = [f"{n['found'][0]} recordings were found."]
    if drops := [f"{n[stage][0]} {what}" for stage, what in LEFT_OUT.items() if n[stage][0]]:
        out.append(f"Left out: {', '.join(drops)}.")
    out.append(f"Used: {whose(*n['used'])}." if n["used"][0] else "None is used.")
    if n["used"][0]:
        out.append(
            f"{n['compared'][0] or 'None'} of these {'states' if n['compared'][0] < 2 else 'state'} both infant and "
            "age and may be compared with others."
        )
    return " ".join(out)
