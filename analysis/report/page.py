"""The movement report of one infant: one self-contained HTML file that says first what it may be trusted for.

No time, path or file name of the recording enters the report. How pages are made: html.py.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from asyconv.analysis.measures.gates import COVERAGE_MIN_PCT
from asyconv.analysis.measures.intervals import SHOWN_MIN_PCT
from asyconv.analysis.measures.registry import REGISTRY, Result
from asyconv.analysis.report.canvas import Drawing
from asyconv.analysis.report.drawings import drawings
from asyconv.analysis.report.first_page import first_page, found
from asyconv.analysis.report.html import data_uri, page_html
from asyconv.analysis.report.methods import methods_text, references
from asyconv.analysis.report.number_tables import figure_table, key_table, scope_table
from asyconv.analysis.report.player import player
from asyconv.analysis.report.provenance import provenance
from asyconv.analysis.report.strips import limb_strips
from asyconv.analysis.report.trust import trust
from asyconv.analysis.tables.movement import Movement
from asyconv.errors import InputError
from asyconv.skeleton import LIMBS
from asyconv.whole_files import write_whole

GLOSSARY: Final = tuple(m for m in REGISTRY if m.tier == "core" or m.name == "coverage_used_pct")
"""Measures that the report explains."""
ERROR_WORDS: Final = (
    "In brackets beside moving share and path: where the true amount of this recording lies, as 95 % of SIMULATED "
    "limbs do, from the error of the speeds and the time that was not seen. "
)
INTERVAL_WORDS: Final = (
    "In brackets: precision within this recording (95 %, from blocks of it), for measures whose intervals hold the "
    f"long-run value in at least {SHOWN_MIN_PCT:g} % of SIMULATED recordings. It is not for comparing infants, nor for "
    "other days or states of sleep."
)
RATE_LIMITS: Final = (
    ("usable band", "0-5 Hz", "0-2 Hz"),
    ("speed kept at 1 / 2 / 2.5 Hz", "99 / 97 / 96 %", "83 / 41 / 19 %"),
    ("shortest bout", "0.2 s", "0.5 s"),
    ("jerk, smoothness, spectra above 2 Hz", "where the floor permits", "withheld"),
    ("jump gate 1500 mm/s", "50 mm a frame", "250 mm a frame, in effect blind"),
)
"""What the sampling rate permits: property, at 25 Hz or more, at 6 Hz (movement.md section 5)."""


def write_report(movements: Sequence[Movement] | Movement, path: Path, figures: Path | None = None) -> Path:
    """Write the report of one recording, or of several recordings of one infant, to `path`.

    `figures` is the folder into which `write_drawings` has put the figures of the one recording.
    """
    several = [movements] if isinstance(movements, Movement) else list(movements)
    return write_whole(path, render(several, figures))


def render(movements: Sequence[Movement], figures: Path | None = None) -> str:
    """Make the report as HTML text; the same movements give the same text. `figures`: see `write_report`."""
    if not movements:
        raise InputError("report: expected at least one recording, found none")
    infants = {movement.meta.get("infant_id") for movement in movements}
    if len(movements) > 1 and (len(infants) > 1 or None in infants):
        raise InputError("report: expected recordings of one named infant, found different or missing infant ids")
    recordings = [_recording(movement, number, figures) for number, movement in enumerate(movements, start=1)]
    simulated = _simulated([bool(r["simulated"]) for r in recordings])
    page = page_html(
        "report/report.html",
        "report/player.js",
        with_player=any(r["player"] for r in recordings),
        print_id=_print_id(next(iter(infants))),
        infant=next(iter(infants)),
        recordings=recordings,
        glossary=GLOSSARY,
        references=references(GLOSSARY),
        rate_limits=RATE_LIMITS,
        simulated=simulated,
        print_simulated=f" {simulated.split(':')[0]}." if simulated else "",
        coverage_min_pct=COVERAGE_MIN_PCT,
    )
    return page + "\n"


def _print_id(infant: object) -> str:
    """Infant id for the foot of printed pages, where only letters, digits and hyphens are safe (it is CSS)."""
    safe = re.sub(r"[^A-Za-z0-9-]", "", str(infant or ""))[:32]
    return f"Infant {safe}. " if safe else ""


def _recording(movement: Movement, number: int, figures: Path | None) -> dict[str, Any]:
    starts = sorted({result.epoch_start_s for result in movement.results})
    seen = found(movement)
    return {
        "number": number,
        "seen": seen,
        "id": str(movement.meta.get("recording_id", "unnamed")),
        "facts": _facts(movement),
        "simulated": bool(movement.meta.get("simulated")),
        "first": first_page(movement),
        "trust": trust(movement),
        "epochs": [_epoch(movement, start) for start in starts],
        "drawings": [_drawing(drawing, figures) for drawing in _shown(movement, seen=seen)],
        "player": player(movement) if seen else None,
        "steps": movement.steps,
        "warnings": [str(w) for w in movement.meta.get("warnings") or ()],
        "methods": methods_text(movement),
        "provenance": provenance(movement),
    }


def _shown(movement: Movement, *, seen: bool) -> list[Drawing]:
    """The figures of the page; of a recording without joints the activity, where it is known."""
    if seen:
        return drawings(movement)
    return [] if movement.activity is None else [limb_strips(movement)]


def _weeks(days: int | None) -> str:
    """Age in weeks and days, as neonatologists write it."""
    return "not stated" if days is None else f"{days // 7}+{days % 7} weeks"


def _facts(movement: Movement) -> list[tuple[str, str]]:
    """What identifies a recording, for the head of the report."""
    time = movement.clean.time
    return [
        ("Recording", str(movement.meta.get("recording_id", "unnamed"))),
        ("Postmenstrual age", _weeks(movement.ages.get("pma_days"))),
        ("Born at", _weeks(movement.ages.get("ga_birth_days"))),
        ("Length", f"{len(time.time_s) / time.fs_hz:.1f} s"),
        ("Effective rate", f"{time.effective_hz:.1f} Hz" + " (one frame in five)" * (movement.meta.get("rate") == "6")),
    ]


def _simulated(of: Sequence[bool]) -> str:
    """What must be said of recordings that are simulated; nothing where none is."""
    if not any(of):
        return ""
    if len(of) == 1:
        return "Simulated recording: this is not an infant."
    whole = "Simulated recordings" if all(of) else f"{sum(of)} of {len(of)} recordings are simulated"
    return f"{whole}: these are not infants."


def _epoch(movement: Movement, start_s: float) -> dict[str, Any]:
    of_epoch = [r for r in movement.results if r.epoch_start_s == start_s]
    return {
        "start_s": start_s,
        "length_s": of_epoch[0].epoch_s,
        "intervals": _interval_words([r for r in of_epoch if r.interval]),
        "key": key_table(of_epoch, list(LIMBS)),
        "pairs": scope_table(of_epoch, "pair"),
    }


def _interval_words(given: Sequence[Result]) -> str:
    """What the brackets of an epoch mean, of the kinds that are `given` in the report."""
    kinds = {r.error_sd is None for r in given if r.measure.tier == "core"}
    return (ERROR_WORDS if False in kinds else "") + (INTERVAL_WORDS if True in kinds else "")


def _drawing(drawing: Drawing, figures: Path | None) -> dict[str, Any]:
    headings, rows = figure_table(drawing)
    svg = (figures / f"{drawing.name}.svg").read_bytes() if figures else drawing.svg()
    return {
        "title": drawing.title,
        "summary": drawing.summary,
        "name": drawing.name,
        "source": data_uri(svg, "image/svg+xml"),
        "timed": drawing.name in ("limb_strips", "lift"),
        "wide": drawing.name in ("limb_strips", "lift", "minutes"),
        "headings": headings,
        "rows": rows,
    }
