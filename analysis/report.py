"""The movement report of one infant: one self-contained HTML file that says first what it may be trusted for.

Offline: pictures are inlined, a content security policy forbids everything else, there is no script. All text is
escaped. No time, path or file name of the recording enters the report.
"""

import base64
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, StrictUndefined

from asyconv.analysis import ANALYSIS_VERSION
from asyconv.analysis.canvas import limb_name
from asyconv.analysis.coverage import SHOWN_MIN_PCT
from asyconv.analysis.gates import at_least_words
from asyconv.analysis.measures import REGISTRY, Measure, Result, Scope, measures
from asyconv.analysis.movement import Movement
from asyconv.analysis.plots import pictures
from asyconv.analysis.series import still_floor
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.skeleton import LIMBS

KEY_MEASURES: Final = (
    "analysed_s",
    "moving_pct",
    "path_active_mm_per_min",
    "bouts_per_min",
    "bout_dur_median_s",
    "speed_median_mm_s",
    "speed_p95_mm_s",
    "lift_p95_mm",
)
BEND: Final = ("elbow_rom_deg", "knee_rom_deg")
RAISED: Final = ("shoulder_elevation_rom_deg", "hip_flexion_rom_deg")
SIMULATED_WEIGHTS: Final = "weights trained on simulated infants"
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


@dataclass(frozen=True)
class Cell:
    """A table cell: text, the number of a footnote that gives the reason in its place, and an interval in brackets."""

    text: str
    note: str = ""
    interval: str = ""


def write_report(movements: Sequence[Movement] | Movement, path: Path) -> Path:
    """Write the report of one recording, or of several recordings of one infant, to `path`."""
    several = [movements] if isinstance(movements, Movement) else list(movements)
    path.write_text(render(several), encoding="utf-8")
    return path


def render(movements: Sequence[Movement]) -> str:
    """Make the report as HTML text; the same movements give the same text."""
    if not movements:
        raise InputError("report: expected at least one recording, found none")
    infants = {movement.meta.get("infant_id") for movement in movements}
    if len(movements) > 1 and (len(infants) > 1 or None in infants):
        raise InputError("report: expected recordings of one named infant, found different or missing infant ids")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("asyconv.analysis").joinpath("report.html").read_text(encoding="utf-8"))
    return (
        template.render(
            notice=NOTICE,
            short_notice=NOTICE.split(";")[0] + ".",
            print_id=_print_id(next(iter(infants))),
            infant=next(iter(infants)),
            recordings=[_recording(movement, number) for number, movement in enumerate(movements, start=1)],
            glossary=[
                m
                for m in REGISTRY
                if m.name in (*KEY_MEASURES, *BEND, *RAISED, "coverage_used_pct", "speed_floor_mm_s")
            ],
            rate_limits=RATE_LIMITS,
            interval_words=INTERVAL_WORDS,
            simulated=any(movement.meta.get("simulated") for movement in movements),
        )
        + "\n"
    )


def _print_id(infant: object) -> str:
    """Infant id for the foot of printed pages, where only letters, digits and hyphens are safe (it is CSS)."""
    safe = re.sub(r"[^A-Za-z0-9-]", "", str(infant or ""))[:32]
    return f"Infant {safe}. " if safe else ""


def _recording(movement: Movement, number: int) -> dict[str, Any]:
    starts = sorted({result.epoch_start_s for result in movement.results})
    return {
        "number": number,
        "id": str(movement.meta.get("recording_id", "unnamed")),
        "duration_s": len(movement.clean.time.time_s) / movement.clean.time.fs_hz,
        "rate": _rate(movement),
        "simulated": bool(movement.meta.get("simulated")),
        "verdict": _first_sentence(movement),
        "trust": _trust(movement),
        "epochs": [_epoch(movement, start) for start in starts],
        "pictures": [
            {
                "title": p.title,
                "summary": p.summary,
                "name": p.name,
                "source": "data:image/png;base64," + base64.b64encode(p.png).decode("ascii"),
            }
            for p in (pictures(movement) if np.isfinite(movement.clean.gated_px).any() else ())
        ],
        "steps": movement.steps,
        "warnings": [str(w) for w in movement.meta.get("warnings") or ()],
        "provenance": _provenance(movement),
    }


def _rate(movement: Movement) -> str:
    time = movement.clean.time
    return f"{time.effective_hz:.1f} Hz" + (" (one frame in five)" if movement.meta.get("rate") == "6" else "")


def _find(movement: Movement, name: str, part: str, start_s: float) -> Result:
    return next(r for r in movement.results if r.measure.name == name and r.part == part and r.epoch_start_s == start_s)


