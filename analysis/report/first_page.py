"""The first page of a recording: what moved, how much was seen and what to doubt, for a reader who has a minute."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.amount import IN_NOISE_MAX_PCT
from asyconv.analysis.measures.gates import COVERAGE_MIN_PCT
from asyconv.analysis.measures.measure import Result
from asyconv.analysis.report.canvas import limb_name
from asyconv.analysis.report.lanes import bar_s, lanes, ticks
from asyconv.analysis.report.number_tables import DASH, number
from asyconv.analysis.report.trust import in_noise_pct, over_time
from asyconv.analysis.tables.trunk_lengths import name_in_mm
from asyconv.skeleton import N_JOINTS
from asyconv.words import counted

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

PER_CENT: Final = "\N{NO-BREAK SPACE}%"
SHARES_FROM_S: Final = 1.0
"""Bars as long as this differ in height: the picture says that it is a share."""

LOST_MAX_PCT: Final = 1.0
"""Lost frames above this share are said on the first page."""

BY_TRUNK_TOLD_PCT: Final = 10.0
"""Shares of time in which a limb's shoulder or hip is not seen, from here on, are said on the first page."""

SHORT_S: Final = 1800.0
"""Sleep and waking change places in 30 to 80 minutes."""


@dataclass(frozen=True)
class Amount:
    """How much of its time a limb moved, as text; without `given` only bounds, or nothing, can be said."""

    text: str
    given: bool
    detail: str


def first_page(movement: "Movement") -> dict[str, Any]:
    """Fill the first page of `movement`."""
    amounts = {name: _amount(movement, name) for name in movement.limbs}
    coverage_pct = {name: over_time(movement, "coverage_used_pct", name) for name in movement.limbs}
    spans = lanes(movement)
    long_s = bar_s(movement)
    return {
        "moved": what_moved(movement, amounts),
        "seen": how_much_was_seen(movement, coverage_pct),
        "doubts": doubts(movement),
        "limbs": [(limb_name(name), amounts[name], coverage_pct[name], spans[name]) for name in movement.limbs],
        "ticks": ticks(movement),
        "bar_s": f"{long_s:.0f}" if long_s >= SHARES_FROM_S else "",
        "events": bool(movement.clean.excluded.any()),
        "in_mm": any(limb.valid.any() for limb in movement.limbs.values()),
    }


def found(movement: "Movement") -> bool:
    """Whether any joint of an infant was found and accepted."""
    return bool(np.isfinite(movement.clean.gated_px).any())


def what_moved(movement: "Movement", amounts: dict[str, Amount]) -> list[str]:
    """Say how much of the time each limb moved."""
    if not found(movement):
        without = "" if movement.activity is None else " that needs joints"
        first = f"No infant was found in this recording. Every measure{without} is withheld."
        left = ["The movement strips show its activity, which needs none."] if without else []
        return [first, _why_nothing(movement), *left]
    given = {name: amount.text for name, amount in amounts.items() if amount.given}
    bounds = {name: amount.text for name, amount in amounts.items() if not amount.given and amount.text != DASH}
    out = []
    if given:
        each = "it" if len(given) == 1 else "each"
        out.append(f"{_moved(given)} of the time in which {each} could be measured.")
    if bounds:
        out.append(f"{_moved(bounds)} of the whole time; too little was seen for one number.")
    return out or ["How much the limbs moved cannot be said."]


def how_much_was_seen(movement: "Movement", coverage_pct: dict[str, float]) -> list[str]:
    """Say how much of the time the limbs could be measured, and which of them too little."""
    if not found(movement):
        return ["Nothing."]
    least, most = (of(coverage_pct, key=lambda name: coverage_pct[name]) for of in (min, max))
    low, high = _pct(coverage_pct[least]), _pct(coverage_pct[most])
    shares = low if low == high else f"{low} ({limb_name(least)}) to {high} ({limb_name(most)})"
    lacking = [f"the {limb_name(name)}" for name, share in coverage_pct.items() if share < COVERAGE_MIN_PCT]
    needed = f"the {_pct(COVERAGE_MIN_PCT)} that an amount needs"
    if lacking:
        verdict = f"{_and(lacking).capitalize()} {'has' if len(lacking) == 1 else 'have'} less than {needed}."
    else:
        verdict = f"Each has {needed}."
    out = [f"The four limbs could be measured {shares} of the {_length(movement)}. {verdict}"]
    if movement.clean.excluded.any():
        left_out_s = movement.clean.excluded.sum() / movement.clean.time.fs_hz
        out.append(f"{left_out_s:.0f} s are left out of every number, because events say so.")
    return out


