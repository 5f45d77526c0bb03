"""Plausibility: whether what was tracked can be an infant lying as stated; if not, every amount is withheld.

A network finds joints in whatever it is shown. Sizes are compared with 77 fetal series (Vasung et al., ages 28 to 36
weeks: the lowest P5 and the highest P95 of each length), with generous room on both sides for younger and older
infants and for errors of the tracks. Nothing here judges an infant: a reason says that the input is not understood.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.measures.gates import NO_GATE
from asyconv.analysis.measures.registry import Result
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks

Floats = npt.NDArray[np.float64]

LENGTHS_MM: Final = {
    "trunk": (105.0, 156.0),
    "shoulder width": (59.0, 103.0),
    "hip width": (35.0, 64.0),
    "upper arm": (52.0, 79.0),
    "forearm": (49.0, 72.0),
    "thigh": (57.0, 97.0),
    "shank": (55.0, 85.0),
}
"""P5 at 28 weeks and P95 at 36 weeks, joint to joint."""

MOST: Final = 1.7  # a trunk up to 265 mm: an infant of some months, never an adult
LEAST: Final = {"trunk": 0.5}
LEAST_OF_OTHERS: Final = 0.2  # a limb that points at the camera, or a side-lying infant's shoulders, look short
WIDTH_TO_TRUNK_MAX: Final = 1.5  # labelled infants 0.59 and 0.42, in the picture and in space
BONE_TO_TRUNK_MAX: Final = 1.2  # labelled infants up to 0.75 in the picture
HEAD_OFF_MAX_DEG: Final = 60.0  # labelled infants -15 to 10
DISTANCE_MM: Final = (250.0, 1600.0)
RATE_HZ: Final = (4.5, 250.0)
SEEN_MIN_PCT: Final = 20.0
SAMPLES_MIN: Final = 10

HEADWARD: Final = {"down": (0.0, 1.0), "up": (0.0, -1.0), "left": (-1.0, 0.0), "right": (1.0, 0.0)}
"""Direction of the head in the picture as recorded, y down, by where it is said to lie."""

_ARMS: Final = (LIMBS["right_arm"], LIMBS["left_arm"])
_LEGS: Final = (LIMBS["right_leg"], LIMBS["left_leg"])
_PAIRS: Final[dict[str, tuple[tuple[int, ...], ...]]] = {
    "trunk": ((_ARMS[0][0], _LEGS[0][0]), (_ARMS[1][0], _LEGS[1][0])),
    "shoulder width": ((_ARMS[0][0], _ARMS[1][0]),),
    "hip width": ((_LEGS[0][0], _LEGS[1][0]),),
    "upper arm": tuple(arm[:2] for arm in _ARMS),
    "forearm": tuple(arm[1:] for arm in _ARMS),
    "thigh": tuple(leg[:2] for leg in _LEGS),
    "shank": tuple(leg[1:] for leg in _LEGS),
}
"""Pairs of joints that make a length; the trunk is measured along either side, so that one side is enough."""

_ALONG: Final[tuple[tuple[tuple[int, ...], ...], ...]] = (
    _PAIRS["trunk"],
    ((_ARMS[0][0], _LEGS[1][0]), (_ARMS[1][0], _LEGS[0][0])),
    tuple((upper, lower) for arm in _ARMS for leg in _LEGS for upper in arm[:2] for lower in leg[:2]),
)
"""Pairs of joints that tell which way an infant lies, the best first: shoulder and hip of one side, of both, and also
elbows and knees, where cloths cover shoulders or hips."""


def why_implausible(tracks: Tracks, cleaned: CleanTracks, first: int, stop: int) -> str:
    """Why samples [first, stop) cannot be an infant lying as stated; empty when nothing speaks against it."""
    counted = ~cleaned.excluded[first:stop]
    px, mm = cleaned.gated_px[first:stop][counted], cleaned.gated_mm[first:stop][counted]
    in_epoch = (cleaned.time.slot >= first) & (cleaned.time.slot < stop)
    reasons = (
        _rate(cleaned.time.fs_hz),
        _seen(px),
        _distance(tracks.depth_mm[in_epoch].astype(np.float64)),
        "" if cleaned.in_plane else _size(mm),
        _proportions(mm if np.isfinite(mm).any() else px),
        _direction(px, tracks.meta),
    )
    return next((f"not plausible as an infant: {reason}" for reason in reasons if reason), "")


def withhold(results: Sequence[Result], reason: str) -> list[Result]:
    """Take the values of all measures that have a gate; what describes the recording stays."""
    return [
        r
        if r.measure.gates == NO_GATE
        else Result(r.measure, r.part, r.epoch_start_s, r.epoch_s, None, 0, r.analysed_s, False, reason)
        for r in results
    ]


def lengths(points: Floats) -> dict[str, float]:
    """Median length of trunk, widths and bones in `points` [N, 12, D], of those seen in at least 10 samples."""
    out = {}
    for name, pairs in _PAIRS.items():
        length = np.concatenate([np.linalg.norm(points[:, a] - points[:, b], axis=-1) for a, b in pairs])
        length = length[np.isfinite(length)]
        if len(length) >= SAMPLES_MIN:
            out[name] = float(np.median(length))
    return out


def _rate(fs_hz: float) -> str:
    if RATE_HZ[0] <= fs_hz <= RATE_HZ[1]:
        return ""
    return f"{fs_hz:.3g} frames a second, expected {RATE_HZ[0]:g} to {RATE_HZ[1]:g} (are the times in seconds?)"


def _seen(px: Floats) -> str:
    """Ask for one bone or one side of the trunk, seen whole now and then; a lone joint is found in anything.

    Where arms and legs are both seen, a shoulder or elbow must be seen together with a hip or knee: where neither is,
    nothing tells which way the infant lies. Arms alone may stick out of a blanket.
    """
    seen = whole(px)

    def share(pairs: Sequence[tuple[int, ...]]) -> float:
        either = np.asarray(np.stack([seen[:, list(joints)].all(axis=1) for joints in pairs]).any(axis=0))
        return 100.0 * float(either.mean()) if len(either) else 0.0

    bone = share([pair for pairs in _PAIRS.values() for pair in pairs])
    if bone < SEEN_MIN_PCT:
        return f"a bone was seen in {bone:.0f} % of the samples, needs {SEEN_MIN_PCT:g} %"
    both = share(_ALONG[-1])
    limbs = [share([(joint,) for limb in pair for joint in limb]) for pair in (_ARMS, _LEGS)]
    if both < SEEN_MIN_PCT <= min(limbs):
        return (
            f"arms and legs were seen, a shoulder or elbow together with a hip or knee in {both:.0f} % of the samples, "
            f"needs {SEEN_MIN_PCT:g} % (does the head lie where it is said to?)"
        )
    return ""


def _distance(depth_mm: Floats) -> str:
    depth_mm = depth_mm[np.isfinite(depth_mm)]
    if not len(depth_mm) or DISTANCE_MM[0] <= np.median(depth_mm) <= DISTANCE_MM[1]:
        return ""
    return f"the joints lie {np.median(depth_mm):.0f} mm away, expected {DISTANCE_MM[0]:.0f} to {DISTANCE_MM[1]:.0f} mm"


def _size(mm: Floats) -> str:
    for name, length_mm in lengths(mm).items():
        low, high = LENGTHS_MM[name][0] * LEAST.get(name, LEAST_OF_OTHERS), LENGTHS_MM[name][1] * MOST
        if not low <= length_mm <= high:
            return f"{name} {length_mm:.0f} mm, expected {low:.0f} to {high:.0f} mm"
    return ""


def _proportions(points: Floats) -> str:
    median = lengths(points)
    trunk = median.pop("trunk", None)
    if trunk is None:
        return ""
    for name, length in median.items():
        most = WIDTH_TO_TRUNK_MAX if name.endswith("width") else BONE_TO_TRUNK_MAX
        if length > most * trunk:
            return f"{name} more than {most:g} times the trunk's length"
    return ""


def _direction(px: Floats, meta: dict[str, Any]) -> str:
    """Compare the trunk, from legs to arms, with where the head was stated, or assumed, to lie."""
    head = meta.get("head")
    along = next((steps for pairs in _ALONG if len(steps := _steps(px, pairs)) >= SAMPLES_MIN), None)
    if head is None or along is None:
        return ""
    x, y = np.median(along, axis=0) * ([-1.0, 1.0] if meta.get("mirrored") else [1.0, 1.0])
    off_deg = abs(np.degrees(np.arctan2(*_cross_and_dot((x, y), HEADWARD[head]))))
    if off_deg <= HEAD_OFF_MAX_DEG:
        return ""
    said = "assumed" if meta.get("head_source") == "assumed" else "stated"
    return (
        f"the trunk points {off_deg:.0f} deg away from where the head was {said} to lie ({head} in the picture), "
        f"expected at most {HEAD_OFF_MAX_DEG:g} deg"
    )


def _steps(px: Floats, pairs: Sequence[tuple[int, ...]]) -> Floats:
    """From the lower to the upper joint of each pair, px [n, 2], where both were seen."""
    steps = np.concatenate([px[:, upper] - px[:, lower] for upper, lower in pairs])
    return np.asarray(steps[np.isfinite(steps).all(axis=-1)])


def _cross_and_dot(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]