def _first_sentence(movement: Movement) -> str:
    """Say what a reader must know before any number."""
    amounts = [r for r in movement.results if r.measure.name == "moving_pct"]
    given = [r for r in amounts if r.value is not None]
    if not np.isfinite(movement.clean.gated_px).any():
        return "No infant was found in this recording. Every measure is withheld."
    if not given:
        return "Amounts of movement are withheld for all limbs; the reasons are below."
    if len(given) < len(amounts):
        limbs = sorted({limb_name(r.part) for r in amounts if r.value is None})
        return f"Amounts of movement are withheld for: {', '.join(limbs)}."
    if any(r.lower_bound for r in given):
        return "Amounts are given for all limbs; those marked with \N{GREATER-THAN OR EQUAL TO} are lower bounds."
    return "Amounts of movement are given for all four limbs."


def _trust(movement: Movement) -> dict[str, Any]:
    """Fill the box that comes first: coverage and floor, what was withheld, what the numbers stand on."""
    meta = movement.meta
    error = meta.get("model_error") or {}
    limbs = []
    for name, limb in movement.limbs.items():
        coverage = [
            r.value or 0.0 for r in movement.results if r.measure.name == "coverage_used_pct" and r.part == name
        ]
        seen = [r.value or 0.0 for r in movement.results if r.measure.name == "coverage_raw_pct" and r.part == name]
        floor = limb.floor
        limbs.append(
            {
                "name": limb_name(name),
                "coverage": float(np.mean(coverage)),
                "seen": float(np.mean(seen)),
                "floor": "not measurable" if floor.value is None else f"{floor.value:.1f}",
                "decided_by": floor.decided_by if floor.value is not None else "",
                "rest_observed": floor.rest_observed or floor.value is None,
                "quality": max(letter for (_, part), letter in movement.quality.items() if part == name),
                "error": f"{error[name]:.1f}" if isinstance(error.get(name), int | float) else "not stated",
            }
        )
    return {
        "limbs": limbs,
        "withheld": _withheld(movement),
        "facts": _facts(movement),
        "bounded": any(r.lower_bound for r in movement.results),
        "bound_words": at_least_words(),
    }


def _facts(movement: Movement) -> list[tuple[str, str]]:
    meta = movement.meta
    simulated_only = meta.get("model_validation") == "simulated_only"
    intrinsics = meta.get("intrinsics") or {}
    still = [f"{limb_name(k)} {v:.1f}" for k in LIMBS if (v := still_floor(meta, k)) is not None]
    return [
        (
            "Pose model",
            f"{meta.get('model_name') or 'not stated'}" + (f", {SIMULATED_WEIGHTS}" if simulated_only else ""),
        ),
        (
            "Validation",
            "simulated_only: never compared with labelled recordings of real infants"
            if simulated_only
            else str(meta.get("model_validation") or "not stated"),
        ),
        (
            "Left and right",
            "verified"
            if meta.get("left_right_verified")
            else "not verified: orientation or mirroring of the camera is assumed; left-right measures are withheld",
        ),
        (
            "Millimetres",
            f"camera geometry from: {intrinsics.get('source', 'not stated')}; depth unit "
            f"{meta.get('depth_unit_mm')} mm from: {meta.get('depth_unit_source') or 'not stated'}"
            if intrinsics
            else "none: the camera geometry is unknown, so lengths and speeds in mm are withheld",
        ),
        ("Frames", f"{meta.get('frames_used', 'unknown')} used, {meta.get('frames_lost', 'unknown')} lost"),
        (
            "Still-clip calibration",
            f"{', '.join(still)} mm/s" if still else "none: the floor is estimated from this recording",
        ),
    ]


def _withheld(movement: Movement) -> list[tuple[str, str]]:
    """Reasons in order of appearance, each with what it withholds."""
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for r in movement.results:
        if r.value is None and r.measure.gates.words() != "none":
            where = limb_name(r.part) if r.measure.scope == "limb" else r.part.replace("_", " ").replace("-", " and ")
            places = by_reason[r.reason][r.measure.label]
            if where not in places:
                places.append(where)
    out = []
    for reason, by_label in by_reason.items():
        by_places: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for label, where_all in by_label.items():
            by_places[tuple(where_all)].append(label)
        text = "; ".join(f"{', '.join(labels)} ({', '.join(where)})" for where, labels in by_places.items())
        out.append((reason, text))
    return out