def doubts(movement: "Movement") -> list[str]:
    """Say what a reader must know before relying on a number, the gravest first."""
    meta = movement.meta
    validation = str(meta.get("model_validation"))
    amounts = [r for r in movement.results if r.measure.name == "moving_pct"]
    cells = movement.clean.flags.size
    copied = next(step.changed for step in movement.steps if step.name == "copied samples") / cells
    unsure = [limb_name(limb) for limb, pct in in_noise_pct(movement).items() if pct > IN_NOISE_MAX_PCT]
    frames, lost = ((meta.get(name) or 0) for name in ("frames_used", "frames_lost"))
    lost_pct = 100 * lost / max(1, frames + lost)
    hz, warnings = movement.clean.time.effective_hz, len(meta.get("warnings") or ())
    said = (
        (
            "The pose model was trained and tested on simulated infants only. Its error on real infants is not known.",
            validation == "simulated_only",
        ),
        (f"The pose model was {validation}.", validation.startswith("validated on")),
        (_withheld(amounts), found(movement) and any(r.value is None for r in amounts)),
        (
            "The joints are known in the picture only: lengths and speeds are in trunk lengths (TL) of the infant, and "
            "amounts are lower bounds, because movement towards the camera is not seen.",
            movement.clean.in_plane,
        ),
        (
            'Amounts with "at least" are lower bounds: noise hides small movements.',
            any(r.lower_bound for r in amounts) and not movement.clean.in_plane,
        ),
        (
            "The depth came from video of 8 bits a pixel: millimetres are withheld, and joints are less exact than "
            "those from depth of 16 bits.",
            bool(meta.get("lossy")),
        ),
        (f"{100 * copied:.0f} % of the samples repeat the one before exactly and were left out.", copied > 0),
        (f"The noise changes during the recording; amounts are uncertain for: {', '.join(unsure)}.", bool(unsure)),
        (
            f"Positions at {hz:.0f} Hz show movement up to {movement.clean.cutoff_hz:g} Hz; quicker movement looks "
            "slower, or is missed.",
            hz < FAST_HZ,
        ),
        (f"{lost_pct:.0f} % of the frames are lost.", lost_pct > LOST_MAX_PCT),
        (hands := _hands(movement), bool(hands)),
        (against := _against_the_trunk(movement), bool(against)),
        ("Left and right are not verified: the camera may be turned or mirrored.", not meta.get("left_right_verified")),
        (f"{counted(warnings, 'warning')} came with the recording; see below.", warnings > 0),
        (
            "Sleep and waking change movement most; which it was is not known here"
            + (f", and {_length(movement)} are short." if _length_s(movement) < SHORT_S else "."),
            found(movement) and not any(event.kind == "state" for event in movement.events),
        ),
    )
    return [sentence for sentence, holds in said if holds]


def _hands(movement: "Movement") -> str:
    """Say for how long something reaches in, where no event of the user leaves that time out already."""
    if movement.activity is None or not (reached := movement.activity.hands & ~movement.clean.excluded).any():
        return ""
    visits = runs(reached)
    times = "once" if len(visits) == 1 else f"{len(visits)} times"
    first_s = movement.clean.time.time_s[visits[0][0]]
    return (
        f"Something reaches in over the infant {times}, from {first_s:.0f} s on, for "
        f"{reached.sum() / movement.clean.time.fs_hz:.0f} s in all. This time is counted in every number: to leave it "
        "out, state it as events (suggested_events.csv holds it)."
    )


def _against_the_trunk(movement: "Movement") -> str:
    """Say of which limbs the shoulder or hip is often not seen."""
    shares = {name: over_time(movement, "by_trunk_pct", name) for name in movement.limbs}
    limbs = [f"{limb_name(name)} {_pct(pct)}" for name, pct in shares.items() if pct >= BY_TRUNK_TOLD_PCT]
    if not limbs:
        return ""
    return (
        "While a shoulder or hip is not seen, the movement of its limb is measured against the rest of the trunk. "
        f"Share of the time: {', '.join(limbs)}."
    )


