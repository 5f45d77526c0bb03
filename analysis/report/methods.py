"""Methods: how a recording became numbers, in sentences made from its own parameters, with references."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from asyconv.analysis.cleaning.clean import confidence_gate
from asyconv.analysis.cleaning.estimated import BRIDGE_S, BRIDGE_SD_MM, UNSURE_SD
from asyconv.analysis.cleaning.plane import TRUNK_MM
from asyconv.analysis.cleaning.rejections import JUMP_MM_S
from asyconv.analysis.cleaning.timebase import RATE_PER_BAND
from asyconv.analysis.formulas.bootstrap import BLOCKS_MIN
from asyconv.analysis.formulas.bouts import (
    ABOVE_FLOORS,
    MOVE_ABOVE_MM_S,
    MOVE_WHILE_MM_S,
    PAUSE_MAX_S,
    WHILE_FLOORS,
    bout_min_s,
)
from asyconv.analysis.formulas.coordination import LAG_MAX_S, SHIFT_MIN_S, SHIFTS_MIN
from asyconv.analysis.formulas.sampling import KEPT
from asyconv.analysis.formulas.windows import SLOW_S
from asyconv.analysis.measures.gates import ANALYSED_MIN_S, COVERAGE_MIN_PCT, FLOORS_APART_MAX
from asyconv.analysis.measures.intervals import SHOWN_MIN_PCT
from asyconv.analysis.measures.measure import OWN, Measure
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

POSE: Final = (
    'Migliorelli et al. 2021, "Asymmetric Three-dimensional Convolutions For Preterm Infants\' Pose Estimation", EMBC'
)
GATE: Final = "Passmore et al. 2024, doi 10.1371/journal.pdig.0000432 (at least 70 % of the points labelled)"


def methods_text(movement: "Movement") -> list[str]:
    """Paragraphs that say how the numbers of `movement` were made."""
    meta, time = movement.meta, movement.clean.time
    gate = confidence_gate(meta)
    model = meta.get("model_name")
    pose = (
        f"Twelve joints were found in each depth frame by the model {model}: a detection and a regression network of "
        "three-dimensional convolutions over clips of three frames 1/6 s apart [1]."
        if model and meta.get("clip_layout")
        else f"Twelve joints a frame were taken from tracks made by {model}."
        if model
        else "Twelve joints a frame were taken from tracks that do not state their model."
    )
    return [
        f"{pose} Positions are placed on a uniform time base of {time.fs_hz:.2f} Hz (effective "
        f"{time.effective_hz:.2f} Hz). {_band(meta.get('tracker_band_hz'))}Joints with a confidence below {gate:g}, "
        f"left-right exchanges, outliers, steps faster than {JUMP_MM_S:g} mm/s and bones of the wrong length were "
        "taken out or given back, as counted under Steps. From what was left the position of each joint was "
        "estimated by one robust least squares over the recording, in which unsure joints weigh less, those of an SD "
        f"above {UNSURE_SD:g} times that of a sure one nothing, and which keeps movement up to "
        f"{movement.clean.cutoff_hz:g} Hz. A gap of at most {BRIDGE_S:g} s was bridged where the SD of the estimate "
        f"stays below {BRIDGE_SD_MM:g} mm; other gaps were left open and are left out of every denominator.",
        "A limb's motion is its wrist against its shoulder, or its ankle against its hip. Its speed floor is the "
        "largest of the jitter that passes the filter, the level at rest and a still clip's, where there is one. A "
        f"limb moves from a speed above the larger of {MOVE_ABOVE_MM_S:g} mm/s and {ABOVE_FLOORS:g} floors, for as "
        f"long as it is above the larger of {MOVE_WHILE_MM_S:g} mm/s and {WHILE_FLOORS:g} floors; pauses up to "
        f"{PAUSE_MAX_S:g} s are bridged, bouts shorter than {bout_min_s(time.effective_hz):g} s dropped.",
        f"Amounts are withheld below {COVERAGE_MIN_PCT:g} % coverage [2], below {ANALYSED_MIN_S:g} s analysed and "
        f"from a floor of {FLOOR_MAX_MM_S:g} mm/s; both limbs of a pair are measured under the larger of their "
        f"floors, and left-right indices are withheld where these differ by more than {FLOORS_APART_MAX:g} times. "
        f"Correlations are of log(1 + speed); a lag is given where the largest correlation within {LAG_MAX_S:g} s "
        f"exceeds the 95th percentile of at least {SHIFTS_MIN} shifts of more than {SHIFT_MIN_S:g} s. Intervals are "
        f"95 %, from resampled blocks, at least {BLOCKS_MIN} of them, and shown only for measures whose intervals "
        f"held the long-run value in at least {SHOWN_MIN_PCT:g} % of simulated recordings.",
        _frame(movement),
    ]


def _frame(movement: "Movement") -> str:
    """What heights and places are measured from."""
    body = movement.clean.body
    if movement.clean.in_plane:
        return (
            "Without millimetres there are no heights. The median trunk is the ruler in the picture's plane: it counts "
            f"as {TRUNK_MM:g} mm long."
        )
    heights = "There is no mattress plane, so there are no heights."
    if movement.meta.get("mattress_plane"):
        heights = "Heights are distances from the mattress plane, which was fitted to the depth around the infant."
    if body is None:
        return f"{heights} There is no body frame: shoulders and hips were never seen together in millimetres."
    return (
        f"{heights} The body frame follows the trunk as the median over {SLOW_S:g} s; the trunk is "
        f"{body.trunk_length_mm:.0f} mm long."
    )


def _band(band_hz: float | None) -> str:
    if band_hz is None:
        return ""
    return (
        f"Of simulated sine movements the model's joints keep {KEPT:.0%} or more up to {band_hz:g} Hz; the "
        f"effective rate is at most {RATE_PER_BAND:g} times that. "
    )


def references(measures: Sequence[Measure]) -> list[str]:
    """Sources of the text and of `measures`, each once; the text cites the first two by number."""
    sources = dict.fromkeys(measure.source.removeprefix("after ") for measure in measures if measure.source != OWN)
    return [POSE, GATE, *sources]