def _epoch(movement: Movement, start_s: float) -> dict[str, Any]:
    notes: list[str] = []
    columns = [m for name in KEY_MEASURES for m in REGISTRY if m.name == name]
    rows = []
    for limb in LIMBS:
        cells = [_cell(_find(movement, m.name, limb, start_s), notes) for m in columns]
        arm = limb.endswith("arm")
        cells += [
            _cell(_find(movement, names[0] if arm else names[1], limb, start_s), notes) for names in (BEND, RAISED)
        ]
        rows.append({"name": limb_name(limb), "cells": cells})
    here = [r for r in movement.results if r.epoch_start_s == start_s]
    return {
        "start_s": start_s,
        "length_s": here[0].epoch_s,
        "rows": rows,
        "notes": notes,
        "intervals": any(r.interval for r in here),
        "columns": [(m.label, m.unit, m.formula) for m in columns]
        + [("Elbow / knee range", "deg", "P95 - P5"), ("Shoulder / hip range", "deg", "P95 - P5")],
        "pairs": _pair_table(here),
        "body": _scope_table(here, "body"),
        "all": _scope_table(here, "limb"),
    }


def _scope_table(results: list[Result], scope: Scope) -> dict[str, Any]:
    """Parts as columns, measures as rows; withheld values as a dash with the reason as a note."""
    parts = list(dict.fromkeys(r.part for r in results if r.measure.scope == scope))
    notes: list[str] = []
    rows = []
    for measure in measures(scope, "core"):
        found = {r.part: r for r in results if r.measure.name == measure.name}
        cells = [_cell(found[part], notes) if part in found else Cell("") for part in parts]
        rows.append({"measure": measure, "cells": cells})
    return {
        "parts": [part.replace("_", " ").replace("-", " \N{EN DASH} ") for part in parts],
        "rows": rows,
        "notes": notes,
    }


def _pair_table(results: list[Result]) -> dict[str, Any]:
    """Pairs as rows, measures as columns."""
    found = {(r.part, r.measure.name): r for r in results if r.measure.scope == "pair"}
    notes: list[str] = []
    shown = measures("pair", "core")
    rows = [
        (
            part.replace("_", " ").replace("-", " \N{EN DASH} "),
            [_cell(found[part, m.name], notes) if (part, m.name) in found else Cell("") for m in shown],
        )
        for part in dict.fromkeys(part for part, _ in found)
    ]
    return {"measures": shown, "rows": rows, "notes": notes}


def _cell(result: Result, notes: list[str]) -> Cell:
    if result.value is None:
        if result.reason not in notes:
            notes.append(result.reason)
        return Cell("\N{EN DASH}", str(notes.index(result.reason) + 1))
    interval = [number(bound, result.measure) for bound in result.interval or ()]
    return Cell(
        ("\N{GREATER-THAN OR EQUAL TO}\N{NARROW NO-BREAK SPACE}" if result.lower_bound else "")
        + number(result.value, result.measure),
        interval=f"({interval[0]} to {interval[1]})" if interval else "",
    )


def number(value: float, measure: Measure) -> str:
    """`value` with the measure's decimals and a thin space between thousands."""
    text = f"{value:,.{measure.decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return "0" if text.strip("-0.") == "" else text.replace("-", "\N{MINUS SIGN}")


def _provenance(movement: Movement) -> list[tuple[str, str]]:
    meta = movement.meta

    def stated(key: str) -> str:
        value = meta.get(key)
        return "not stated" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)

    intrinsics = meta.get("intrinsics")
    plane = meta.get("mattress_plane")
    return [
        ("Software", f"asyconv {stated('software_version')}, analysis version {ANALYSIS_VERSION}"),
        ("Pose model", f"{stated('model_name')}, weights {stated('weights_hash')}"),
        (
            "Recording",
            f"{stated('width_px')} x {stated('height_px')} px, {stated('fps_measured_hz')} Hz measured, "
            f"{stated('fps_nominal_hz')} Hz nominal, rate {stated('rate')}, stride {stated('stride')}, "
            f"clips {stated('clip_layout')}",
        ),
        (
            "Orientation",
            f"head {stated('head')} ({stated('head_source')}), mirrored {stated('mirrored')} "
            f"({stated('mirrored_source')})",
        ),
        (
            "Camera",
            ", ".join(f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in sorted(intrinsics.items()))
            if intrinsics
            else "unknown",
        ),
        ("Mattress plane", ", ".join(f"{v:.4g}" for v in plane) if plane else "not found"),
        ("Filter", f"Butterworth order 2 forward and backward, -3 dB at {movement.clean.cutoff_hz:g} Hz"),
        ("Axes", stated("axes")),
    ]
