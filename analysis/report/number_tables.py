"""Tables of numbers for readers: a value with its interval and n, or a dash with the number of the reason below."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from asyconv.analysis.measures.gates import NO_GATE
from asyconv.analysis.measures.registry import Measure, Result, Scope, core_rows, measures
from asyconv.analysis.report.canvas import Drawing, pair_name
from asyconv.analysis.tables.trunk_lengths import name_in_mm

DASH: Final = "\N{EN DASH}"
BOUNDS: Final = {
    "moving_pct": ("moving_least_pct", "moving_most_pct"),
    "path_active_mm_per_min": ("path_least_mm_per_min",),
}
"""What stands in the place of an amount that is withheld."""


@dataclass(frozen=True)
class NumberCell:
    """A table cell: text, or the number of a footnote that gives the reason in its place; an interval; n."""

    text: str
    note: str = ""
    interval: str = ""
    n: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table: its name, unit and formula, and a cell for each part."""

    label: str
    unit: str
    formula: str
    cells: list[NumberCell]


@dataclass(frozen=True)
class NumberTable:
    """A table for readers: parts as columns, measures as rows, the reasons for its dashes."""

    parts: list[str]
    rows: list[Row]
    notes: list[str]


def key_table(results: Sequence[Result], limbs: Sequence[str]) -> NumberTable:
    """The core measures of one epoch by limb, each with n and, where it was earned, an interval."""
    by_part = {(name_in_mm(r.measure.name), r.part): r for r in results}
    notes: list[str] = []
    rows = []
    for row in core_rows():
        label = row[0].label if len(row) == 1 else _either(row[0].label, row[1].label)
        of_row = [next(by_part[m.name, limb] for m in row if (m.name, limb) in by_part) for limb in limbs]
        cells = [
            _bounded(by_part, r, cell(r, notes, with_n=r.measure.gates != NO_GATE, noise=_noise(by_part, r)))
            for r in of_row
        ]
        rows.append(Row(label, of_row[0].measure.unit, " / ".join(m.formula for m in row), cells))
    return NumberTable([pair_name(limb) for limb in limbs], rows, notes)


def _bounded(by_part: dict[tuple[str, str], Result], result: Result, withheld: NumberCell) -> NumberCell:
    """The bounds of a withheld amount beside the number of its reason; any other cell as it is."""
    bounds = [by_part.get((name, result.part)) for name in BOUNDS.get(name_in_mm(result.measure.name), ())]
    texts = [number(b.value, b.measure) if b is not None and b.value is not None else "" for b in bounds]
    if result.value is not None or not texts or not texts[0]:
        return withheld
    least, *most = filter(None, texts)
    return replace(withheld, text=f"{least} to {most[0]}" if most else f"at least {least}")


def _noise(by_part: dict[tuple[str, str], Result], result: Result) -> str:
    """Noise of the angle beside its range: a range of 3.3 times as much is no movement."""
    noise = by_part.get((result.measure.name.replace("_rom_deg", "_noise_deg"), result.part))
    if noise is None or noise is result or noise.value is None:
        return ""
    return f"noise {number(noise.value, noise.measure)}"


def _either(arm: str, leg: str) -> str:
    """Two labels with the same end as one: "Elbow range" and "Knee range" as "Elbow / knee range"."""
    first, second = arm.split(), leg.split()
    same = 0
    while first[-1 - same] == second[-1 - same]:
        same += 1
    start, other = " ".join(first[: len(first) - same]), " ".join(second[: len(second) - same])
    return f"{start.rstrip(',')} / {other[0].lower()}{other[1:]} {' '.join(first[len(first) - same :])}"


def scope_table(results: Sequence[Result], scope: Scope) -> NumberTable:
    """The core measures of one scope and epoch: parts as columns, measures as rows."""
    by_part = {(r.measure.name, r.part): r for r in results if r.measure.scope == scope}
    parts = list(dict.fromkeys(part for _, part in by_part))
    notes: list[str] = []
    rows = []
    for m in measures(scope, "core"):
        given = (by_part.get((m.name, part)) for part in parts)
        cells = [NumberCell("") if result is None else cell(result, notes) for result in given]
        rows.append(Row(m.label, m.unit, m.formula, cells))
    return NumberTable([pair_name(part) for part in parts], rows, notes)


def cell(result: Result, notes: list[str], *, with_n: bool = False, noise: str = "") -> NumberCell:
    """A result for readers; a new reason is added to `notes`."""
    if result.value is None:
        if result.reason not in notes:
            notes.append(result.reason)
        return NumberCell(DASH, str(notes.index(result.reason) + 1))
    interval = " to ".join(number(bound, result.measure) for bound in result.interval or ())
    at_least = "\N{GREATER-THAN OR EQUAL TO}\N{NARROW NO-BREAK SPACE}" if result.lower_bound else ""
    text = at_least + number(result.value, result.measure)
    n = ", ".join(words for words in (noise, f"n {result.n}" if with_n else "") if words)
    return NumberCell(text, interval=f"({interval})" if interval else "", n=n)


def number(value: float, measure: Measure) -> str:
    """`value` with the measure's decimals and a thin space between thousands."""
    text = f"{value:,.{measure.decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return "0" if text.strip("-0.") == "" else text.replace("-", "\N{MINUS SIGN}")


def figure_table(drawing: Drawing) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of what a figure shows, as text."""
    table = drawing.data if drawing.table is None else drawing.table
    return [name.replace("_", " ") for name in table.columns], [[_text(v) for v in row] for row in table.iter_rows()]


def _text(value: Any) -> str:
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    return pair_name(str(value))
