"""The box of trust: what was seen, what is withheld and why, and which model and settings were used."""

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asyconv.analysis.cleaning.plane import TRUNK_MM
from asyconv.analysis.measures.amount import IN_NOISE_MAX_PCT
from asyconv.analysis.measures.gates import NO_GATE, at_least_words
from asyconv.analysis.measures.measure import Result
from asyconv.analysis.report.canvas import limb_name, pair_name
from asyconv.analysis.series.limbs import still_floor
from asyconv.skeleton import LIMBS

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

SIMULATED_WEIGHTS: Final = "weights trained on simulated infants"
NO_STILL_CLIP: Final = "none: the floor is estimated from this recording"
NAMED_MAX: Final = 5


def in_noise_pct(movement: "Movement") -> dict[str, float]:
    """Largest share (%) of each limb's path in noise over the epochs, where there is one."""
    largest_pct: dict[str, float] = {}
    for r in movement.results:
        if r.measure.name == "path_in_noise_pct" and r.value is not None:
            largest_pct[r.part] = max(r.value, largest_pct.get(r.part, 0.0))
    return largest_pct


def trust(movement: "Movement") -> dict[str, Any]:
    """Fill the box that comes first: coverage and floor, what was withheld, what the numbers stand on."""
    meta = movement.meta
    error = meta.get("model_error") or {}
    limbs = []
    in_noise = in_noise_pct(movement)
    for name, limb in movement.limbs.items():
        floor = limb.floor
        limbs.append(
            {
                "name": limb_name(name),
                "coverage": over_time(movement, "coverage_used_pct", name),
                "seen": over_time(movement, "coverage_raw_pct", name),
                "floor": _floor_words(floor.value, movement.clean.in_plane),
                "decided_by": floor.decided_by if floor.value is not None else "",
                "in_noise": f"{in_noise[name]:.0f}" if name in in_noise else "\N{EN DASH}",
                "rest_observed": floor.rest_observed or floor.value is None,
                "quality": max(letter for (_, part), letter in movement.quality.items() if part == name),
                "error": f"{error[name]:.1f}" if isinstance(error.get(name), int | float) else "not stated",
            }
        )
    return {
        "limbs": limbs,
        "floor_unit": "TL/s" if movement.clean.in_plane else "mm/s",
        "withheld": withheld(movement),
        "facts": _facts(movement),
        "events": [(f"{one.start_s:.1f} to {one.end_s:.1f} s", one.kind, one.reason) for one in movement.events],
        "in_noise_max_pct": IN_NOISE_MAX_PCT,
        "bounded": any(r.lower_bound for r in movement.results),
        "bound_words": at_least_words(),
    }


def _floor_words(floor_mm_s: float | None, in_plane: bool) -> str:
    if floor_mm_s is None:
        return "not measurable"
    return f"{floor_mm_s / TRUNK_MM:.3f}" if in_plane else f"{floor_mm_s:.1f}"


def over_time(movement: "Movement", name: str, limb: str) -> float:
    """Mean of a share of samples over the epochs of the recording, each by the samples it is of."""
    of_limb = [r for r in movement.results if r.measure.name == name and r.part == limb]
    weights = [r.n for r in of_limb]
    return float(np.average([r.value or 0.0 for r in of_limb], weights=weights)) if any(weights) else 0.0


def _facts(movement: "Movement") -> list[tuple[str, str]]:
    meta = movement.meta
    simulated_only = meta.get("model_validation") == "simulated_only"
    intrinsics = meta.get("intrinsics") or {}
    still_clips = ", ".join(f"{limb_name(k)} {v:.1f}" for k in LIMBS if (v := still_floor(meta, k)) is not None)
    model, validation = (str(meta.get(name) or "not stated") for name in ("model_name", "model_validation"))
    if simulated_only:
        model += f", {SIMULATED_WEIGHTS}"
        validation = "simulated_only: never compared with labelled recordings of real infants"
    seen = []
    if band_hz := meta.get("tracker_band_hz"):
        seen = [("Movement seen", f"up to {band_hz:g} Hz; faster movement is measured too small, or not at all")]
    sides = "not verified: orientation or mirroring of the camera is assumed; left-right measures are withheld"
    unknown = "the depth came from video of 8 bits a pixel" if meta.get("lossy") else "the camera geometry is unknown"
    millimetres = f"none: {unknown}, so no length or speed is given in mm"
    if intrinsics:
        unit = f"{meta.get('depth_unit_mm')} mm from: {meta.get('depth_unit_source') or 'not stated'}"
        millimetres = f"camera geometry from: {intrinsics.get('source', 'not stated')}; depth unit {unit}"
    return [
        ("Pose model", model),
        ("Validation", validation),
        *seen,
        ("Left and right", "verified" if meta.get("left_right_verified") else sides),
        ("Millimetres", millimetres),
        ("Frames", f"{meta.get('frames_used', 'unknown')} used, {meta.get('frames_lost', 'unknown')} lost"),
        ("Still-clip calibration", f"{still_clips} mm/s" if still_clips else NO_STILL_CLIP),
    ]


def withheld(movement: "Movement") -> list[tuple[str, str]]:
    """Reasons in order of appearance with the core measures that each withholds; the others only counted."""
    gated = [r for r in movement.results if r.measure.gates != NO_GATE]
    lost = [r for r in movement.results if r.value is None]
    if len({(r.reason, r.value) for r in gated}) == 1 and gated[0].value is None:
        return [(gated[0].reason, "every measure of movement, for all limbs")]
    whole = Counter(place for place, _ in {(_place(r), r.measure.label) for r in movement.results if _in_report(r)})
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for r in lost:
        if _in_report(r):
            by_reason[r.reason][_place(r)].append(r.measure.label)
    out = [(reason, _what(by_place, whole)) for reason, by_place in by_reason.items()]
    others = sum(not _in_report(r) for r in lost)
    if others:
        out.append(("in the tables only", f"{others} further values, each with its reason there"))
    return out


def _in_report(result: Result) -> bool:
    """Whether the report has a place for the value; joints and the other tiers stand in the tables only."""
    return result.measure.tier == "core" and result.measure.scope != "joint"


def _place(result: Result) -> str:
    return pair_name(result.part)


def _what(by_place: dict[str, list[str]], whole: Counter[str]) -> str:
    """What a reason withholds, by place: the labels, or their count; places with the same joined."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, labels in by_place.items():
        names = list(dict.fromkeys(labels))
        many = f"{len(names)} of {whole[place]} core measures"
        places[many if len(names) > NAMED_MAX else ", ".join(names)].append(place)
    return "; ".join(f"{', '.join(where)}: {what}" for what, where in places.items())