def _withheld(amounts: Sequence[Result]) -> str:
    """Of which limbs amounts are withheld, and why."""
    limbs: dict[str, list[str]] = defaultdict(list)
    for r in amounts:
        if r.value is None and limb_name(r.part) not in limbs[r.reason]:
            limbs[r.reason].append(limb_name(r.part))
    everyone = len({r.part for r in amounts})
    if all(r.value is None for r in amounts):
        reasons = (why if len(of) == everyone else f"{why} ({', '.join(of)})" for why, of in limbs.items())
        return f"Amounts of movement are withheld for all limbs: {'; '.join(reasons)}."
    if len({r.epoch_start_s for r in amounts}) > 1:
        some = dict.fromkeys(limb_name(r.part) for r in amounts if r.value is None)
        return f"Amounts of movement are withheld in some epochs for: {', '.join(some)}."
    each = (f"{', '.join(of)} ({why})" for why, of in limbs.items())
    return f"Amounts of movement are withheld for: {', '.join(each)}."


def _why_nothing(movement: "Movement") -> str:
    """Where the joints were lost, when none is left."""
    logged = {step.name: step.changed for step in movement.steps}
    frames = int(movement.clean.time.present.sum())
    counts = {
        "it was not found": logged.get("joint found", 0),
        "its confidence was too low": logged.get("confidence gate", 0),
        "it was found too rarely or with too little confidence around that time": logged.get("surely found", 0),
        "it lay inside an excluded event": int(movement.clean.excluded.sum()) * N_JOINTS,
    }
    total = frames * N_JOINTS
    times = {what: "each time" if count == total else counted(count, "time") for what, count in counts.items() if count}
    parts = ", ".join(f"{often} {what}" for what, often in times.items())
    return f"A joint was looked for {total} times ({N_JOINTS} joints in {frames} frames): {parts}."


def _amount(movement: "Movement", limb: str) -> Amount:
    """Share of time moving over all epochs that have one, each by its samples; else the bounds of it."""
    results = _of_limb(movement, "moving_pct", limb)
    given = [r for r in results if r.value is not None]
    if given:
        share = _pct(float(np.average([r.value for r in given if r.value is not None], weights=[r.n for r in given])))
        text = f"at least {share}" if any(r.lower_bound for r in given) else share
        if len(results) > 1:
            return Amount(text, True, f"in {len(given)} of {len(results)} epochs")
        pace = [_of_limb(movement, name, limb)[0] for name in ("bouts_per_min", "speed_median_mm_s")]
        units = ("bouts/min", pace[1].measure.unit)
        detail = [f"{number(r.value, r.measure)} {unit}" for r, unit in zip(pace, units, strict=True) if r.value]
        return Amount(text, True, ", ".join(detail))
    least, most = (_whole_time(movement, f"moving_{which}_pct", limb) for which in ("least", "most"))
    low, high = _pct(least or 0.0), _pct(100.0 if most is None else most)
    if least is None or (low, high) == (_pct(0), _pct(100)):
        return Amount(DASH, False, "withheld")
    if most is None:
        return Amount(f"at least {low}", False, "bound, of the whole time")
    text = low if low == high else f"{low.removesuffix(PER_CENT)} to {high}"
    return Amount(text, False, "bounds, of the whole time")


def _whole_time(movement: "Movement", name: str, limb: str) -> float | None:
    """Mean of a bound over the epochs, each by its samples; None where one lacks it."""
    results = _of_limb(movement, name, limb)
    values = [r.value for r in results if r.value is not None and r.n]
    return float(np.average(values, weights=[r.n for r in results])) if len(values) == len(results) else None


def _of_limb(movement: "Movement", name: str, limb: str) -> list[Result]:
    return [r for r in movement.results if name_in_mm(r.measure.name) == name and r.part == limb]


def _pct(share: float) -> str:
    return f"below 1{PER_CENT}" if 0 < share < 0.5 else f"{share:.0f}{PER_CENT}"


def _moved(shares: dict[str, str]) -> str:
    """`The right arm moved 18 %, the left arm 17 % and the left leg 15 %`."""
    (first, share), *others = shares.items()
    return _and([f"The {limb_name(first)} moved {share}", *(f"the {limb_name(name)} {of}" for name, of in others)])


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _length_s(movement: "Movement") -> float:
    return len(movement.clean.time.time_s) / movement.clean.time.fs_hz


def _length(movement: "Movement") -> str:
    length_s = _length_s(movement)
    return f"{length_s:.0f} s" if length_s < 600 else f"{length_s / 60:.0f} minutes"
